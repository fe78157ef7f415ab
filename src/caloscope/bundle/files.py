"""The files of a bundle: their sums, and the hash of all of them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from caloscope.bundle import document
from caloscope.bundle.arrays import MAX_BYTES
from caloscope.detectors import onnx_file
from caloscope.detectors.plain_file import open_plain
from caloscope.errors import BundleError

CARD = "bundle.toml"
ARRAYS = "reference.h5"
SELFTEST = "selftest.h5"
MODEL = "model.onnx"
CALORIMETER = "calorimeter.toml"
FILES = (CARD, ARRAYS, SELFTEST, MODEL, CALORIMETER)
"""What the hash covers, in this order. Any other file of the folder is never read, but for the state."""

MOST_BYTES: Final = {
    CARD: document.MOST_BYTES,
    ARRAYS: MAX_BYTES,
    SELFTEST: MAX_BYTES,
    MODEL: onnx_file.MOST_BYTES,
    CALORIMETER: document.MOST_BYTES,
}
"""How large each file may be."""

_NEEDED = (ARRAYS,)


def require_folder(folder: Path) -> None:
    """Refuse what is no folder with a card in it. Raises `BundleError` saying what is there instead."""
    if os.path.lexists(folder / CARD):
        return
    if folder.is_dir():
        found = f"a folder without {CARD}"
    elif folder.exists():
        found = "a file, no folder"
    else:
        found = "nothing there"
    raise BundleError(f"{folder}: found {found}, expected the card of a bundle: a folder with {CARD} in it")


def digest(folder: Path) -> str:
    """Hash of a bundle's content, 16 hexadecimal digits; the same wherever the folder lies.

    Raises `BundleError` for a file that is too large or no plain one.
    """
    return digest_of({name: _sum(folder, name) for name in FILES if _is_there(folder, name)})


def digest_of(found: Mapping[str, str]) -> str:
    """The same from the SHA-256 of every file, its card among them, by name."""
    total = hashlib.sha256()
    for name in FILES:
        if name in found:
            total.update(name.encode() + b"\0" + bytes.fromhex(found[name]))
    return total.hexdigest()[:16]


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a bundle but its card, by name. Raises `BundleError` as `digest` does."""
    return {name: _sum(folder, name) for name in FILES if name != CARD and _is_there(folder, name)}


def require_files(folder: Path, named: Mapping[str, str]) -> dict[str, str]:
    """Refuse a folder whose files are not those that its card names.

    Answers with the sums that were found. Raises `BundleError` naming the first file that is missing,
    altered, too large, no plain file, or there without the card knowing.
    """
    for name in _NEEDED:
        if name not in named:
            raise BundleError(f"{folder}: found a card that does not name {name}, expected its SHA-256")
    for name in named:
        if name not in FILES or name == CARD:
            known = ", ".join(FILES[1:])
            raise BundleError(f"{folder}: found {name!r:.80} in files, expected one of {known}")
        if not _is_there(folder, name):
            raise BundleError(
                f"{folder / name}: found no such file, expected it as the card names it: {_AGAIN}"
            )
    all_found = sums(folder)
    for name, found in all_found.items():
        if name not in named:
            raise BundleError(f"{folder / name}: found a file that the card does not name: {_AGAIN}")
        if found != named[name]:
            says = f"expected {named[name][:12]!s:.12}... as the card says"
            raise BundleError(
                f"{folder / name}: found SHA-256 {found[:12]}..., {says}, it was altered: {_AGAIN}"
            )
    return all_found


_AGAIN = "copy the whole bundle again"


def _is_there(folder: Path, name: str) -> bool:
    """Whether anything has that name, be it a link to nowhere."""
    return os.path.lexists(folder / name)


def _sum(folder: Path, name: str) -> str:
    """SHA-256 of a file, hexadecimal."""
    path = folder / name
    try:
        with open_plain(path, MOST_BYTES[name]) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}, expected a file of a bundle") from error
