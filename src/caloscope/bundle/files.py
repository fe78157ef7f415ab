"""The files of a bundle: their sums, and the hash of all of them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from caloscope.errors import BundleError

CARD = "bundle.toml"
ARRAYS = "reference.h5"
SELFTEST = "selftest.h5"
MODEL = "model.onnx"
CALORIMETER = "calorimeter.toml"
FILES = (CARD, ARRAYS, SELFTEST, MODEL, CALORIMETER)
"""What the hash covers, in this order. Any other file of the folder is never read, but for the state."""

_NEEDED = (ARRAYS,)


def digest(folder: Path) -> str:
    """Hash of a bundle's content, 16 hexadecimal digits; the same wherever the folder lies."""
    total = hashlib.sha256()
    for name in FILES:
        path = folder / name
        if path.is_file():
            total.update(name.encode() + b"\0" + bytes.fromhex(_sum(path)))
    return total.hexdigest()[:16]


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a bundle but its card, by name."""
    return {name: _sum(folder / name) for name in FILES if name != CARD and (folder / name).is_file()}


def require_files(folder: Path, named: Mapping[str, str]) -> None:
    """Refuse a folder whose files are not those that its card names.

    Raises `BundleError` naming the first file that is missing, altered, or there without the card knowing.
    """
    for name in _NEEDED:
        if name not in named:
            raise BundleError(f"{folder}: found a card that does not name {name}, expected its SHA-256")
    for name in named:
        if name not in FILES or name == CARD:
            known = ", ".join(FILES[1:])
            raise BundleError(f"{folder}: found {name!r:.80} in files, expected one of {known}")
        if not (folder / name).is_file():
            raise BundleError(
                f"{folder / name}: found no such file, expected it as the card names it: {_AGAIN}"
            )
    for name, found in sums(folder).items():
        if name not in named:
            raise BundleError(f"{folder / name}: found a file that the card does not name: {_AGAIN}")
        if found != named[name]:
            says = f"expected {named[name][:12]!s:.12}... as the card says"
            raise BundleError(
                f"{folder / name}: found SHA-256 {found[:12]}..., {says}, it was altered: {_AGAIN}"
            )


_AGAIN = "copy the whole bundle again"


def _sum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
