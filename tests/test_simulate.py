"""The simulator: reproducible, physical, and readable by our own readers and by everybody's."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.records import Content
from caloscope.simulate import Fault, Fill, Healthy, healthy, healthy_maps, lumisections, write_fill

MAPS = ("EB/digi", "EE+/digi", "HCAL/digi", "HO/digi")


def detectors(*names: str, seed: int = 3) -> dict[str, Healthy]:
    rng = np.random.default_rng(seed)
    return {name: healthy(view(load()[name].view, "2018"), load()[name].noise, rng) for name in names}


def counts(name: str, lumis: int, *faults: Fault, seed: int = 3) -> list[Content]:
    fill = Fill(run=320_001, lumis=lumis, seed=seed)
    return [each.maps[name].counts for each in lumisections(fill, detectors(name), faults)]


def test_the_same_seed_gives_the_same_counts_and_another_seed_others() -> None:
    first, second, other = (counts("EB/digi", 2, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[1] != other[1]).any()


@pytest.mark.parametrize("name", MAPS)
def test_only_cells_that_exist_count(name: str) -> None:
    exists = view(load()[name].view, "2018").exists
    (drawn,) = counts(name, 1)
    assert not drawn[~exists].any()
    assert (drawn[exists] > 0).mean() > 0.99


def test_towers_are_over_dispersed_as_measured() -> None:
    fill = Fill(run=320_001, lumis=200, seed=5)
    detector = detectors("EB/digi")["EB/digi"]
    pulls = []
    for each in lumisections(fill, {"EB/digi": detector}):
        record = each.maps["EB/digi"]
        assert record.events is not None
        # The true pileup is not told: normalise to the map's own sum, which 2,448 towers measure well.
        mean = detector.rate * (record.counts.sum() / detector.rate.sum())
        pulls.append((record.counts - mean) ** 2 / mean)
    assert np.mean(pulls) == pytest.approx(11.6, rel=0.05)


def test_no_channel_counts_more_than_once_an_event_even_when_it_is_hot() -> None:
    hot = Fault("HCAL/digi", (0, 10, 30), "hot", factor=0.8, onset=1)
    fill = Fill(run=320_001, lumis=20, seed=3)
    for each in lumisections(fill, detectors("HCAL/digi"), [hot]):
        record = each.maps["HCAL/digi"]
        assert record.events is not None
        assert record.counts.max() == record.events  # HF counts in every event
        assert record.counts[0, 10, 30] > 0.8 * record.events


@pytest.mark.parametrize(
    ("fault", "lumi", "ratio"),
    [
        (Fault("EB/digi", (9, 50), "dead", onset=3), 2, 1.0),
        (Fault("EB/digi", (9, 50), "dead", onset=3), 3, 0.0),
        (Fault("EB/digi", (9, 50), "dead", onset=1, end=3), 3, 1.0),
        (Fault("EB/digi", "EB+07", "factor", factor=0.5, onset=1), 2, 0.5),
        (Fault("EB/digi", "EB+07", "hot", factor=3.0, onset=1), 2, 3.0),
    ],
)
def test_faults_act_where_and_when_they_should(fault: Fault, lumi: int, ratio: float) -> None:
    cells = fault.cells(view("EB", "2018"))
    good = np.mean([each[cells].sum() for each in counts("EB/digi", 20)])
    bad = np.mean([counts("EB/digi", lumi, fault)[-1][cells].sum()])
    assert bad / good == pytest.approx(ratio, rel=0.5 if cells.sum() == 1 else 0.15)


def test_a_fault_that_is_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match="no region 'EB-99'"):
        Fault("EB/digi", "EB-99", "dead").cells(view("EB", "2018"))
    with pytest.raises(UsageError, match="expected one that exists"):
        Fault("EE+/digi", (0, 0), "dead").cells(view("EE+", "2018"))
    with pytest.raises(UsageError, match="expected one inside"):
        Fault("EE+/digi", (20, 3), "dead").cells(view("EE+", "2018"))


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
        assert not each.missing
        for name, record in each.maps.items():
            original = given[each.lumi - 1].maps[name]
            exists = view(load()[name].view, "2018").exists  # HO lies in HCAL's depth 4 as well
            np.testing.assert_array_equal(record.counts[exists], original.counts[exists])
            assert record.events == original.events


def test_a_detector_is_the_same_whatever_is_simulated_beside_it() -> None:
    def made(*names: str) -> dict[str, Healthy]:
        maps = [(load()[name], view(load()[name].view, "2018")) for name in names]
        return healthy_maps(maps, seed=1)

    alone, beside = made("HCAL/digi"), made("EB/digi", "EE+/digi", "HCAL/digi")
    assert np.array_equal(alone["HCAL/digi"].rate, beside["HCAL/digi"].rate)
    assert not np.array_equal(beside["EE+/digi"].rate, made("EE-/digi")["EE-/digi"].rate)
