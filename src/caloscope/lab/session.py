"""Where files are kept that nobody gave a name: a folder that goes when Python ends."""

import atexit
import shutil
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

_NUMBERS = count(1)


def place(name: str, output: str | Path | None) -> Path:
    """The path that was asked for, or one of that name in a folder of its own until Python ends."""
    if output is not None:
        return Path(output)
    folder = _folder() / str(next(_NUMBERS))
    folder.mkdir()
    return folder / name


@cache
def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="caloscope-lab-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
