"""From histograms to maps: blocks, depths, what accumulates, events, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import MapSpec, load, plain, plain_name
from caloscope.errors import Fault, SourceError
from caloscope.geometry import view
from caloscope.readers.maps.assemble import lumisection as assembled
from caloscope.readers.maps.assemble import lumisections
from caloscope.readers.maps.plateau import ASSUMPTION, plateau_events
from caloscope.readers.maps.spoiled import Spoiled
from caloscope.readers.shelf import BinAxis, Histogram, Place
from caloscope.readers.wanted import Wanted
from caloscope.records import BinRange, Lumisection

from .formats import EVENTS, RUN, Shelf, block_of, hcal_table, plane

PATH = Path("file")
EB = "EcalBarrel/EBOccupancyTask/EBOT digi occupancy"
REC_HITS = "EcalBarrel/EBOccupancyTask/EBOT rec hit occupancy"
DEPTH = "Hcal/DigiTask/Occupancy/depth/depth"
GROWS = Place(RUN, 40, span=10, grows=True)


def _wanted(*maps: str | MapSpec, **options: Any) -> Wanted:
    found = [load()[each] if isinstance(each, str) else each for each in maps]
    return Wanted(found, "x", view, **options)


def _found(shelf: Shelf, *maps: str | MapSpec, **options: Any) -> Lumisection:
    found = lumisection(shelf, _wanted(*maps, **options))
    assert found is not None
    return found


def lumisection(shelf: Shelf, wanted: Wanted) -> Lumisection | None:
    """A shelf's lumisection, in which nothing may be spoiled."""
    spoiled = Spoiled()
    found = assembled(shelf, wanted, PATH, spoiled)
    spoiled.raise_first()
    return found


def _refusal(shelf: Shelf, fault: Fault, *maps: str | MapSpec, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        list(lumisections([shelf], _wanted(*maps, **options), PATH))
    assert caught.value.fault is fault, caught.value
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    return str(caught.value)


def _towers(seed: int = 1, most: int = 2000) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most, (34, 72)).astype(np.float32)


def _barrel(values: Any, **more: Any) -> Histogram:
    return plane(values, (0, 360), (-85, 85), **more)


def _hcal(lumi: int = 1) -> dict[str, Histogram]:
    return {path: each for (at, path), each in hcal_table().items() if at == lumi}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32, ">f4", ">i8", np.uint8])
def test_crystals_are_summed_to_towers(dtype: Any) -> None:
    rng = np.random.default_rng(3)
    crystals = rng.integers(0, 100, (170, 360)).astype(dtype)
    record = _found(Shelf({REC_HITS: _barrel(crystals)}), "EB/rechit").maps["EB/rechit"]
    assert record.counts.dtype == np.uint32
    for y, x in ((0, 0), (33, 71), (12, 40)):
        assert record.counts[y, x] == int(crystals[5 * y : 5 * y + 5, 5 * x : 5 * x + 5].sum(dtype=np.int64))
    assert record.counts.sum(dtype=np.int64) == int(crystals.sum(dtype=np.int64))


def test_crystals_of_an_endcap_and_towers_where_crystals_were_expected() -> None:
    cells = np.random.default_rng(4).integers(0, 9, (20, 20)).astype(np.float32)
    path = "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE +"
    for values in (cells, block_of(cells, 5)):
        shelf = Shelf({path: plane(values, (0, 100), (0, 100))})
        np.testing.assert_array_equal(_found(shelf, "EE+/digi").maps["EE+/digi"].counts, cells)


def test_a_sum_that_is_no_count_any_more() -> None:
    crystals = np.zeros((170, 360))
    crystals[:5, :2] = 2.0**32 - 1
    line = _refusal(Shelf({REC_HITS: _barrel(crystals)}), Fault.INVALID_COUNTS, "EB/rechit")
    assert f"{10 * (2**32 - 1)} in 5 x 5 bins of {REC_HITS}" in line


@pytest.mark.parametrize("shape", [(170, 72), (34, 360), (68, 144), (35, 72), (340, 720)])
def test_neither_towers_nor_crystals(shape: tuple[int, int]) -> None:
    _refusal(Shelf({EB: _barrel(np.zeros(shape))}), Fault.WRONG_BINNING, "EB/digi")


