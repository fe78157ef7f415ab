"""Files on this machine: what a name is, and what a folder holds."""

import os
import stat
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.fetch.server import Entry
from caloscope.fetch.source import printable


def local_kind(text: str) -> bool | None:
    """True for a folder, False for a plain file, None where there is nothing.

    Raises UsageError for what is neither (a pipe or a device could be waited for for ever) or out of reach.
    """
    try:
        mode = Path(text).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{printable(text)}: {os.strerror(error.errno or 0).lower()}") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(f"{printable(text)}: neither a file nor a folder")
    return stat.S_ISDIR(mode)


def local_entries(folder: str) -> list[Entry]:
    """Files and folders in a folder; nothing where there is none. Pipes and devices are left out."""
    try:
        with os.scandir(folder or ".") as found:
            kinds = [(entry.name, _mode(entry), entry.is_symlink()) for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UsageError(f"{printable(folder)}: {os.strerror(error.errno or 0).lower()}") from None
    return [
        Entry(name, stat.S_ISDIR(mode), link)
        for name, mode, link in kinds
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    ]


def _mode(entry: "os.DirEntry[str]") -> int:
    # A link that leads nowhere counts as a file: that it cannot be read must be seen.
    try:
        if entry.is_symlink():
            return entry.stat().st_mode
        return stat.S_IFDIR if entry.is_dir() else stat.S_IFREG if entry.is_file() else 0
    except OSError:
        return stat.S_IFREG
