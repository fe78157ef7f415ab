"""DQMIO and nanoDQMIO files as real ROOT writes them: all types, several lumisections and runs."""

import importlib.util
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from caloscope.errors import Fault, SourceError
from caloscope.readers.recognise import recognise
from caloscope.readers.trees.dqmio import per_run, shelves
from tests.readers.tree_making import (
    BINS,
    COMPRESSIONS,
    DTYPES,
    Root,
    cells,
    element,
    inside,
    random_array,
)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ROOT") is None, reason="the package root is not here"
)

CLASSES = ("TH1F", "TH1S", "TH1D", "TH2F", "TH2S", "TH2D", "TH3F", "TH1I", "TH2I")
LUMIS = (1, 2, 3)
BEGAN = (1_600_000_000 << 32) + 250_000


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    with Root() as process:
        yield process


def scalars() -> list[dict[str, Any]]:
    return [
        {"tree": "Ints", "path": "Hcal/EventInfo/processedEvents", "value": 1234},
        {"tree": "Floats", "path": "Hcal/EventInfo/PU", "value": 41.5},
        {"tree": "Strings", "path": "Hcal/EventInfo/note", "value": "t\u00e4st " * 60},
    ]


def profile(path: str, classname: str = "TProfile") -> dict[str, Any]:
    points = [[-2.5, 1.0], [-2.5, 3.0], [1.5, 8.0]] if classname == "TProfile" else [[-2.5, 1.0, 5.0]]
    dimensions = 1 if classname == "TProfile" else 2
    return {
        "tree": f"{classname}s",
        "path": path,
        "class": classname,
        "axes": BINS[:dimensions],
        "points": points,
    }


def refused(path: Path) -> SourceError:
    """What the file is refused with, once everything in it was asked for."""
    with pytest.raises(SourceError) as caught:
        everything(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    return caught.value


def everything(path: Path) -> int:
    """How many histograms and scalars a file holds, all of them read."""
    found = 0
    for shelf in shelves(path):
        for name in (*shelf.names(), "Hcal/EventInfo/processedEvents", "Hcal/EventInfo/note"):
            histogram = shelf.histogram(name)
            found += (histogram is not None and histogram.values.size > 0) + (shelf.scalar(name) is not None)
    return found


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("split", [0, 99])
@pytest.mark.parametrize("embedded", [False, True])
def test_all_types_are_read_bit_by_bit(
    root: Root, tmp_path: Path, compression: str, split: int, embedded: bool
) -> None:
    arrays = {
        f"{name}{lumi}": random_array(name, 10 * lumi + seed)
        for seed, name in enumerate(CLASSES)
        for lumi in LUMIS
    }
    path = root.write(
        tmp_path / "a.root",
        "dqmio",
        arrays,
        compression=COMPRESSIONS[compression],
        split=split,
        embedded=embedded,
        later=True,
        basket=2000,
        sections=[
            {
                "run": 306138,
                "lumi": lumi,
                "begin": BEGAN,
                "elements": [element(f"Hcal/x/{name}", name, f"{name}{lumi}") for name in CLASSES]
                + [profile("Hcal/p"), profile("Ecal/q", "TProfile2D"), *scalars()],
            }
            for lumi in LUMIS
        ],
    )
    for lumi, shelf in zip(LUMIS, shelves(path), strict=True):
        place = shelf.place
        assert (place.run, place.lumi, place.span, place.began_at) == (306138, lumi, 1, 1_600_000_000.25)
        assert place.partial
        assert not place.grows
        assert shelf.tops == {"Hcal", "Ecal"}
        assert set(shelf.names()) == {*(f"Hcal/x/{name}" for name in CLASSES), "Hcal/p", "Ecal/q"}
        for name in CLASSES:
            histogram = shelf.histogram(f"Hcal/x/{name}")
            assert histogram is not None
            expected = inside(arrays[f"{name}{lumi}"])
            assert histogram.values.tobytes() == expected.astype(expected.dtype.newbyteorder(">")).tobytes()
            assert histogram.values.shape == expected.shape
            assert [(a.bins, a.low, a.high) for a in histogram.axes] == list(BINS[: int(name[2])])
            assert not histogram.mean
        means = shelf.histogram("Hcal/p")
        assert means is not None
        assert means.mean
        np.testing.assert_array_equal(means.values, [2.0, np.nan, np.nan, np.nan, 8.0, np.nan])
        plane = shelf.histogram("Ecal/q")
        assert plane is not None
        assert plane.values.shape == (4, 6)
        assert plane.values[0, 0] == 5.0
        assert shelf.scalar("Hcal/EventInfo/processedEvents") == "1234"
        assert shelf.scalar("Hcal/EventInfo/PU") == "41.5"
        assert shelf.scalar("Hcal/EventInfo/note") == "t\u00e4st " * 60
        assert shelf.histogram("Hcal/EventInfo/processedEvents") is None
        assert shelf.scalar("Hcal/x/TH2F") is None
        assert shelf.histogram("Hcal/absent") is None
        assert shelf.scalar("Hcal/absent") is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(CLASSES), split=st.sampled_from([0, 99]))
