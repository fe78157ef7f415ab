"""ROOT files of plain trees with a histogram in a branch: each entry is a lumisection.

Run and lumisection are taken from branches of whole numbers called so, where a tree has them. Otherwise the
run is the one asked for, and the first entry is lumisection 1. Paths are `<folder>/<tree>/<branch>`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.root.histogram import HISTOGRAMS
from caloscope.readers.root.rootfile import Directory, Key
from caloscope.readers.shelf import Histogram, Place
from caloscope.readers.trees.columns import Column, texts
from caloscope.readers.trees.dqmio_index import MAX_LUMI
from caloscope.readers.trees.file import TREE, TreeFile, open_trees, refusal
from caloscope.readers.trees.histograms import take_histogram

RUNS = ("run", "Run", "fromrun", "runNumber")
LUMIS = ("lumi", "ls", "LS", "fromlumi", "lumisection")
MAX_DEPTH = 16
MAX_FOLDERS = 10_000
MAX_LUMIS = 1_000_000
_STRING = "string"


@dataclass(frozen=True, slots=True)
class _Table:
    """A tree at a path, and its branches by name."""

    path: str
    entries: int
    columns: Mapping[str, Column]


class TreeShelf:
    """The histograms of one lumisection: in each tree, those of one entry."""

    def __init__(self, path: Path, place: Place, found: list[tuple[_Table, int]]) -> None:
        self.place = place
        self._path = path
        self._found = {
            f"{table.path}/{name}": (column, number)
            for table, number in found
            for name, column in table.columns.items()
        }

    @property
    def tops(self) -> frozenset[str]:
        """First parts of the paths: folders, or trees that are in none."""
        return frozenset(path.split("/", 1)[0] for path in self.names())

    def names(self) -> list[str]:
        """Paths of all histograms."""
        return [path for path, (column, _) in self._found.items() if column.branch.holds in HISTOGRAMS]

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none; raises `SourceError`."""
        column, number = self._found.get(path, (None, 0))
        if column is None or column.branch.holds not in HISTOGRAMS:
            return None
        try:
            return take_histogram(self._path, path, column, number)
        except (DamagedError, OSError) as error:
            raise refusal(self._path, error, path) from error

    def scalar(self, path: str) -> str | None:
        """The number or text at a path, as text, None where there is none; raises `SourceError`."""
        column, number = self._found.get(path, (None, 0))
        try:
            if column is not None and column.branch.number is not None:
                return str(column.number(number))
            if column is not None and column.branch.holds == _STRING:
                return texts(bytes(column.entry(number)), 1)[0]
        except (DamagedError, OSError) as error:
            raise refusal(self._path, error, path) from error
        return None


def shelves(path: Path, run: int | None = None) -> Iterator[TreeShelf]:
    """The lumisections of a file of trees, ascending; a shelf is valid until the next one is asked for.

    What a tree says of its run counts, not `run`. Raises `SourceError`: UNKNOWN_FORMAT where no tree has a
    branch of histograms, NO_LUMISECTION where the run is not known, CONFLICT where a tree has a lumisection
    twice, UNREADABLE for all damage.
    """
    with open_trees(path) as file:
        tables = list(_tables(file))
        if not tables:
            raise SourceError(path, Fault.UNKNOWN_FORMAT, "no histograms in trees", "a branch of histograms")
        found: defaultdict[tuple[int, int], list[tuple[_Table, int]]] = defaultdict(list)
        assumed: dict[str, None] = {}
        for table in tables:
            places, told = _places(path, table, run)
            assumed |= dict.fromkeys(told)
            for number, place in enumerate(places):
                found[place].append((table, number))
        for (of_run, lumi), entries in sorted(found.items()):
            if len({table.path for table, _ in entries}) < len(entries):
                twice = f"run {of_run}, lumisection {lumi} in two entries of a tree"
                raise SourceError(path, Fault.CONFLICT, twice, "each lumisection once")
            yield TreeShelf(path, _place(of_run, lumi, run, tuple(assumed)), entries)


def _place(of_run: int, lumi: int, run: int | None, assumed: tuple[str, ...]) -> Place:
    if run not in (None, of_run):
        assumed += (f"run {of_run} as the content says, not {run} as asked for",)
    return Place(of_run, lumi, assumptions=assumed)


def _places(path: Path, table: _Table, run: int | None) -> tuple[list[tuple[int, int]], list[str]]:
    """Run and lumisection of each entry of a tree, and what had to be assumed."""
    if table.entries > MAX_LUMIS:
        raise DamagedError(f"{table.entries} entries in {table.path}")
    runs, lumis = _told(table, RUNS), _told(table, LUMIS)
    told = []
    if lumis is None:
        lumis = list(range(1, table.entries + 1))
        told.append("lumisections counted from the first entry of a tree, which is 1")
    if runs is None:
        if run is None:
            found = f"no branch {' or '.join(RUNS)} in {table.path!r:.100}"
            raise SourceError(path, Fault.NO_LUMISECTION, found, "the number of the run")
        runs = [run] * table.entries
        told.append(f"run {run} as asked for")
    for number in (*runs, *lumis):
        if not 0 < number <= MAX_LUMI:
            raise DamagedError(f"run or lumisection {number} in {table.path}")
    return list(zip(runs, lumis, strict=True)), told


def _told(table: _Table, names: tuple[str, ...]) -> list[int] | None:
    """The numbers in the first branch of whole numbers that has one of some names, None where none has."""
    for name in names:
        column = table.columns.get(name)
        if column is not None and column.branch.number is not None and column.branch.number.kind in "iu":
            numbers: list[int] = column.numbers(0, table.entries).tolist()
            return numbers
    return None


def _tables(file: TreeFile) -> Iterator[_Table]:
    """The trees of a file that have a branch of histograms, folder by folder."""
    for inside, key in _trees(file):
        tree = file.tree(key, inside)
        if any(branch.holds in HISTOGRAMS for branch in tree.branches.values()):
            yield _Table(inside, tree.entries, file.columns(tree))


def _trees(file: TreeFile) -> Iterator[tuple[str, Key]]:
    """Paths and keys of all trees in the folders of a file."""
    waiting: list[tuple[str, Directory, int]] = [("", file.file.top, 0)]
    seen = {0}
    while waiting:
        path, directory, depth = waiting.pop(0)
        for name, key in sorted(directory.objects.items()):
            if key.classname == TREE:
                yield f"{path}{name}", key
        for name, key in sorted(directory.folders.items()):
            # A file can make a folder hold itself.
            if depth < MAX_DEPTH and key.seek not in seen and len(seen) < MAX_FOLDERS:
                seen.add(key.seek)
                waiting.append((f"{path}{name}/", file.file.open(key), depth + 1))
