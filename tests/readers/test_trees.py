"""Plain trees with a branch of histograms."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from caloscope.errors import Fault, SourceError
from caloscope.readers.trees.plain_trees import shelves
from tests.readers.making import flipped
from tests.readers.tree_making import BINS, COMPRESSIONS, Root, inside, random_array

needs_root = pytest.mark.skipif(
    importlib.util.find_spec("ROOT") is None, reason="the package root is not here"
)
COUNTED = "lumisections counted from the first entry of a tree, which is 1"


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    with Root() as process:
        yield process


def tree(classname: str, count: int, **more: Any) -> dict[str, Any]:
    """A tree of histograms of a class, the arrays called after it."""
    axes = BINS[: int(classname[2])] if classname != "TProfile" else BINS[:1]
    entries: list[dict[str, Any]] = [
        {"class": classname, "axes": axes, "array": f"{classname}{n}", "run": 8, "ls": 10 - n}
        for n in range(count)
    ]
    if classname == "TProfile":
        entries = [{"class": classname, "axes": axes, "points": [[-2.5, n]]} for n in range(count)]
    return {"folder": "a/b", "name": "t", "branch": "h", "class": classname, "entries": entries, **more}


def arrays(*names: str, count: int = 3) -> dict[str, Any]:
    return {f"{name}{n}": random_array(name, n) for name in names for n in range(count)}


@needs_root
@pytest.mark.parametrize("classname", ["TH1F", "TH2F", "TH2S", "TH3F"])
@pytest.mark.parametrize("split", [0, 99])
@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_each_entry_is_a_lumisection(
    root: Root, tmp_path: Path, classname: str, split: int, compression: str
) -> None:
    given = arrays(classname)
    path = root.write(
        tmp_path / "a.root",
        "trees",
        given,
        compression=COMPRESSIONS[compression],
        trees=[tree(classname, 3, split=split)],
    )
    found = 0
    for number, shelf in enumerate(shelves(path, 5)):
        assert (shelf.place.run, shelf.place.lumi) == (5, number + 1)
        assert shelf.place.assumptions == (COUNTED, "run 5 as asked for")
        assert shelf.names() == ["a/b/t/h"]
        assert shelf.tops == {"a"}
        histogram = shelf.histogram("a/b/t/h")
        assert histogram is not None
        np.testing.assert_array_equal(histogram.values, inside(given[f"{classname}{number}"]))
        assert shelf.histogram("a/b/t/absent") is None
        assert shelf.scalar("a/b/t/h") is None
        found += 1
    assert found == 3


@needs_root
def test_run_and_lumisection_are_taken_from_the_tree(root: Root, tmp_path: Path) -> None:
    given = arrays("TH2F")
    path = root.write(tmp_path / "a.root", "trees", given, trees=[tree("TH2F", 3, folder="", numbered=True)])
    for number, shelf in zip((2, 1, 0), shelves(path), strict=True):
        assert (shelf.place.run, shelf.place.lumi, shelf.place.assumptions) == (8, 10 - number, ())
        assert shelf.tops == {"t"}
        histogram = shelf.histogram("t/h")
        assert histogram is not None
        np.testing.assert_array_equal(histogram.values, inside(given[f"TH2F{number}"]))
        assert shelf.scalar("t/ls") == str(10 - number)
        assert shelf.histogram("t/ls") is None
    assert next(shelves(path, 9)).place.assumptions == ("run 8 as the content says, not 9 as asked for",)


@needs_root
def test_several_trees_share_their_lumisections(root: Root, tmp_path: Path) -> None:
    told = [tree("TH2F", 3), tree("TProfile", 2, folder="c", name="u", branch="p")]
    path = root.write(tmp_path / "a.root", "trees", arrays("TH2F"), trees=told)
    names = [sorted(shelf.names()) for shelf in shelves(path, 1)]
    assert names == [["a/b/t/h", "c/u/p"], ["a/b/t/h", "c/u/p"], ["a/b/t/h"]]
    opened = shelves(path, 1)
    means = next(opened).histogram("c/u/p")
    assert means is not None
    assert means.mean
    assert means.values[0] == 0.0


@needs_root
def test_what_cannot_be_placed_is_refused(root: Root, tmp_path: Path) -> None:
    path = root.write(tmp_path / "a.root", "trees", arrays("TH2F"), trees=[tree("TH2F", 3)])
    with pytest.raises(SourceError, match="NO_LUMISECTION: found no branch run or Run"):
        next(shelves(path))
    twice = tree("TH2F", 3, numbered=True)
    twice["entries"][0]["ls"] = 9
    path = root.write(tmp_path / "b.root", "trees", arrays("TH2F"), trees=[twice])
    with pytest.raises(SourceError, match="CONFLICT: found run 8, lumisection 9 in two entries"):
        list(shelves(path))
    twice["entries"][0]["ls"] = -9
    path = root.write(tmp_path / "c.root", "trees", arrays("TH2F"), trees=[twice])
    with pytest.raises(SourceError, match="UNREADABLE: found run or lumisection -9"):
        list(shelves(path))


def test_trees_of_numbers_are_not_known(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("t", {"run": "int32"}).extend({"run": np.arange(3)})
    with pytest.raises(SourceError) as caught:
        list(shelves(tmp_path / "a.root", 1))
    assert caught.value.fault is Fault.UNKNOWN_FORMAT


@needs_root
def test_damage_gives_one_line(root: Root, tmp_path: Path) -> None:
    path = root.write(
        tmp_path / "a.root", "trees", arrays("TH2F"), compression=0, trees=[tree("TH2F", 3, numbered=True)]
    )
    content = path.read_bytes()
    pieces = [content[:size] for size in range(1, len(content), 97)]
    for changed in (*pieces, *flipped(content, seed=5, times=150)):
        path.write_bytes(changed)
        try:
            for shelf in shelves(path, 1):
                for name in shelf.names():
                    shelf.histogram(name)
        except SourceError as error:
            line = str(error)
            if not (line.isprintable() and len(line) < 400):
                raise


@pytest.mark.realdata
def test_the_real_file_is_read_as_uproot_reads_it(shared_data: Path) -> None:
    path = shared_data / "formats" / "tbranch-of-th2.root"
    with uproot.open(path) as file:
        (expected,) = file["g4SimHits/tree/histogram"].array(library="np")
    (names,) = [shelf.names() for shelf in shelves(path, 1)]
    opened = shelves(path, 1)
    shelf = next(opened)
    assert names == ["g4SimHits/tree/histogram"]
    assert (shelf.place.run, shelf.place.lumi) == (1, 1)
    assert shelf.tops == {"g4SimHits"}
    histogram = shelf.histogram(names[0])
    assert histogram is not None
    assert histogram.values.sum() > 39_000
    np.testing.assert_array_equal(histogram.values, expected.values(flow=False).T)
    with pytest.raises(SourceError, match="NO_LUMISECTION"):
        next(shelves(path))
