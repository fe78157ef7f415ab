"""Lists of sources: one a line."""

import os
import stat
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.fetch.limits import MAX_NAMES
from caloscope.fetch.source import printable

MAX_LIST_BYTES = 64 << 20


def read_list(name: str) -> list[str]:
    """The lines of a local text file, without blank ones and those that start with `#`.

    Names in it are relative to the present folder, not to the list's. Raises UsageError where it
    cannot be read, is no text, or is too long.
    """
    shown = f"@{printable(name)}"
    try:
        with Path(name).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{shown}: not a plain file, expected a list of sources, one a line")
            text = file.read(MAX_LIST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{shown}: {os.strerror(error.errno or 0).lower()}, expected a list of sources"
        ) from None
    if len(text) > MAX_LIST_BYTES:
        raise UsageError(f"{shown}: more than {MAX_LIST_BYTES} bytes, expected a list of sources, one a line")
    try:
        lines = [line.strip() for line in text.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise UsageError(f"{shown}: not UTF-8 text, expected a list of sources, one a line") from None
    found = [line for line in lines if line and not line.startswith("#")]
    if len(found) > MAX_NAMES:
        raise UsageError(f"{shown}: {len(found)} lines, expected at most {MAX_NAMES}")
    return found
