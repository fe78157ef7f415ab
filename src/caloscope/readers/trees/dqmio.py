"""DQMIO and nanoDQMIO files: trees of monitor elements, one tree for each type, for many lumisections.

Written by CMSSW's `DQMRootOutputModule`. Names are read for the lumisection at hand, histograms are inflated
when they are asked for, so that memory does not grow with the number of lumisections.

Where a path is there several times in one lumisection of a file, CMSSW's `DQMRootSource` adds histograms, and
a number or text replaces the one before; so it is done here. Profiles, whose means cannot be added, are
refused in that case, and so are histograms of different binning, of which CMSSW keeps the first.
"""

from collections.abc import Iterator
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.shelf import Histogram, Place
from caloscope.readers.trees.dqmio_elements import Elements, Index
from caloscope.readers.trees.dqmio_index import COLUMNS, Rows, Section, read_rows, sections
from caloscope.readers.trees.file import TREE, TreeFile, open_trees, refusal
from caloscope.readers.trees.histograms import add, take_histogram

INDICES = "Indices"
TYPES = (
    *("Ints", "Floats", "Strings"),
    *("TH1Fs", "TH1Ss", "TH1Ds", "TH2Fs", "TH2Ss", "TH2Ds", "TH3Fs", "TProfiles", "TProfile2Ds"),
)
"""Names of the trees in the order in which CMSSW numbers the types."""
LATER_TYPES = ("TH1Is", "TH2Is")
"""Types that newer versions of CMSSW have besides: numbered on, in this order, where a file has them."""
MAX_PARTS = 1000
"""A path is there once for each process history."""
_SCALARS = frozenset(TYPES[:3])


class DqmioShelf:
    """The histograms of one lumisection of a DQMIO file, or with `place.lumi` 0 of one run."""

    def __init__(self, path: Path, place: Place, found: list[tuple[Elements, int, Index]]) -> None:
        self.place = place
        self._path = path
        self._found = found

    @property
    def tops(self) -> frozenset[str]:
        """Names of the top folders, one per subsystem."""
        return frozenset().union(*(index.tops for _, _, index in self._found))

    def names(self) -> list[str]:
        """Paths of all histograms, each once."""
        indices = [index for elements, _, index in self._found if elements.name not in _SCALARS]
        return list(dict.fromkeys(name for index in indices for name in index.places))

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, the sum of its parts, None where there is none; raises `SourceError`."""
        parts = self._entries(path, scalars=False)
        if not parts:
            return None
        try:
            first, *others = [
                take_histogram(self._path, path, elements.value, number) for elements, number in parts
            ]
            for other in others:
                first = add(first, other)
        except (DamagedError, OSError) as error:
            raise refusal(self._path, error, path) from error
        return first

    def scalar(self, path: str) -> str | None:
        """The text of the number or text at a path, the last of them, None where there is none."""
        parts = self._entries(path, scalars=True)
        try:
            return parts[-1][0].text(parts[-1][1]) if parts else None
        except (DamagedError, OSError) as error:
            raise refusal(self._path, error, path) from error

    def _entries(self, path: str, *, scalars: bool) -> list[tuple[Elements, int]]:
        """The entries at a path, all of one type."""
        found: list[tuple[Elements, int]] = []
        for elements, first, index in self._found:
            places = index.places.get(path, ())
            if places and (elements.name in _SCALARS) == scalars and (not found or found[0][0] is elements):
                found += [(elements, first + place) for place in places]
        if len(found) > MAX_PARTS:
            raise refusal(self._path, DamagedError(f"{len(found)} monitor elements called {path!r:.120}"))
        return found


def shelves(path: Path, run: int | None = None) -> Iterator[DqmioShelf]:
    """The lumisections of a DQMIO file, ascending; a shelf is valid until the next one is asked for.

    `run` is only compared with what the file says. Raises `SourceError`: UNKNOWN_FORMAT where there is no
    index, NO_LUMISECTION where all is of whole runs, UNREADABLE for all damage.
    """
    some = False
    for shelf in _walk(path, run, whole_runs=False):
        some = True
        yield shelf
    if not some:
        found = "monitor elements of whole runs only (lumisection 0)"
        raise SourceError(path, Fault.NO_LUMISECTION, found, "some of lumisections")


def per_run(path: Path, run: int | None = None) -> Iterator[DqmioShelf]:
    """What a DQMIO file holds of whole runs, ascending, with lumisection 0; see `shelves`."""
    return _walk(path, run, whole_runs=True)


def _walk(path: Path, run: int | None, *, whole_runs: bool) -> Iterator[DqmioShelf]:
    with open_trees(path) as file:
        rows = _rows(file)
        elements: dict[int, Elements] = {}
        for section in sections(rows, whole_runs=whole_runs):
            found = []
            for kind, first, end in section.ranges:
                if kind not in elements:
                    elements[kind] = _elements(file, kind)
                found.append((elements[kind], first, elements[kind].index(first, end)))
            yield DqmioShelf(path, _place(section, run), found)


def _rows(file: TreeFile) -> Rows:
    """The rows of the index; raises `SourceError` UNKNOWN_FORMAT where there is none."""
    key = file.file.top.objects.get(INDICES)
    if key is None or key.classname != TREE:
        names = sorted({*file.file.top.folders, *file.file.top.objects})[:3]
        found = f"a ROOT file that holds {names!r:.100}"
        raise SourceError(file.path, Fault.UNKNOWN_FORMAT, found, f"a tree {INDICES}")
    columns = file.columns(file.tree(key, INDICES))
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise DamagedError(f"an index without {missing[0]}")
    return read_rows({name: columns[name] for name in COLUMNS})


def _elements(file: TreeFile, kind: int) -> Elements:
    """The tree of a type."""
    objects = file.file.top.objects
    known = (*TYPES, *(name for name in LATER_TYPES if name in objects))
    if not 0 <= kind < len(known):
        raise DamagedError(f"monitor elements of type {kind}")
    name = known[kind]
    key = objects.get(name)
    if key is None or key.classname != TREE:
        raise DamagedError(f"an index of a tree {name} that is not there")
    return Elements(name, file.columns(file.tree(key, name)))


def _place(section: Section, run: int | None) -> Place:
    """Where a section belongs."""
    assumed = (
        ()
        if run in (None, section.run)
        else (f"run {section.run} as the content says, not {run} as asked for",)
    )
    return Place(
        section.run,
        section.lumi,
        partial=True,  # CMSSW spreads a lumisection over files
        began_at=section.began_at,
        assumptions=assumed,
    )
