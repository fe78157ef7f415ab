"""What a ROOT tree says of itself: its branches, their types, and where their baskets lie.

Versions 16 to 20 of `TTree` and 10 to 13 of `TBranch` are read (ROOT 5.34 to 6.40). The layouts are those of
the classes' data members in ROOT's reference pages, in the order of their declaration.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.root.bytestream import Cursor, DamagedError, UnexpectedError
from caloscope.readers.root.rootfile import Key, RootFile
from caloscope.readers.root.streamed import enter, step_over, take_named
from caloscope.readers.trees.objects import Part, Streamed, members

MAX_ENTRIES = 2**40
_BEFORE_BRANCHES = {16: "4qd3i5q", 17: "4qd4i5q", 18: "5qd4i6q", 19: "5qd4iI6q", 20: "5qd4iI6q"}
_CLUSTERS = 10
"""Which of these numbers counts the clusters, from version 19 on."""
_VERSIONS = {"TBranch": range(10, 14), "TBranchElement": range(8, 11), "TBranchObject": range(1, 2)}
"""Of the classes of branches, those versions in which all that is read here stands where it is looked for."""
_NUMBERS = {
    "TLeafB": "i1",
    "TLeafS": "i2",
    "TLeafI": "i4",
    "TLeafL": "i8",
    "TLeafG": "i8",
    "TLeafF": "f4",
    "TLeafD": "f8",
}


class UnknownVersionError(UnexpectedError):
    """A tree that may be sound, written by a version of ROOT that is not known here."""


def _require_known(classname: str, version: int, known: Container[int]) -> None:
    if version not in known:
        raise UnknownVersionError(f"version {version} of {classname}")


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One branch of a tree.

    `kind` is the class of the branch, `holds` that of its objects ("" for plain numbers), `number` the type
    of its entries where each is one number. Basket `i` holds the entries from `firsts[i]` up to, not
    including, `firsts[i + 1]`; it is `embedded` or takes `sizes[i]` bytes at `seeks[i]` of the file.
    """

    name: str
    kind: str
    holds: str
    number: np.dtype[Any] | None
    firsts: NDArray[np.int64]
    seeks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    embedded: Mapping[int, bytes]

    @property
    def entries(self) -> int:
        """Number of entries."""
        return int(self.firsts[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A tree: its number of entries and its branches by name, those inside others left out."""

    entries: int
    branches: Mapping[str, Branch]


def read_tree(file: RootFile, key: Key) -> Tree:
    """The tree at a key; raises `DamagedError`, and `UnknownVersionError` where its layout is not known."""
    return parse_tree(Streamed(file.read(key), key.key_bytes))


def parse_tree(whole: Streamed) -> Tree:
    """The tree in an object's bytes, see `read_tree`."""
    cursor = Cursor(whole.raw)
    _, version = enter(cursor)
    _require_known("TTree", version, _BEFORE_BRANCHES)
    for _ in range(4):
        step_over(cursor)
    entries, *numbers = cursor.take(_BEFORE_BRANCHES[version])
    if not 0 <= entries <= MAX_ENTRIES:
        raise DamagedError(f"a tree of {entries} entries")
    for _ in range(2 if version >= 19 else 0):
        _array(cursor, numbers[_CLUSTERS - 1], ">i8")
    if version >= 20:
        step_over(cursor)
    found: dict[str, Branch] = {}
    for part in members(whole, cursor):
        if part is not None and part.classname in _VERSIONS:
            branch = _branch(whole, part)
            found.setdefault(branch.name, branch)
    return Tree(entries, found)


def _branch(whole: Streamed, part: Part) -> Branch:
    """The branch in a part of the tree."""
    cursor = Cursor(whole.raw, part.start)
    end, version = _enter_branch(cursor, part.classname)
    name, _ = take_named(cursor)
    step_over(cursor)
    written, room, entries = _filling(cursor, version)
    for _ in members(whole, cursor):
        pass  # a class that is split into branches is no histogram
    leaves = list(members(whole, cursor))
    objects = list(members(whole, cursor))
    embedded = {place: whole.raw[each.start : each.end] for place, each in enumerate(objects) if each}
    sizes, firsts, seeks = _baskets(cursor, room, written + (written in embedded))
    if cursor.text():
        raise UnexpectedError(f"a branch {name[:80]!r} kept in another file")
    cursor.jump(end)
    return Branch(
        name=name,
        kind=part.classname,
        holds="" if part.classname == "TBranch" else cursor.text(),
        number=_number(whole, leaves) if part.classname != "TBranchObject" else None,
        firsts=bounds(firsts, entries),
        seeks=seeks,
        sizes=sizes,
        embedded=embedded,
    )


def _enter_branch(cursor: Cursor, kind: str) -> tuple[int, int]:
    """Steps into a branch of a class: where its `TBranch` ends, and the version of that."""
    if kind != "TBranch":
        _, version = enter(cursor)
        _require_known(kind, version, _VERSIONS[kind])
    end, version = enter(cursor)
    _require_known("TBranch", version, _VERSIONS["TBranch"])
    return end, version


def _filling(cursor: Cursor, version: int) -> tuple[int, int, int]:
    """How far a branch is filled: baskets written, the room for baskets, and entries."""
    _, _, _, written, entries = cursor.take("iiiiq")
    if version >= 13:
        step_over(cursor)
    _, room, *_ = cursor.take("iIiqqq" if version < 11 else "iIiqqqq")
    return written, room, entries


def _baskets(cursor: Cursor, room: int, baskets: int) -> list[NDArray[np.int64]]:
    """Sizes, first entries and places of baskets, for which there is room."""
    if not 0 <= baskets <= room:
        raise DamagedError(f"{baskets} baskets where there is room for {room}")
    return [_array(cursor, room, dtype)[:baskets] for dtype in (">i4", ">i8", ">i8")]


def _array(cursor: Cursor, count: int, dtype: str) -> NDArray[np.int64]:
    """An array of a length known before, behind a byte that says whether it is there."""
    (present,) = cursor.take("B")
    if not present or count < 0:
        if count:
            raise DamagedError(f"an array of {count} numbers that is not there")
        return np.zeros(0, np.int64)
    start = cursor.place
    cursor.skip(count * np.dtype(dtype).itemsize)
    return np.frombuffer(cursor.data, dtype, count, start).astype(np.int64)


def bounds(firsts: NDArray[np.int64], entries: int) -> NDArray[np.int64]:
    """First entries of baskets with the number of entries behind, checked: from 0, never falling.

    Where there are no baskets there are no entries: those of a class that is split are in other branches.
    """
    found = np.append(firsts, entries if len(firsts) else 0)
    if found[0] != 0 or np.any(found[1:] < found[:-1]) or found[-1] > MAX_ENTRIES:
        raise DamagedError("baskets whose first entries are out of order")
    return found


def _number(whole: Streamed, leaves: list[Part | None]) -> np.dtype[Any] | None:
    """The type of a branch's entries where each is one number."""
    if len(leaves) != 1 or leaves[0] is None:
        return None
    cursor = Cursor(whole.raw, leaves[0].start)
    enter(cursor)
    enter(cursor)
    take_named(cursor)
    length, _, _, _, unsigned, counted = cursor.take("iii??I")
    return None if length != 1 or counted else number_type(leaves[0].classname, unsigned=unsigned)


def number_type(leaf: str, *, unsigned: bool) -> np.dtype[Any] | None:
    """The type of the numbers of a class of leaves, None where it holds no numbers."""
    stored = _NUMBERS.get(leaf)
    if stored is None:
        return None
    return np.dtype(">" + (stored.replace("i", "u") if unsigned else stored))
