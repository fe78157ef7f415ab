"""What our reader of trees finds, against what uproot finds in the same files of real ROOT."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.rootfile import RootFile
from caloscope.readers.trees.baskets import Baskets
from caloscope.readers.trees.columns import Column, texts
from caloscope.readers.trees.file import open_trees
from caloscope.readers.trees.objects import Streamed, members, pointer
from caloscope.readers.trees.ttree import Tree, UnknownVersionError, read_tree
from caloscope.readers.trees.uproot_tree import tree_by_uproot
from tests.readers.tree_making import COMPRESSIONS, Root, element, random_array

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ROOT") is None, reason="the package root is not here"
)

TREES = ("Indices", "Ints", "Floats", "Strings", "TH1Fs", "TH2Fs", "TProfiles")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("trees")
    arrays = {"one": random_array("TH1F", 1), "two": random_array("TH2F", 2)}
    elements: list[dict[str, Any]] = [
        *(element(f"Hcal/h{n}", "TH2F", "two") for n in range(40)),
        *(element(f"Hcal/l{n}", "TH1F", "one") for n in range(40)),
        *({"tree": "Ints", "path": f"Hcal/i{n}", "value": n - 3} for n in range(2000)),
        *({"tree": "Floats", "path": f"Hcal/f{n}", "value": n / 3} for n in range(5)),
        *({"tree": "Strings", "path": f"Hcal/s{n}", "value": "x" * n} for n in (0, 1, 254, 255, 256, 3000)),
    ]
    sections = [{"run": 1, "lumi": 1, "elements": elements}]
    with Root() as root:
        yield {
            f"{split} {embedded}": root.write(
                folder / f"{split}{embedded}.root",
                "dqmio",
                arrays,
                compression=COMPRESSIONS["none" if embedded else "zlib"],
                sections=sections,
                split=split,
                embedded=embedded,
                basket=5000,
            )
            for split in (0, 99)
            for embedded in (False, True)
        }


def ours(path: Path, name: str) -> Tree:
    with RootFile(path) as file:
        return read_tree(file, file.top.objects[name])


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("kind", ["0 False", "99 False", "0 True", "99 True"])
def test_a_tree_is_described_as_uproot_does(files: dict[str, Path], kind: str, name: str) -> None:
    tree = ours(files[kind], name)
    with uproot.open(files[kind]) as file:
        other = file[name]
        assert tree.entries == other.num_entries
        assert list(tree.branches) == [branch.name for branch in other.branches]
        for branch in tree.branches.values():
            expected = other[branch.name]
            assert branch.kind == expected.classname
            assert branch.entries == expected.num_entries
            written = expected.member("fWriteBasket")
            assert branch.seeks[:written].tolist() == expected.member("fBasketSeek")[:written].tolist()
            assert branch.sizes[:written].tolist() == expected.member("fBasketBytes")[:written].tolist()
            # Baskets of this kind inside a tree are too much for uproot.
            if tree.entries and not (branch.embedded and branch.kind == "TBranchObject"):
                assert branch.firsts.tolist() == expected.entry_offsets
        inside = any(branch.embedded for branch in tree.branches.values())
        assert inside == ("True" in kind and tree.entries > 0)


@pytest.mark.parametrize("name", ["Indices", "Ints", "Floats", "Strings"])
@pytest.mark.parametrize("kind", ["0 False", "0 True"])
def test_numbers_and_texts_are_those_that_uproot_reads(files: dict[str, Path], kind: str, name: str) -> None:
    with open_trees(files[kind]) as file, uproot.open(files[kind]) as other:
        tree = file.tree(file.file.top.objects[name], name)
        for column in file.columns(tree).values():
            expected = other[name][column.branch.name].array(library="np")
            if column.branch.number is not None:
                found = column.numbers(0, tree.entries)
                assert found.dtype == expected.dtype.newbyteorder(">")
                np.testing.assert_array_equal(found, expected)
            else:
                assert texts(column.span(0, tree.entries), tree.entries) == expected.tolist()
                assert texts(bytes(column.entry(3)), 1) == [expected[3]]


def test_the_fallback_finds_the_same_baskets(files: dict[str, Path]) -> None:
    for name in TREES:
        tree, other = ours(files["0 False"], name), tree_by_uproot(files["0 False"], name)
        assert tree.entries == other.entries
        for branch in tree.branches.values():
            same = other.branches[branch.name]
            assert (same.kind, same.holds, same.number) == (branch.kind, branch.holds, branch.number)
            for one, two in ((same.firsts, branch.firsts), (same.seeks, branch.seeks)):
                np.testing.assert_array_equal(one, two)
    with pytest.raises(DamagedError, match="unknown layout"):
        tree_by_uproot(files["0 True"], "TH2Fs")
    with pytest.raises(DamagedError, match="unknown layout"):
        tree_by_uproot(files["0 False"], "absent")


def test_an_unknown_version_is_left_to_uproot(files: dict[str, Path], tmp_path: Path) -> None:
    content = files["0 True"].read_bytes()
    # The version of the tree, then length and version of its name, and a TObject.
    head = re.search(rb"\x00\x14\x40\x00\x00.\x00\x01\x00\x01.{8}\x05TH2Fs\x05TH2Fs", content, re.DOTALL)
    assert head
    changed = bytearray(content)
    changed[head.start() + 1] = 99
    path = tmp_path / "later.root"
    path.write_bytes(changed)
    with pytest.raises(UnknownVersionError, match="version 99 of TTree"):
        ours(path, "TH2Fs")
    with RootFile(path) as file:
        key = file.top.objects["TH2Fs"]
    with open_trees(path) as opened, pytest.raises(DamagedError, match="a tree of unknown layout"):
        opened.tree(key, "TH2Fs")


def test_few_baskets_are_kept(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caloscope.readers.trees.baskets.MAX_BASKETS_BYTES", 6000)
    with RootFile(files["0 False"]) as file:
        branch = read_tree(file, file.top.objects["TH2Fs"]).branches["Value"]
        baskets = Baskets(file)
        column = Column(baskets, branch)
        assert len(branch.seeks) > 3
        whole = column.span(0, branch.entries)
        assert b"".join(column.entry(n) for n in range(branch.entries)) == whole
        assert baskets.take(branch, 0) is baskets.take(branch, 0)
        first = baskets.take(branch, 0)
        for index in range(1, 4):
            baskets.take(branch, index)
        assert baskets.take(branch, 0) is not first
        with pytest.raises(DamagedError, match="entry 40 of 40"):
            column.entry(40)
        with pytest.raises(DamagedError, match="entry -1 of 40"):
            column.entry(-1)
        with pytest.raises(DamagedError, match="more than can be in 'Value'"):
            column.span(0, 40, 10_000)
        with pytest.raises(DamagedError, match="holds no plain numbers"):
            column.numbers(0, 1)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"\x80\0\0\0", "without its length"),
        (b"\xff\xff\xff\xffTLeaf\0", "without its length"),
        (b"\x40\0\0\x04\0\0\0\0", "without a class"),
        (b"\x40\0\0\x04\x80\0\0\x09", "named nowhere"),
        (b"\x40\0\0\x04\x80\0\0\x10", "named nowhere"),
        (b"\x40\0\0\x04\xff\xff\xff\xff" + b"T" * 2000, "named nowhere"),
        (b"\x40\0\0\x04\xff\xff\xff\xffTLeaf\0", "ends at byte"),
        (b"\x7f\xff\xff\xff\xff\xff\xff\xffTLeaf\0", "ends at byte"),
    ],
)
def test_objects_that_make_no_sense_are_refused(raw: bytes, line: str) -> None:
    whole = Streamed(raw, 0)
    with pytest.raises(DamagedError, match=line):
        pointer(whole, Cursor(raw))


def test_a_list_that_claims_too_much_is_refused() -> None:
    raw = b"\x40\0\0\x15\0\x03" + b"\0\x01" + 8 * b"\0" + b"\0" + b"\x7f\xff\xff\xff" + 4 * b"\0"
    with pytest.raises(DamagedError, match="a list of 2147483647 objects"):
        list(members(Streamed(raw, 0), Cursor(raw)))


@pytest.mark.parametrize(
    ("raw", "count", "line"),
    [
        (b"\x02ab", 2, "ends at byte"),
        (b"\x01ab", 1, "1 texts that end at byte 2 of 3"),
        (b"\xff\0", 1, "byte"),
    ],
)
def test_texts_that_do_not_fit_are_refused(raw: bytes, count: int, line: str) -> None:
    with pytest.raises(DamagedError, match=line):
        texts(raw, count)
