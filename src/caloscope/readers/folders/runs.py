"""The folders of a DQM ROOT file: `DQMData/Run N/<top>/Run summary/<path>/<name>`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.tree import damaged
from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.root.rootfile import Directory, RootFile

MAX_FILE_BYTES = 8 * 2**30
"""Whole-run DQM files stay below one gigabyte."""

_RUN = re.compile(r"Run (\d{1,10})")
MAX_RUN = 2**32 - 1


@contextmanager
def open_root(path: Path, *, whole: bool = True) -> Iterator[RootFile]:
    """Opens a ROOT file that `recognise` found complete; `whole` as for `RootFile`.

    Raises `SourceError` UNREADABLE for one that is too large, and for all damage found here or in the body.
    """
    try:
        with RootFile(path, whole=whole) as file:
            if file.size > MAX_FILE_BYTES:
                expected = f"at most {MAX_FILE_BYTES}"
                raise SourceError(path, Fault.UNREADABLE, f"{file.size} bytes", expected)
            yield file
    except (DamagedError, OSError) as error:
        raise damaged(path, error) from error


def find_run(path: Path, file: RootFile) -> tuple[int, Directory]:
    """The only run of the file, and its folder.

    Raises `SourceError`: UNKNOWN_FORMAT where there is no DQM tree, UNREADABLE where several runs share it.
    """
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
        if root is not None and 0 < run <= MAX_RUN:
            return run, root
    raise SourceError(path, Fault.UNKNOWN_FORMAT, f"DQMData with {sorted(data.folders)[:3]!r:.100}", expected)