def test_any_contents_are_read_bit_by_bit(
    root: Root, tmp_path: Path, data: st.DataObject, name: str, split: int
) -> None:
    dtype = np.dtype(DTYPES[name[3]])
    arrays = {
        f"a{lumi}": data.draw(hnp.arrays(dtype, cells(int(name[2])), elements=hnp.from_dtype(dtype)))
        for lumi in LUMIS
    }
    sections = [{"run": 1, "lumi": lumi, "elements": [element("Hcal/x", name, f"a{lumi}")]} for lumi in LUMIS]
    path = root.write(tmp_path / "a.root", "dqmio", arrays, sections=sections, split=split, later=True)
    for lumi, shelf in zip(LUMIS, shelves(path), strict=True):
        histogram = shelf.histogram("Hcal/x")
        assert histogram is not None
        expected = inside(arrays[f"a{lumi}"])
        assert histogram.values.tobytes() == expected.astype(dtype.newbyteorder(">")).tobytes()


def test_labels_errors_and_long_names_move_nothing(root: Root, tmp_path: Path) -> None:
    arrays = {f"a{n}": random_array("TH2F", n) for n in range(4)}
    elements = [
        element("Hcal/plain", "TH2F", "a0"),
        element("Hcal/labelled", "TH2F", "a1", label="a label"),
        element("Hcal/errors", "TH2F", "a2", sumw2=True),
        element("Hcal/" + "long" * 100, "TH2F", "a3"),
    ]
    path = root.write(
        tmp_path / "a.root", "dqmio", arrays, sections=[{"run": 1, "lumi": 1, "elements": elements}]
    )
    opened = shelves(path)
    shelf = next(opened)
    for place, name in enumerate(shelf.names()):
        histogram = shelf.histogram(name)
        assert histogram is not None
        np.testing.assert_array_equal(histogram.values, inside(arrays[f"a{place}"]))


def test_lumisections_come_ascending_over_runs_and_rows(root: Root, tmp_path: Path) -> None:
    arrays = {f"a{n}": random_array("TH2F", n) for n in range(6)}
    places = [(7, 2, 0), (6, 9, 0), (7, 1, 0), (7, 2, 1), (7, 0, 0), (7, 3, 0)]
    sections: list[dict[str, Any]] = [
        {"run": run, "lumi": lumi, "history": history, "elements": [element(f"Hcal/h{n}", "TH2F", f"a{n}")]}
        for n, (run, lumi, history) in enumerate(places)
    ]
    sections[-1]["elements"] = []
    path = root.write(tmp_path / "a.root", "dqmio", arrays, sections=sections)
    found = {(shelf.place.run, shelf.place.lumi): shelf.names() for shelf in shelves(path)}
    assert list(found.items()) == [
        ((6, 9), ["Hcal/h1"]),
        ((7, 1), ["Hcal/h2"]),
        ((7, 2), ["Hcal/h0", "Hcal/h3"]),
        ((7, 3), []),
    ]
    for shelf in per_run(path):
        assert (shelf.place.run, shelf.place.lumi) == (7, 0)
        histogram = shelf.histogram("Hcal/h4")
        assert histogram is not None
        np.testing.assert_array_equal(histogram.values, inside(arrays["a4"]))
    assert next(shelves(path, 5)).place.assumptions == ("run 6 as the content says, not 5 as asked for",)
    assert next(shelves(path, 6)).place.assumptions == ()


