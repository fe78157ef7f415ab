"""DQM ROOT files, `DQMData/Run N/<top>/Run summary/<path>/<name>`, as ROOT and the DQM's tools read them."""

import io
import os
import secrets
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import uproot

from caloscope.writers.histograms import Histogram2D, Profile
from caloscope.writers.models import to_model

__all__ = ["Histogram2D", "Object", "Profile", "write_dqm"]

Object: TypeAlias = Histogram2D | Profile | int | float | str
"""What can be written."""

_LONGEST_SCALAR = 16_000
"""A key's name counts its own length in 16 bits."""


def write_dqm(path: Path, run: int, objects: Mapping[str, Object]) -> None:
    """Writes a DQM ROOT file, whole or not at all.

    Keys are `<top>/<path>/<name>`, with at least a top folder and a name; numbers and strings become the
    DQM's scalars. The file is written under a hidden name in the same folder, brought to the disk, and
    renamed; readers see the old file or the new one. Raises `ValueError` for a key or scalar that cannot be
    written, `OSError` from below.
    """
    content = _serialised(run, objects)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Brings a renaming to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _serialised(run: int, objects: Mapping[str, Object]) -> bytes:
    """The bytes of the file."""
    buffer = io.BytesIO()
    folders: dict[str, Any] = {}
    with uproot.recreate(buffer, compression=uproot.ZLIB(1)) as file:
        for key, value in objects.items():
            folder, name = _place(run, key)
            if folder not in folders:
                folders[folder] = file.mkdir(folder)
            if isinstance(value, (Histogram2D, Profile)):
                folders[folder][name] = to_model(value)
            else:
                _add_scalar(folders[folder], scalar_text(name, value))
        # The header is kept up to date object by object; closing would take the buffer away.
        return buffer.getvalue()


def _place(run: int, key: str) -> tuple[str, str]:
    """Folder and name of an object in the file."""
    parts = key.split("/")
    if len(parts) < 2 or not all(parts):
        raise ValueError(f"{key!r} is not <top>/<path>/<name>")
    top, *path, name = parts
    return "/".join((f"DQMData/Run {run}", top, "Run summary", *path)), name


def scalar_text(name: str, value: float | str) -> str:
    """A scalar as the DQM writes it: `<name>i=5</name>`, `f=` for a float, `s=` for a string.

    A float has 17 digits, so that it comes back as it was. Raises `ValueError` for a name with `<` or `>`,
    and where the whole is too long for a key.
    """
    if "<" in name or ">" in name:
        raise ValueError(f"a scalar's name may not hold < or >: {name!r}")
    if isinstance(value, str):
        text = f"<{name}>s={value}</{name}>"
    elif isinstance(value, (int, np.integer)):
        text = f"<{name}>i={int(value)}</{name}>"
    else:
        text = f"<{name}>f={float(value):.17g}</{name}>"
    if len(text.encode()) > _LONGEST_SCALAR:
        raise ValueError(f"the scalar {name!r} takes more than {_LONGEST_SCALAR} bytes")
    return text


def _add_scalar(folder: Any, text: str) -> None:
    """Adds a `TObjString` whose content is its name; assigning it would split the name at its `/`."""
    encoded = text.encode()
    size = struct.pack(">B", len(encoded)) if len(encoded) < 255 else struct.pack(">BI", 255, len(encoded))
    # TObjString version 1 over TObject version 1 with no identifier and the bits "on the heap, not deleted".
    body = struct.pack(">HHII", 1, 1, 0, 0x03000000) + size + encoded
    raw = struct.pack(">I", 0x40000000 | len(body)) + body
    sink = folder.file.sink
    folder._cascading.add_object(sink, "TObjString", text, "Collectable string class", raw, len(raw))
