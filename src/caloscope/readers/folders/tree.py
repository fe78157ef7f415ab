"""Histograms and scalars in the folders of a ROOT file, by path."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import DamagedError, UnexpectedError
from caloscope.readers.root.fallback import read_with_uproot
from caloscope.readers.root.histogram import HISTOGRAMS, Histogram, parse_histogram
from caloscope.readers.root.rootfile import Directory, Key, RootFile
from caloscope.readers.scalars import parse_scalars

_EXPECTED = "a sound DQM ROOT file"
_MAX_DEPTH = 32
_MAX_PATH = 2000
"""Longer paths are nobody's; they are left out where histograms are listed."""


class Folders:
    """What stands in an open file below one folder. Paths are `<top>/<path>/<name>`.

    `start` holds the top folders. Between a top folder and what is in it may stand a folder `between` that
    no path names. `tops` are the names of the top folders that belong to it. All methods raise `SourceError`.
    """

    def __init__(
        self, path: Path, file: RootFile, start: Directory, between: str | None, tops: frozenset[str]
    ) -> None:
        self.path = path
        self.tops = tops
        self._file = file
        self._start = start
        self._between = between
        self._known: dict[str, Directory | None] = {}
        self._scalars: dict[str, Mapping[str, list[str]]] = {}

    def names(self) -> Iterator[str]:
        """Paths of all histograms; those that no person would write are left out."""
        seen: set[int] = set()
        waiting = [(0, "", self._start)]
        while waiting:
            depth, prefix, directory = waiting.pop()
            for name, key in directory.objects.items():
                path = f"{prefix}{name}"
                if key.classname in HISTOGRAMS and _is_plausible(name, path):
                    yield path
            below = [
                (depth + 1, f"{prefix}{name}/", self._opened(key, depth))
                for name, key in directory.folders.items()
                if depth < _MAX_DEPTH and _is_new(key, seen) and _is_plausible(name, prefix + name)
            ]
            waiting += [(deep, path, found) for deep, path, found in reversed(below) if found is not None]

    def _opened(self, key: Key, depth: int) -> Directory | None:
        """A folder's directory, or that of the folder between where it is a top folder."""
        try:
            found = self._file.open(key)
            return self._below_top(found) if depth == 0 else found
        except (DamagedError, OSError) as error:
            raise damaged(self.path, error) from error

    def _below_top(self, top: Directory) -> Directory | None:
        """What stands in a top folder, behind the folder that no path names."""
        return top if self._between is None else self._file.folder(top, self._between)

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none; see `Shelf`."""
        try:
            key = self.find(path)
            if key is None:
                return None
            if key.classname not in HISTOGRAMS:
                found = f"a {key.classname!r:.40} in {path}"
                raise SourceError(self.path, Fault.WRONG_BINNING, found, "a histogram")
            raw = self._file.read(key)
            try:
                return parse_histogram(raw, key.classname)
            except UnexpectedError as error:
                return read_with_uproot(self.path, path, key, raw, error)
        except (DamagedError, OSError) as error:
            raise damaged(self.path, error) from error

    def scalar(self, path: str) -> str | None:
        """The text of the scalar at a path, None where there is none.

        Raises `SourceError` INVALID_SCALAR where it is there twice with different values.
        """
        parent, _, name = path.rpartition("/")
        values = self._scalars_in(parent).get(name, [])
        if len(set(values)) > 1:
            raise SourceError(self.path, Fault.INVALID_SCALAR, f"{values[:2]!r:.80} in {path}", "one value")
        return values[0] if values else None

    def _scalars_in(self, parent: str) -> Mapping[str, list[str]]:
        found = self._scalars.get(parent)
        if found is None:
            try:
                directory = self._folder(parent)
            except (DamagedError, OSError) as error:
                raise damaged(self.path, error) from error
            found = self._scalars[parent] = parse_scalars(directory.objects) if directory else {}
        return found

    def find(self, path: str) -> Key | None:
        """The object at a path, None where there is none; its own name may hold slashes."""
        parent, _, name = path.rpartition("/")
        while True:
            directory = self._folder(parent)
            if directory is not None:
                return directory.objects.get(name)
            parent, _, first = parent.rpartition("/")
            name = f"{first}/{name}"

    def _folder(self, path: str) -> Directory | None:
        """The folder at a path, None where there is none."""
        if path not in self._known:
            self._known[path] = self._find_folder(path)
        return self._known[path]

    def _find_folder(self, path: str) -> Directory | None:
        if not path:
            return self._start
        parent, _, name = path.rpartition("/")
        above = self._folder(parent)
        key = above.folders.get(name) if above else None
        if key is None:
            return None
        found = self._file.open(key)
        return found if parent else self._below_top(found)


def _is_new(key: Key, seen: set[int]) -> bool:
    """Whether a folder was not seen before: folders may stand in each other, and then there is no end."""
    place = key.seek + key.key_bytes
    if place in seen:
        return False
    seen.add(place)
    return True


def _is_plausible(name: str, path: str) -> bool:
    """Whether a path can be shown and typed; names come from the file and may hold anything."""
    return name.isprintable() and name not in ("", ".", "..") and len(path) <= _MAX_PATH


def damaged(path: Path, error: DamagedError | OSError) -> SourceError:
    """What a person is told of damage in a file, or of a disk that fails."""
    found = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return SourceError(path, Fault.UNREADABLE, found, _EXPECTED)