def test_planes_of_different_binning() -> None:
    histograms = _hcal()
    histograms[DEPTH + "5"] = plane(np.zeros((72, 84)), (0, 84), (1, 73))
    line = _refusal(Shelf(histograms), Fault.WRONG_BINNING, "HCAL/digi")
    assert f"72 bins from 1 to 73 along y in {DEPTH}5" in line


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, 0.5, 2.0**32])
def test_the_plane_and_bin_that_hold_no_count(value: float) -> None:
    histograms = _hcal()
    values = histograms[DEPTH + "3"].values.copy()
    values[70, 5] = value
    histograms[DEPTH + "3"] = plane(values, (0, 84), (0.5, 72.5))
    line = _refusal(Shelf(histograms), Fault.INVALID_COUNTS, "HCAL/digi")
    assert f"in {DEPTH}3, bin x=6 y=71" in line
    assert "--as-float" in line


def test_the_largest_counts() -> None:
    values = np.zeros((34, 72))
    values[0, :3] = 2.0**32 - 1, 2.0**24 + 1, -0.0
    counts = _found(Shelf({EB: _barrel(values)}), "EB/digi").maps["EB/digi"].counts
    assert counts[0, :3].tolist() == [2**32 - 1, 2**24 + 1, 0]
    _refusal(Shelf({EB: _barrel(values.astype(np.float32))}), Fault.INVALID_COUNTS, "EB/digi")


def test_real_numbers_and_means() -> None:
    values = _towers() / 7
    values[3, 4] = np.nan
    shelf = Shelf({EB: _barrel(values, mean=True)})
    assert "means in" in _refusal(shelf, Fault.INVALID_COUNTS, "EB/digi")
    record = _found(shelf, "EB/digi", as_float=True).maps["EB/digi"]
    assert not record.is_counts
    np.testing.assert_array_equal(record.counts, values.astype(np.float32))
    for bad in (np.inf, 1e300):
        infinite = np.full((34, 72), bad)
        line = _refusal(Shelf({EB: _barrel(infinite)}), Fault.INVALID_COUNTS, "EB/digi", as_float=True)
        assert "bin x=1 y=1" in line


def test_real_numbers_of_crystals() -> None:
    values = np.full((170, 360), 0.25)
    record = _found(Shelf({REC_HITS: _barrel(values)}), "EB/rechit", as_float=True).maps["EB/rechit"]
    np.testing.assert_array_equal(record.counts, np.full((34, 72), 6.25, np.float32))


def test_one_histogram_for_all_depths() -> None:
    solid = np.random.default_rng(2).integers(0, 99, (7, 72, 84)).astype(">f4")
    axes = (BinAxis(84, 0, 84), BinAxis(72, 0.5, 72.5), BinAxis(7, 0.5, 7.5))
    spec = replace(load()["HCAL/digi"], histograms=("Hcal/all depths",))
    record = _found(Shelf({"Hcal/all depths": Histogram(axes, solid)}), spec).maps["HCAL/digi"]
    np.testing.assert_array_equal(record.counts, solid)
    line = _refusal(Shelf({"Hcal/all depths": _barrel(_towers())}), Fault.WRONG_BINNING, spec)
    assert "along x and y" in line
    assert "a TH3 of 84 x 72 x 7 bins" in line
    fewer = Histogram((*axes[:2], BinAxis(6, 0.5, 6.5)), solid[:6])
    assert "6 bins along z" in _refusal(Shelf({"Hcal/all depths": fewer}), Fault.WRONG_BINNING, spec)


@pytest.mark.parametrize(
    ("place", "scalars", "expected"),
    [
        # (events, span, cumulative) of the histogram in crystals, which accumulates
        (Place(RUN, 5), {"Number of events in the lumi": "7"}, (7, 1, False)),
        (Place(RUN, 5), {"processedEvents": "900"}, (None, 1, False)),
        (Place(RUN, 5, partial=True), {"processedEvents": "900"}, (900, 1, False)),
        (
            Place(RUN, 5, partial=True),
            {"processedEvents": "900", "Number of events in the lumi": "7"},
            (7, 1, False),
        ),
        (GROWS, {"processedEvents": "900", "Number of events in the lumi": "7"}, (900, 10, True)),
        (GROWS, {"Number of events in the lumi": "7"}, (None, 10, True)),
    ],
)
def test_what_accumulates(place: Place, scalars: Mapping[str, str], expected: tuple[Any, ...]) -> None:
    info = {f"Ecal/EventInfo/{name}": text for name, text in scalars.items()}
    record = _found(Shelf({EB: _barrel(_towers())}, info, place=place), "EB/digi").maps["EB/digi"]
    assert (record.events, record.span, record.cumulative) == expected


