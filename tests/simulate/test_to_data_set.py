"""Simulated lumisections as a data set: the same counts, the truth beside, and said to be simulated."""

import json
from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import open_data_set
from caloscope.faults.fault import Fault
from caloscope.faults.lines import read_truth
from caloscope.geometry import view
from caloscope.simulate import Fill, healthy_maps, simulated
from caloscope.simulate.to_data_set import Plan, to_data_set

MAPS = ("EE+/digi", "HO/digi")
FAULTS = (
    Fault("EE+/digi", (10, 4), "dead", onset=3, end=5, name="a dead supercrystal"),
    Fault("HO/digi", (10, 40), "hot", 3.0, onset=7),
)


def plan(*faults: Fault, seed: int = 5) -> Plan:
    maps = [(load()[name], view(load()[name].view, "2018")) for name in MAPS]
    fills = [Fill(320_001, 5, seed, events=300), Fill(320_005, 4, seed + 1, gaps=0.5)]
    return Plan(fills, healthy_maps(maps, 1), faults)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "a.h5"
    done = to_data_set(path, plan(*FAULTS), provenance={"seed": 5})
    assert done.runs == 2
    assert done.faulty["EE+/digi"] == 2
    return path


def test_the_data_set_holds_what_was_simulated(made: Path) -> None:
    asked = plan(*FAULTS)
    with open_data_set(made) as found:
        assert (found.simulated, found.label, found.era) == (True, "simulated", "2018")
        each_one = list(simulated(asked.fills, asked.detectors, asked.faults))
        assert [each.lumisection.id for each in each_one] == list(zip(found.runs, found.lumis, strict=True))
        for row, each in enumerate(each_one):
            for name, record in each.lumisection.maps.items():
                read = found.record(name, row)
                assert read is not None
                np.testing.assert_array_equal(read.counts, record.counts)
                assert read.events == record.events
                truth, known = each.truth.get(name), found.map_truth(name, row)
                assert (truth is None) == (known is None)
                if truth is not None and known is not None:
                    np.testing.assert_array_equal(known.factor, truth.factor)
                    np.testing.assert_array_equal(known.fault, truth.fault)


def test_the_truth_is_that_of_the_faults(made: Path) -> None:
    with open_data_set(made) as found:
        assert found.truth_maps == MAPS
        factor, fault = found.truth("EE+/digi", 0, len(found))
        assert np.argwhere(fault).tolist() == [[2, 10, 4], [3, 10, 4]]
        assert factor[2:4, 10, 4].tolist() == [0.0, 0.0]
        assert (np.delete(factor, (2, 3), axis=0) == 1).all()
        _, fault = found.truth("HO/digi", 0, len(found))
        assert {tuple(cell) for cell in np.argwhere(fault)[:, 1:].tolist()} == {(10, 40)}
        assert set(np.unique(fault)) == {0, 2}
        first, second = read_truth("\n".join(found.faults))
        assert (first.name, first.cells, first.strengths) == (
            "a dead supercrystal", ((10, 4),), ((320_001, 3, 4, 1.0),)
        )  # fmt: skip
        assert second.map == "HO/digi"


def test_origin_and_seeds_are_told(made: Path) -> None:
    with open_data_set(made) as found:
        told = found.provenance
    assert told["seed"] == 5
    assert [fill["seed"] for fill in told["fills"]] == [5, 6]
    assert told["assumptions"] == ["simulated, not measured"]
    assert json.dumps(told)


def test_the_same_seed_gives_the_same_file_and_healthy_cells_are_those_without_faults(tmp_path: Path) -> None:
    for name, faults in (("a", FAULTS), ("b", FAULTS), ("c", ())):
        to_data_set(tmp_path / f"{name}.h5", plan(*faults), provenance={})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with open_data_set(tmp_path / "a.h5") as bad, open_data_set(tmp_path / "c.h5") as good:
        assert good.simulated
        assert good.truth_maps == good.faults == ()
        for name in MAPS:
            sound = bad.truth(name, 0, len(bad))[1] == 0
            one, other = bad.counts(name, 0, len(bad)), good.counts(name, 0, len(good))
            np.testing.assert_array_equal(one[sound], other[sound])
            assert (one != other).any()
