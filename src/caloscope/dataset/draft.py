"""Files that appear whole or not at all."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py

from caloscope.errors import CaloscopeError


class Draft:
    """A hidden file in the folder of a path, which takes the path's place when it is done.

    A process that is killed leaves the hidden file, `.<name>.<12 digits>.tmp`, and nothing else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")

    def create(self) -> Any:
        """The hidden file, as an HDF5 file to be filled and closed; as old libraries (1.8) read it.

        No lock is asked for, which some network file systems do not give: nobody else knows the name.
        """
        return h5py.File(self.file, "x", libver=("v108", "v108"), locking=False)

    def commit(self) -> None:
        """Bring the file to the disk and rename it; raises `CaloscopeError` where that fails."""
        with reported(self.path):
            _sync(self.file)
            self.file.replace(self.path)
            _sync(self.path.parent)

    def discard(self) -> None:
        """Remove the hidden file, if there is one."""
        with suppress(OSError):
            self.file.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Around what writes: a full disk and the like become a `CaloscopeError` that names the file."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise CaloscopeError(f"{path}: could not be written: {_why(error)}") from error


def _why(error: OSError | RuntimeError) -> str:
    """What went wrong, in the words of the system: the library puts them behind a long account of its own."""
    text = " ".join(str(getattr(error, "strerror", None) or error).split())
    said = re.search(r"error message = '([^']{1,100})'", text)
    return said[1] if said else text[:160]
