"""Simulated lumisections as files: crystals, times, several runs."""

from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.geometry.ecal_endcap import crystals
from caloscope.geometry.readout import full_readout_share
from caloscope.readers import read
from caloscope.records import Counts, Lumisection, MapRecord
from caloscope.simulate.crystals import in_crystals, spread
from caloscope.simulate.fill import Fill
from caloscope.simulate.season import START
from caloscope.simulate.simulated import lumisections
from caloscope.simulate.spool import grown, write_fill, write_lumisection

from .making import detector, small

EVENTS = 400


def record(name: str, seed: int = 1) -> MapRecord:
    """Counts of towers, from none at all to nearly as many as there can be."""
    on = view(load()[name].view, "2018")
    fine = crystals().reshape(20, 5, 20, 5).sum(axis=(1, 3)) if name[:2] == "EE" else 25
    rng = np.random.default_rng(seed)
    counts = np.where(on.exists, rng.integers(0, EVENTS * fine + 1, on.shape), 0)
    return MapRecord(counts.astype(np.uint32), EVENTS, 50.0)


def towers(fine: Counts, rows: int, columns: int) -> Counts:
    found: Counts = fine.reshape(rows, 5, columns, 5).sum(axis=(1, 3)).astype(np.uint32)
    return found


@pytest.mark.parametrize("name", ["EB/rechit", "EE-/rechit", "EE+/rechit"])
def test_crystals_add_up_to_their_towers(name: str) -> None:
    spec, on = load()[name], view(load()[name].view, "2018")
    assert in_crystals(spec, on)
    given = record(name)
    fine = spread(spec, on, given, (7, 3))
    np.testing.assert_array_equal(towers(fine, *on.shape), given.counts)
    assert fine.max() <= EVENTS
    if name[:2] == "EE":
        assert not fine[~crystals()].any()
    np.testing.assert_array_equal(spread(spec, on, given, (7, 3)), fine)
    assert (spread(spec, on, given, (7, 4)) != fine).any()


def test_crystals_of_a_tower_are_alike() -> None:
    spec, on = load()["EB/rechit"], view("EB", "2018")
    given = MapRecord(np.full(on.shape, 250, np.uint32), EVENTS, 50.0)
    fine = spread(spec, on, given, (7, 3)).reshape(34, 5, 72, 5)
    # Whole readouts give the same to all; only the other counts differ from crystal to crystal.
    single = 1.0 - full_readout_share(on).mean()
    assert fine.mean(axis=(0, 2)) == pytest.approx(np.full((5, 5), 10.0), abs=4.5 * np.sqrt(10 / 2448))
    assert fine.var() == pytest.approx(10.0 * 0.96 * single, rel=0.05)


def test_what_no_crystals_could_have_counted_is_shared_all_the_same() -> None:
    spec, on = load()["EE+/rechit"], view("EE+", "2018")
    counts = np.zeros(on.shape, np.uint32)
    counts[10, 4], counts[10, 3], counts[0, 0] = 2**32 - 1, 25 * EVENTS + 7, 100
    fine = spread(spec, on, MapRecord(counts, EVENTS, 50.0), (1, 1))
    assert fine.reshape(20, 5, 20, 5).sum(axis=(1, 3), dtype=np.uint64).tolist() == counts.tolist()
    unknown = spread(spec, on, MapRecord(counts, None, 50.0), (1, 1))
    assert unknown.reshape(20, 5, 20, 5).sum(axis=(1, 3), dtype=np.uint64).tolist() == counts.tolist()


def test_crystals_that_accumulate_never_fall() -> None:
    spec, on = load()["EE-/rechit"], view("EE-", "2018")
    before: Counts = np.zeros((100, 100), np.uint32)
    total: Counts = np.zeros(on.shape, np.uint32)
    for lumi in range(1, 6):
        total = total + record("EE-/rechit", lumi).counts.astype(np.uint32)
        fine = spread(spec, on, MapRecord(total, lumi * EVENTS, 50.0, cumulative=True), (1, lumi))
        np.testing.assert_array_equal(towers(fine, 20, 20), total)
        assert (fine >= before).all()
        assert not fine[~crystals()].any()
        assert fine.max() <= lumi * EVENTS
        before = fine


@pytest.mark.parametrize("name", ["EB/rechit", "EE+/rechit"])
def test_the_reader_finds_the_towers_again(tmp_path: Path, name: str) -> None:
    spec, on = load()[name], view(load()[name].view, "2018")
    given = record(name)
    (path,) = write_lumisection(tmp_path, Lumisection("x", 320_001, 3, {name: given}), [(spec, on)])
    (found,) = read(path, [spec], label="x", views=view)
    np.testing.assert_array_equal(found.maps[name].counts, given.counts)
    assert found.maps[name].events == EVENTS
    key = "DQMData/Run 320001/" + spec.histograms[0].replace("/", "/Run summary/", 1)
    with uproot.open(path) as file:
        values = file[key].values()
    assert values.shape == (5 * on.x.bins, 5 * on.y.bins)
    np.testing.assert_array_equal(values.T, spread(spec, on, given, (320_001, 3)))


def test_maps_of_towers_stay_maps_of_towers() -> None:
    on = view("EB", "2018")
    assert not in_crystals(load()["EB/digi"], on)
    assert not in_crystals(load()["HCAL/digi"], view("HCAL", "2018"))


def began(path: Path) -> float:
    with uproot.open(path) as file:
        (key,) = [key for key in file if "<runStartTimeStamp>" in key]
    return float(key.split("f=")[1].split("<")[0])


def test_files_say_when_the_run_was(tmp_path: Path) -> None:
    map_name = "RING/hits"
    fills = [Fill(run, 3, 1, began_at=START + 1e5 * run) for run in (4, 6)]
    made = lumisections(fills, {map_name: detector(map_name)})
    assert write_fill(tmp_path, made, [small(map_name)]) == 6
    for path in sorted(tmp_path.iterdir()):
        run = int(path.name.split("_R")[1][:9])
        assert began(path) == pytest.approx(START + 1e5 * run)


def test_a_run_without_a_date_begins_now(tmp_path: Path) -> None:
    map_name = "RING/hits"
    made = list(lumisections(Fill(4, 3, 1), {map_name: detector(map_name)}))
    write_fill(tmp_path, made, [small(map_name)])
    times = {began(path) for path in tmp_path.iterdir()}
    assert len(times) == 1
    assert min(times) > START


def test_what_grows_starts_again_with_each_run() -> None:
    spec, on = load()["HCAL/digi"], view("HCAL", "2018")
    ones = MapRecord(np.ones(on.shape, np.uint32), 10, 50.0)
    given = [Lumisection("x", run, lumi, {spec.name: ones}) for run in (1, 2) for lumi in (1, 2, 3)]
    found = [each.maps[spec.name] for each in grown(given, [(spec, on)], snapshots=True)]
    assert [each.counts.max() for each in found] == [1, 2, 3, 1, 2, 3]
    assert [each.events for each in found] == [10, 20, 30, 10, 20, 30]
