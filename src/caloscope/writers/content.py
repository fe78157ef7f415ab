"""What a DQM ROOT file holds, as bytes."""

import io
import struct
from collections.abc import Mapping
from typing import Any

import uproot

from caloscope.writers.histograms import Histogram2D, Object, Profile
from caloscope.writers.models import to_model
from caloscope.writers.scalars import scalar_text


def serialised(run: int, objects: Mapping[str, Object]) -> bytes:
    """The bytes of the file. Raises `ValueError` for a key or scalar that cannot be written."""
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


def _add_scalar(folder: Any, text: str) -> None:
    """Adds a `TObjString` whose content is its name; assigning it would split the name at its `/`."""
    encoded = text.encode()
    size = struct.pack(">B", len(encoded)) if len(encoded) < 255 else struct.pack(">BI", 255, len(encoded))
    # TObjString version 1 over TObject version 1 with no identifier and the bits "on the heap, not deleted".
    body = struct.pack(">HHII", 1, 1, 0, 0x03000000) + size + encoded
    raw = struct.pack(">I", 0x40000000 | len(body)) + body
    sink = folder.file.sink
    folder._cascading.add_object(sink, "TObjString", text, "Collectable string class", raw, len(raw))
