"""The simulator as a whole: reproducible, physical, and readable by our own readers."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.records import Content
from caloscope.simulate import STEADY, Fill, Healthy, healthy, healthy_maps, lumisections, write_fill

MAPS = ("EB/digi", "EE+/digi", "HCAL/digi", "HO/digi")


def detectors(*names: str, seed: int = 3) -> dict[str, Healthy]:
    maps = [(load()[name], view(load()[name].view, "2018")) for name in names]
    return healthy_maps(maps, seed, stability=STEADY)


def counts(name: str, lumis: int, *faults: Fault, seed: int = 3) -> list[Content]:
    fill = Fill(run=320_001, lumis=lumis, seed=seed)
    return [each.maps[name].counts for each in lumisections(fill, detectors(name), faults)]


@pytest.mark.parametrize("name", MAPS)
def test_the_same_seed_gives_the_same_counts_and_another_seed_others(name: str) -> None:
    first, second, other = (counts(name, 2, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[1] != other[1]).any()


@pytest.mark.parametrize("name", MAPS)
def test_only_cells_that_exist_count(name: str) -> None:
    exists = view(load()[name].view, "2018").exists
    (drawn,) = counts(name, 1)
    assert drawn.dtype == np.uint32
    assert not drawn[~exists].any()
    assert (drawn[exists] > 0).mean() > 0.97  # some are dead for good


@pytest.mark.parametrize(
    ("name", "most"), [("EB/digi", 25), ("EE+/digi", 25), ("HCAL/digi", 1), ("HO/digi", 1)]
)
def test_no_cell_counts_more_than_it_can_even_when_it_is_hot(name: str, most: int) -> None:
    hot = Fault(name, "all", "hot", 100.0)
    for each in lumisections(Fill(run=320_001, lumis=3, seed=3), detectors(name), [hot]):
        record = each.maps[name]
        assert record.events is not None
        assert record.counts.max() == most * record.events


@pytest.mark.parametrize(
    ("fault", "lumi", "ratio"),
    [
        (Fault("EB/digi", (9, 50), "dead", onset=3), 2, 1.0),
        (Fault("EB/digi", (9, 50), "dead", onset=3), 3, 0.0),
        (Fault("EB/digi", (9, 50), "dead", onset=1, end=3), 3, 1.0),
        (Fault("EB/digi", "EB+07", "factor", 0.5), 2, 0.5),
        (Fault("EB/digi", "EB+07", "hot", 3.0), 2, 3.0),
        (Fault("HCAL/digi", "HBP07", "factor", 0.5), 2, 0.5),
    ],
)
def test_faults_act_where_and_when_they_should(fault: Fault, lumi: int, ratio: float) -> None:
    on = view(fault.map.split("/")[0], "2018")
    cells = fault.cells(on)
    good, bad = counts(fault.map, lumi)[-1], counts(fault.map, lumi, fault)[-1]
    np.testing.assert_array_equal(good[~cells], bad[~cells])
    assert bad[cells].sum() / good[cells].sum() == pytest.approx(ratio, rel=0.1)


def test_a_fault_that_is_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match="no region 'EB-99'"):
        counts("EB/digi", 1, Fault("EB/digi", "EB-99", "dead"))
    with pytest.raises(UsageError, match="expected one that exists"):
        counts("EE+/digi", 1, Fault("EE+/digi", (0, 0), "dead"))
    with pytest.raises(UsageError, match="expected one inside"):
        counts("EE+/digi", 1, Fault("EE+/digi", (20, 3), "dead"))


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    maps = [(load()[name], view(load()[name].view, "2018")) for name in MAPS]
    fill = Fill(run=320_001, lumis=2, seed=9)
    given = list(lumisections(fill, detectors(*MAPS)))
    assert write_fill(tmp_path, given, maps) == 2
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files[:2]] == [
        "DQM_V0001_Ecal_R000320001_L000000001.root",
        "DQM_V0001_Ecal_R000320001_L000000002.root",
    ]
    for path in files:
        (each,) = read(path, [spec for spec, _ in maps], label="x", views=view)
        assert each.run == 320_001
        assert each.simulated
        assert not each.missing
        for name, record in each.maps.items():
            original = given[each.lumi - 1].maps[name]
            exists = view(load()[name].view, "2018").exists  # HO lies in HCAL's depth 4 as well
            np.testing.assert_array_equal(record.counts[exists], original.counts[exists])
            assert record.events == original.events


def test_a_detector_is_the_same_whatever_is_simulated_beside_it() -> None:
    alone, beside = detectors("HCAL/digi"), detectors("EB/digi", "EE+/digi", "HCAL/digi")
    assert np.array_equal(alone["HCAL/digi"].rate, beside["HCAL/digi"].rate)
    assert not np.array_equal(beside["EE+/digi"].rate, detectors("EE-/digi")["EE-/digi"].rate)
    fill = Fill(run=320_001, lumis=1, seed=2)
    (one,), (other,) = (list(lumisections(fill, made)) for made in (alone, beside))
    np.testing.assert_array_equal(one.maps["HCAL/digi"].counts, other.maps["HCAL/digi"].counts)


def test_a_pattern_replaces_the_detectors_own() -> None:
    on = view("EE+", "2018")
    pattern = np.where(on.exists, 1.0, 0.0)
    pattern[10, 4] = 0.0
    made = healthy(load()["EE+/digi"], on, 1, stability=STEADY, pattern=pattern)
    (each,) = lumisections(Fill(run=320_001, lumis=1, seed=2), {"EE+/digi": made})
    assert each.maps["EE+/digi"].counts[10, 4] == 0