def test_what_starts_again_in_a_file_that_grows() -> None:
    info = {"Ecal/EventInfo/Number of events in the lumi": "7", "Ecal/EventInfo/processedEvents": "900"}
    shelf = Shelf({EB: _barrel(_towers(2)), EB + " by lumi": _barrel(_towers())}, info, place=GROWS)
    record = _found(shelf, "EB/digi").maps["EB/digi"]
    assert (record.events, record.span, record.cumulative) == (7, 1, False)
    np.testing.assert_array_equal(record.counts, _towers())


def test_the_scope_cumulative_holds_in_every_file() -> None:
    spec = replace(load()["EB/digi"], scope="cumulative")
    record = _found(Shelf({EB: _barrel(_towers())}), spec).maps["EB/digi"]
    assert record.cumulative


def test_events_that_hf_shows() -> None:
    found = _found(Shelf(_hcal(2)), "HCAL/digi", "HO/digi")
    assert {record.events for record in found.maps.values()} == {EVENTS[1]}
    assert found.assumptions == ("era 2017 taken from run 306138", ASSUMPTION)
    told = Shelf(_hcal(2), {"Hcal/RunInfo/NumberOfEvents": "1400"})
    found = _found(told, "HCAL/digi")
    assert found.maps["HCAL/digi"].events == 1400
    assert ASSUMPTION not in found.assumptions
    # In a file that grows, that number is of one lumisection and the plateau grows with the counts.
    grown = Shelf(_hcal(2), {"Hcal/RunInfo/NumberOfEvents": "1400"}, place=GROWS)
    assert _found(grown, "HCAL/digi").maps["HCAL/digi"].events == EVENTS[1]
    assert _found(Shelf(_hcal(2)), "HCAL/digi", as_float=True).maps["HCAL/digi"].events is None


@pytest.mark.parametrize(
    ("forward", "events"),
    [
        ([5, 5, 5, 0, 4], 5),
        ([5, 5, 4, 4], None),
        ([0, 0], None),
        ([np.nan, 5, 5], 5),
        ([0.5, 0.5], None),
        ([np.inf], None),
    ],
)
def test_a_plateau(forward: list[float], events: int | None) -> None:
    values = np.zeros((72, 84))
    values[: len(forward), 2] = forward
    values[:, 40] = 9
    assert plateau_events(values) == events
    assert plateau_events(values[:, 1:]) is None


def test_bare_names() -> None:
    # `depth1` is a name in two tasks, so nobody can tell which it is; the barrel's names are clear.
    histograms = {path.rpartition("/")[2]: each for path, each in _hcal().items()}
    histograms["EBOT digi occupancy"] = _barrel(_towers())
    found = _found(Shelf(histograms, folders=False), "HCAL/digi", "EB/digi", "EB/rechit")
    assert set(found.maps) == {"EB/digi"}
    assert found.missing == {"EB/rechit"}
    assert "histograms ['depth1'" in _refusal(
        Shelf(_hcal_bare(), folders=False), Fault.NOTHING_KNOWN, "HCAL/digi"
    )


def _hcal_bare() -> dict[str, Histogram]:
    return {path.rpartition("/")[2]: each for path, each in _hcal().items()}


def test_files_of_others() -> None:
    nobody = Shelf({"Pixel/clusters": _barrel(_towers())})
    assert "folders ['Pixel']" in _refusal(nobody, Fault.NOTHING_KNOWN, "EB/digi")
    assert "Muons/*" in _refusal(nobody, Fault.NOTHING_KNOWN, plain("Muons/*"))
    other = Shelf(_hcal())
    assert list(lumisections([other], _wanted("EB/digi"), PATH)) == []
    # One lumisection without anything known spoils nothing.
    assert len(list(lumisections([nobody, Shelf({EB: _barrel(_towers())})], _wanted("EB/digi"), PATH))) == 1
    empty = _found(Shelf({"EcalBarrel/x": _barrel(_towers())}), "EB/digi")
    assert not empty.maps
    assert empty.missing == {"EB/digi"}


