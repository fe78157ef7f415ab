"""The monitor elements of one type in a DQMIO file, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.trees.columns import Column, texts

NAME, VALUE = "FullName", "Value"
MAX_NAMES_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Index:
    """Names in a range of entries: where each stands, counted from the first entry, and the top folders."""

    places: Mapping[str, Sequence[int]]
    tops: frozenset[str]


class Elements:
    """The tree of one type. Everything raises `DamagedError`."""

    def __init__(self, name: str, columns: Mapping[str, Column]) -> None:
        for branch in (NAME, VALUE):
            if branch not in columns:
                raise DamagedError(f"a tree {name} without {branch}")
        self.name = name
        self.value = columns[VALUE]
        self._names = columns[NAME]
        self._last: tuple[bytes, Index] = (b"", Index({}, frozenset()))

    def index(self, first: int, end: int) -> Index:
        """The names of entries `first` up to, not including, `end`."""
        if end > min(self.value.branch.entries, self._names.branch.entries):
            raise DamagedError(f"an index up to entry {end} of {self.value.branch.entries} in {self.name}")
        raw = self._names.span(first, end, MAX_NAMES_BYTES)
        # Lumisections mostly have the same names in the same order.
        if raw != self._last[0]:
            self._last = raw, _index(texts(raw, end - first))
        return self._last[1]

    def text(self, number: int) -> str:
        """The number or text of an entry, as text."""
        if self.value.branch.number is not None:
            return str(self.value.number(number))
        (found,) = texts(bytes(self.value.entry(number)), 1)
        return found


def _index(names: list[str]) -> Index:
    """Names by where they stand; raises `DamagedError` for one that is no path."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if not name.isprintable() or ".." in name.split("/"):
            raise DamagedError(f"a monitor element called {name[:80]!r}")
        places.setdefault(name, []).append(place)
    return Index(places, frozenset(name.split("/", 1)[0] for name in places))
