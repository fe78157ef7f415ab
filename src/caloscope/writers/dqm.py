"""DQM ROOT files, `DQMData/Run N/<top>/Run summary/<path>/<name>`, as ROOT and the DQM's tools read them."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from caloscope.writers.histograms import Histogram2D, Object, Profile

__all__ = ["Histogram2D", "Object", "Profile", "write_dqm"]


def write_dqm(path: Path, run: int, objects: Mapping[str, Object]) -> None:
    """Writes a DQM ROOT file, whole or not at all.

    Keys are `<top>/<path>/<name>`, with at least a top folder and a name; numbers and strings become the
    DQM's scalars. The file is written under a hidden name in the same folder, brought to the disk, and
    renamed; readers see the old file or the new one. Raises `ValueError` for a key or scalar that cannot be
    written, `OSError` from below.
    """
    from caloscope.writers.content import serialised  # half a second to load, and only who writes needs it

    content = serialised(run, objects)
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