def test_plain_histograms() -> None:
    line = Histogram((BinAxis(4, -2, 2, title="t"),), np.arange(4.0))
    solid = Histogram((BinAxis(2, 0, 1), BinAxis(3, 0, 1), BinAxis(4, 0, 1)), np.zeros((4, 3, 2), np.int32))
    shelf = Shelf({"A/b c/line": line, "A/solid": solid, EB: _barrel(_towers())})
    found = _found(shelf, plain("A/*"), "EB/digi")
    assert set(found.maps) == {plain_name("A/b c/line"), "plain/A.solid", "EB/digi"}
    record = found.maps[plain_name("A/b c/line")]
    assert record.counts.tolist() == [[0, 1, 2, 3]]
    assert record.axes == (BinRange("", 1, 0.0, 1.0), BinRange("t", 4, -2, 2))
    assert [axis.bins for axis in found.maps["plain/A.solid"].axes] == [4, 3, 2]
    assert found.maps["plain/A.solid"].counts.shape == (4, 3, 2)
    assert lumisection(shelf, _wanted(plain("B/*"))) is None


def test_no_two_histograms_have_one_plain_name() -> None:
    shelf = Shelf(
        {"A/x[0]": _barrel(_towers(1)), "A/x.0.": _barrel(_towers(2)), "A/x_0_": _barrel(_towers(3))}
    )
    own = plain_name("A/x[0]")
    assert own.startswith("plain/A.x_0_-")
    found = _found(shelf, plain("A/x[0]"))
    assert set(found.maps) == {own}
    np.testing.assert_array_equal(found.maps[own].counts, _towers(1))
    assert set(_found(shelf, plain("A/*")).maps) == {own, plain_name("A/x.0."), "plain/A.x_0_"}


def test_plain_histograms_in_a_file_that_grows() -> None:
    record = _found(Shelf({"A/x": _barrel(_towers())}, place=GROWS), plain("A/x")).maps["plain/A.x"]
    assert (record.cumulative, record.span) == (True, 10)


def test_too_many_plain_histograms() -> None:
    one = Histogram((BinAxis(1, 0, 1),), np.zeros(1))
    shelf = Shelf({f"A/{number}": one for number in range(501)})
    assert "501 histograms that match A/*" in _refusal(shelf, Fault.UNREADABLE, plain("A/*"))


def test_profiles_among_plain_histograms() -> None:
    shelf = Shelf({"A/p": Histogram((BinAxis(2, 0, 1),), np.array([0.5, np.nan]), mean=True)})
    assert "--as-float" in _refusal(shelf, Fault.INVALID_COUNTS, plain("A/*"))
    record = _found(shelf, plain("A/*"), as_float=True).maps["plain/A.p"]
    np.testing.assert_array_equal(record.counts, np.array([[0.5, np.nan]], np.float32))


def test_histograms_of_whole_runs_only() -> None:
    whole = Shelf({EB: _barrel(_towers())}, place=Place(RUN, 0))
    assert "whole runs only" in _refusal(whole, Fault.NO_LUMISECTION, "EB/digi")
    one = Shelf({EB: _barrel(_towers())})
    assert [found.lumi for found in lumisections([whole, one], _wanted("EB/digi"), PATH)] == [5]


def test_one_map_that_cannot_be_used_costs_no_other() -> None:
    values = np.ones((5, 6))
    good = plane(values.copy(), (0, 6), (0, 5))
    values[3, 4] = np.nan
    bad = plane(values, (0, 6), (0, 5))
    shelves = [
        Shelf({"My/a/bad": histogram, "My/a/good": good}, place=Place(RUN, lumi))
        for lumi, histogram in ((1, good), (2, bad), (3, good))
    ]
    found = lumisections(shelves, _wanted(plain("My/*")), PATH)
    assert [sorted(next(found).maps) for _ in range(3)] == [
        ["plain/My.a.bad", "plain/My.a.good"],
        ["plain/My.a.good"],
        ["plain/My.a.bad", "plain/My.a.good"],
    ]
    with pytest.raises(SourceError, match="nan in My/a/bad, bin x=5 y=4"):
        next(found)
