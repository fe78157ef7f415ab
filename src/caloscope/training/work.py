"""Where training keeps what it has come to, beside the bundle that it is for."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from caloscope import __version__
from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.training.recipe import Recipe
from caloscope.training.streamed import ids_of

SAMPLED: Final = 16
"""Lumisections, evenly taken, whose counts tell whether the data are still the same."""

LIMITS: Final = ("minutes", "epochs", "patience", "devices", "accelerator")
"""Of a recipe: how long training goes on and on what, which does not change what was done."""

LOCK: Final = "lock"


def fingerprint(given: Sequence[Given], spec: MapSpec, on: View, detector: str, recipe: Recipe) -> str:
    """What the work depends on: another recipe, other lumisections or other counts in them begin anew."""
    told = sorted((name, value) for name, value in asdict(recipe).items() if name not in LIMITS)
    ids = ids_of(given)
    parts = (detector, spec.name, on.version, __version__, told, ids)
    found = sha256(repr(parts).encode())
    for place in np.unique(np.linspace(0, len(ids) - 1, SAMPLED).round().astype(int)).tolist():
        record = given[place].record
        if record is not None:
            found.update(repr((record.events, record.pileup)).encode() + record.counts.tobytes())
    return found.hexdigest()[:16]


@contextmanager
def work_folder(folder: Path, mark: str) -> Iterator[Path]:
    """Where the work with a fingerprint is kept until the bundle is written, `.NAME.bundle.training/MARK`.

    It is removed when the block ends well, and kept where it does not. Work of other options or other data
    lies beside it and is not touched. Raises `UsageError` where it cannot be made, and where another training
    of the same bundle is at work.
    """
    root = folder.parent / f".{folder.name}.training"
    work = root / mark
    try:
        lock = _locked(root, folder)
        try:
            work.mkdir(exist_ok=True)
        except OSError:
            _leave(root, lock)
            raise
    except OSError as error:
        told = f"{work}: cannot be written ({error.strerror}), expected a folder for what training keeps"
        raise UsageError(told) from error
    try:
        yield work
        shutil.rmtree(work)
    finally:
        with suppress(OSError):
            work.rmdir()  # where nothing was kept in it
        _leave(root, lock)


def others_told(work: Path) -> str | None:
    """One line about work of other options or data that lies beside this one; None where there is none."""
    others = sorted(path.name for path in work.parent.iterdir() if path.is_dir() and path != work)
    if not others:
        return None
    return (
        f"{work.parent}: found work of other options or data too ({', '.join(others)}), which is kept: "
        "the command that it is of goes on with it; delete what is not wanted"
    )


def _locked(root: Path, folder: Path) -> int:
    """The lock of a bundle's work, taken: a file that is open, as a number."""
    root.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            told = f"{folder}: found another training of it at work, expected one at a time"
            raise UsageError(f"{told}: wait, or choose another --output") from error
        except OSError:  # some file systems of clusters know no locks: that is no reason not to train
            return handle
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), (root / LOCK).stat()):
                return handle
        os.close(handle)  # who had the lock has removed the file meanwhile


def _leave(root: Path, lock: int) -> None:
    """Give the lock back, and take the folder away where nothing else is in it."""
    with suppress(OSError):
        (root / LOCK).unlink()
    os.close(lock)
    with suppress(OSError):
        root.rmdir()
