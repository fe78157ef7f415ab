"""Putting one folder in another's place so that at no moment, whatever happens, there is none.

Linux exchanges two names in one step. Some file systems cannot (NFS, AFS); there the old folder steps aside
first, and whoever finds none in its place puts it back.
"""

import ctypes
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # linux/fs.h
_TRIES: Final = 3


def settle(folder: Path) -> None:
    """Wait until the disk has every file of a flat folder, and the folder. Raises OSError where it fails."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _settle_names(folder)


def swap(draft: Path, folder: Path) -> None:
    """Put a draft that lies beside it in a folder's place, there or not; the old one is deleted last.

    Raises OSError where that fails; the old folder is then where it was, or `recover` puts it back.
    """
    if not os.path.lexists(folder):
        draft.rename(folder)
    elif exchange(draft, folder):
        _settle_names(folder.parent)
        _discard(draft)
    else:
        _step_aside(draft, folder)
    _settle_names(folder.parent)


def recover(folder: Path) -> None:
    """Put the old folder back where a swap was cut off after it had stepped aside; else do nothing."""
    if os.path.lexists(folder) or not folder.name:
        return
    for aside in sorted(_asides(folder)):
        with suppress(OSError):  # nothing there, or not ours to move: then what is asked for is not found
            (aside / folder.name).rename(folder)
            aside.rmdir()
            return


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False, and nothing is done, where the machine cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0)


def _step_aside(draft: Path, folder: Path) -> None:
    """The old folder moves into one that `recover` finds, the draft into its place."""
    for left in reversed(range(_TRIES)):
        aside = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
        folder.rename(aside / folder.name)
        try:
            draft.rename(folder)
        except OSError:  # a reader in between may have put the old one back
            recover(folder)
            if not left:
                raise
            continue
        _settle_names(folder.parent)
        shutil.rmtree(aside, ignore_errors=True)
        return


def _prefix(folder: Path) -> str:
    return f".{folder.name}.old."


def _asides(folder: Path) -> list[Path]:
    """Where the old folder may stand."""
    try:
        return [path for path in folder.parent.iterdir() if path.name.startswith(_prefix(folder))]
    except OSError:
        return []


def _discard(old: Path) -> None:
    """Delete an old folder, or the link that stood for it."""
    if old.is_symlink():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)


def _settle_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where its file system knows how."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)
