"""The folders of a DQM ROOT file: `DQMData/Run N/<top>/Run summary/<path>/<name>`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.bytestream import DamagedError
from caloscope.readers.rootfile import Directory, Key, RootFile
from caloscope.readers.scalars import parse_scalars

MAX_FILE_BYTES = 8 * 2**30
"""Whole-run DQM files stay below one gigabyte."""

_RUN = re.compile(r"Run (\d{1,10})")
_MAX_RUN = 2**32 - 1
_EXPECTED = "a sound DQM ROOT file"


@dataclass(frozen=True, slots=True)
class DqmTree:
    """An open DQM file of one run. Paths are `<top>/<path>/<name>`, without `Run summary`."""

    path: Path
    file: RootFile
    run: int
    root: Directory

    @property
    def tops(self) -> frozenset[str]:
        """Names of the top folders, one per subsystem."""
        return frozenset(self.root.folders)

    def folder(self, path: str) -> Directory | None:
        """The folder at a path, None where there is none."""
        top, *rest = path.split("/")
        return self.file.folder(self.root, top, "Run summary", *rest)

    def find(self, path: str) -> Key | None:
        """The object at a path, None where there is none."""
        parent, _, name = path.rpartition("/")
        directory = self.folder(parent)
        return directory.objects.get(name) if directory else None

    def scalar(self, path: str) -> str | None:
        """The text of the scalar at a path, None where there is none.

        Raises `SourceError` INVALID_SCALAR where it is there twice with different values.
        """
        parent, _, name = path.rpartition("/")
        directory = self.folder(parent)
        values = parse_scalars(directory.objects).get(name, []) if directory else []
        if len(set(values)) > 1:
            raise SourceError(self.path, Fault.INVALID_SCALAR, f"{values[:2]!r:.80} in {path}", "one value")
        return values[0] if values else None


@contextmanager
def open_dqm(path: Path) -> Iterator[DqmTree]:
    """Opens a ROOT file that `recognise` found complete.

    Raises `SourceError`: UNKNOWN_FORMAT where there is no DQM tree, UNREADABLE where several runs share a
    file and for all damage found here or in the body.
    """
    try:
        with RootFile(path) as file:
            _require_plausible(path, file)
            run, root = _find_run(path, file)
            yield DqmTree(path, file, run, root)
    except DamagedError as error:
        raise SourceError(path, Fault.UNREADABLE, str(error), _EXPECTED) from error
    except OSError as error:
        raise SourceError(path, Fault.UNREADABLE, error.strerror or str(error), _EXPECTED) from error


def _require_plausible(path: Path, file: RootFile) -> None:
    """Refuses a file that is too large to be one."""
    if file.size > MAX_FILE_BYTES:
        raise SourceError(path, Fault.UNREADABLE, f"{file.size} bytes", f"at most {MAX_FILE_BYTES}")


def _find_run(path: Path, file: RootFile) -> tuple[int, Directory]:
    """The only run of the file, and its folder."""
    expected = "one folder DQMData/Run N"
    data = file.folder(file.top, "DQMData")
    if data is None:
        names = sorted({*file.top.folders, *file.top.objects})[:3]
        raise SourceError(path, Fault.UNKNOWN_FORMAT, f"a ROOT file that holds {names!r:.100}", expected)
    runs = {name: int(match[1]) for name in data.folders if (match := _RUN.fullmatch(name))}
    if len(runs) > 1:
        raise SourceError(path, Fault.UNREADABLE, " and ".join(sorted(runs)[:3]), expected)
    for name, run in runs.items():
        root = file.folder(data, name)
        if root is not None and 0 < run <= _MAX_RUN:
            return run, root
    raise SourceError(path, Fault.UNKNOWN_FORMAT, f"DQMData with {sorted(data.folders)[:3]!r:.100}", expected)
