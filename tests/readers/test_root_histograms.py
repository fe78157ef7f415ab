"""Histograms that real ROOT and uproot wrote come back bit for bit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.dqm_root import shelves
from caloscope.readers.shelf import BinAxis, Histogram

from .folder_making import COMPRESSIONS, HCAL, PLAIN, Root, axis, dtype_of, inside, started_root, told

_SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_TEXT = st.text(st.characters(codec="utf-8", blacklist_characters="\0"), max_size=30) | st.just("long " * 90)


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


def histogram(path: Path, name: str) -> Histogram:
    """A histogram of the one shelf in a file."""
    found = [shelf.histogram(name) for shelf in shelves(path)]
    assert len(found) == 1
    assert found[0] is not None
    return found[0]


@st.composite
def axes(draw: st.DrawFn, dimensions: int) -> list[dict[str, Any]]:
    """Axes of all kinds: with and without titles, labels and edges of their own."""
    found = []
    for _ in range(dimensions):
        bins = draw(st.integers(1, 6))
        low = draw(st.floats(-1e6, 1e6))
        more: dict[str, Any] = {"title": draw(_TEXT)}
        if draw(st.booleans()):
            steps = draw(st.lists(st.floats(0.5, 1e3), min_size=bins, max_size=bins))
            more["edges"] = [low, *(low + np.cumsum(steps)).tolist()]
        elif draw(st.booleans()):
            more["labels"] = [f"label {place}" for place in range(bins)]
        high = more["edges"][-1] if "edges" in more else low + draw(st.floats(1, 1e6))
        found.append(axis(bins, low, high, **more))
    return found


@pytest.mark.parametrize("compression", COMPRESSIONS)
@_SETTINGS
@given(data=st.data())
def test_every_class_in_every_compression(
    root: Root, tmp_path: Path, compression: str, data: st.DataObject
) -> None:
    objects: list[dict[str, Any]] = []
    expected: dict[str, Any] = {}
    for classname in data.draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4)):
        on = data.draw(axes(int(classname[2])))
        shape = tuple(each["bins"] + 2 for each in reversed(on))
        full = data.draw(arrays.arrays(dtype_of(classname), shape))
        name = f"h{len(objects)}"
        more: dict[str, Any] = {"squares": data.draw(st.booleans()), "function": data.draw(st.booleans())}
        objects.append(told(classname, full, name, axes=on, title=data.draw(_TEXT), **more))
        expected[name] = (on, full)
    path = tmp_path / "x_LS3.root"
    root.write(path, objects, compression=COMPRESSIONS[compression])
    for shelf in shelves(path):
        assert sorted(shelf.names()) == sorted(f"Hcal/{name}" for name in expected)
        for name, (on, full) in expected.items():
            found = shelf.histogram(f"Hcal/{name}")
            assert found is not None
            assert not found.mean
            assert found.values.astype(full.dtype).tobytes() == inside(full).tobytes()
            assert found.axes == tuple(_as_read(each) for each in on)


def _as_read(written: dict[str, Any]) -> BinAxis:
    edges = tuple(written["edges"]) if "edges" in written else None
    return BinAxis(written["bins"], written["low"], written["high"], edges, written["title"])


@_SETTINGS
@given(
    points=st.lists(
        st.tuples(st.floats(-1, 6), st.floats(-1, 6), st.floats(-1e3, 1e3), st.floats(0.25, 4)), max_size=30
    ),
    squares=st.booleans(),
)
def test_profiles(root: Root, tmp_path: Path, points: list[tuple[float, ...]], squares: bool) -> None:
    on = [axis(5, 0.0, 5.0, title="x"), axis(4, 0.0, 4.0, title="y")]
    common = {"folder": HCAL, "squares": squares}
    objects = [
        {**common, "class": "TProfile", "name": "p", "axes": on[:1], "points": [p[1:] for p in points]},
        {**common, "class": "TProfile2D", "name": "p2", "axes": on, "points": points},
    ]
    path = tmp_path / "x_LS3.root"
    truth = root.write(path, objects)
    for name, shape in (("p", (7,)), ("p2", (6, 7))):
        found = histogram(path, f"Hcal/{name}")
        assert found.mean
        assert found.values.dtype == np.float64
        full = np.array(truth[name], np.float64).reshape(shape)
        np.testing.assert_array_equal(found.values, inside(full))
        assert found.axes == tuple(_as_read(each) for each in on[: len(shape)])


def test_a_bin_without_entries_has_no_mean(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    one = {"class": "TProfile", "name": "p", "folder": HCAL, "axes": [axis(3, 0, 3)], "points": [[1.5, 0.0]]}
    root.write(path, [one])
    np.testing.assert_array_equal(histogram(path, "Hcal/p").values, [np.nan, 0, np.nan])


def test_deleted_histograms_stay_deleted_and_the_last_cycle_counts(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    planes = {number: np.full((4, 5), number, np.float32) for number in (1, 2, 3)}
    first = [told("TH2F", planes[1], name, title=f"{name} title") for name in ("gone", "kept", "twice")]
    root.write(path, first, compression=0)
    root.write(path, [told("TH2F", planes[2], "twice")], mode="UPDATE", delete=[(HCAL, "gone;*")])
    content = path.read_bytes()
    assert b"gone title" in content, "the deleted histogram's bytes should still be there"
    for shelf in shelves(path):
        assert sorted(shelf.names()) == ["Hcal/kept", "Hcal/twice"]
        assert shelf.histogram("Hcal/gone") is None
        for name, number in (("kept", 1), ("twice", 2)):
            found = shelf.histogram(f"Hcal/{name}")
            assert found is not None
            assert (found.values == number).all()


def test_entries_that_wait_to_be_binned(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    waiting = {"class": "TH1F", "name": "h", "folder": HCAL, "axes": [axis(5, 1, 0)], "contents": ""}
    root.write(path, [waiting])
    assert histogram(path, "Hcal/h").values.sum() == 0
    root.write(path, [{**waiting, "waiting": [3.0]}])
    with pytest.raises(SourceError, match="entries that wait to be binned in Hcal/h") as caught:
        histogram(path, "Hcal/h")
    assert caught.value.fault is Fault.WRONG_BINNING


@pytest.mark.parametrize("kind", ["C", "S", "I", "F", "D"])
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_uproot_wrote(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    shape = (data.draw(st.integers(3, 7)), data.draw(st.integers(3, 7)))
    full = data.draw(arrays.arrays(dtype_of(kind), shape))
    identify = uproot.writing.identify
    written = identify.to_TH2x(
        *("h", "t", full.ravel(), 0, 0, 0, 0, 0, 0, 0, 0, np.array([], "f8")),
        identify.to_TAxis("xaxis", "ieta", shape[1] - 2, -3.0, 3.0),
        identify.to_TAxis("yaxis", "iphi", shape[0] - 2, 0.5, 9.0),
    )
    path = tmp_path / "x_LS3.root"
    with uproot.recreate(path) as file:
        file[f"{HCAL}/h"] = written
    found = histogram(path, "Hcal/h")
    assert found.values.astype(full.dtype).tobytes() == inside(full).tobytes()
    assert found.axes == (
        BinAxis(shape[1] - 2, -3.0, 3.0, None, "ieta"),
        BinAxis(shape[0] - 2, 0.5, 9.0, None, "iphi"),
    )