def test_parts_of_a_lumisection_are_added_as_cmssw_does(root: Root, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {f"a{n}": random_array("TH2S", n) for n in range(2)}
    arrays |= {f"f{n}": random_array("TH2F", n) for n in range(2)}
    sections = [
        {
            "run": 1,
            "lumi": 1,
            "history": n,
            "elements": [
                element("Hcal/h", "TH2S", f"a{n}"),
                element("Hcal/f", "TH2F", f"f{n}"),
                element("Hcal/other", "TH2F", f"f{n}", axes=((6, n, 9), (4, 0, 8))),
                profile("Hcal/p"),
                {"tree": "Ints", "path": "Hcal/i", "value": n},
            ],
        }
        for n in range(2)
    ]
    path = root.write(tmp_path / "a.root", "dqmio", arrays, sections=sections)
    opened = shelves(path)
    shelf = next(opened)
    for name, letter in (("Hcal/h", "a"), ("Hcal/f", "f")):
        histogram = shelf.histogram(name)
        assert histogram is not None
        expected = arrays[f"{letter}0"].astype(np.int64) + arrays[f"{letter}1"].astype(np.int64)
        np.testing.assert_array_equal(histogram.values, inside(expected))
    assert shelf.scalar("Hcal/i") == "1"
    with pytest.raises(SourceError, match="two histograms of different binning in 'Hcal/other'"):
        shelf.histogram("Hcal/other")
    with pytest.raises(SourceError, match="two parts of a profile in 'Hcal/p'"):
        shelf.histogram("Hcal/p")


def test_a_file_of_whole_runs_has_no_lumisection(root: Root, tmp_path: Path) -> None:
    path = root.write(
        tmp_path / "a.root", "dqmio", sections=[{"run": 7, "lumi": 0, "elements": [profile("Hcal/p")]}]
    )
    error = refused(path)
    assert error.fault is Fault.NO_LUMISECTION
    assert "whole runs only" in error.found
    assert [shelf.names() for shelf in per_run(path)] == [["Hcal/p"]]


def test_other_files_are_not_known(root: Root, tmp_path: Path) -> None:
    entry = {"class": "TH1F", "axes": BINS[:1]}
    tree = {"folder": "", "name": "t", "branch": "h", "class": "TH1F", "entries": [entry]}
    path = root.write(tmp_path / "a.root", "trees", trees=[tree])
    assert refused(path).fault is Fault.UNKNOWN_FORMAT


def test_a_file_that_is_not_closed_is_refused(root: Root, tmp_path: Path) -> None:
    # Enough that baskets are in the file already.
    sections = [{"run": 7, "lumi": lumi, "elements": [profile("Hcal/p")]} for lumi in range(1, 30)]
    path = root.write(tmp_path / "a.root", "dqmio", sections=sections, unfinished=True, basket=2000)
    assert refused(path).fault is Fault.UNKNOWN_FORMAT
    with pytest.raises(SourceError) as caught:
        recognise(path)
    assert caught.value.fault is Fault.TRUNCATED


def test_a_shelf_is_of_no_use_once_the_file_is_closed(root: Root, tmp_path: Path) -> None:
    sections = [{"run": 7, "lumi": 1, "elements": [profile("Hcal/p")]}]
    path = root.write(tmp_path / "a.root", "dqmio", sections=sections)
    (shelf,) = shelves(path)
    with pytest.raises(SourceError, match="Bad file descriptor in 'Hcal/p'"):
        shelf.histogram("Hcal/p")


def test_memory_does_not_grow_with_the_lumisections(root: Root, tmp_path: Path) -> None:
    arrays = {"a": random_array("TH2F", 1)}
    names = [f"Hcal/{'x' * 40}/{n}" for n in range(50)]
    peaks = []
    for count in (20, 200):
        sections = [
            {"run": 1, "lumi": lumi, "elements": [element(name, "TH2F", "a") for name in names]}
            for lumi in range(1, count + 1)
        ]
        path = root.write(tmp_path / f"{count}.root", "dqmio", arrays, sections=sections, basket=16000)
        tracemalloc.start()
        assert everything(path) == 50 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 5 * 2**20
