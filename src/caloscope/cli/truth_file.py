"""The file with the truth about faults that stands beside simulated or changed data."""

import os
from collections.abc import Sequence
from pathlib import Path

from caloscope.errors import UsageError

DATA_SETS = (".h5", ".hdf5")
"""What the name of a data set ends with; any other is that of a folder."""


def require_free(output: Path, *, replace: bool) -> None:
    """Raises `UsageError` where a data set cannot be put, or may not."""
    if output.suffix not in DATA_SETS:
        raise UsageError(f"{output}: expected the name of a data set, NAME.h5")
    if output.exists() and not output.is_file():
        what = "a folder" if output.is_dir() else "no plain file"
        raise UsageError(f"{output}: found {what}, expected the name of a data set")
    if output.exists() and not replace:
        raise UsageError(f"{output}: is there already; choose another name, or --replace")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"{output.parent}: no such folder, expected one to write {output.name} into")


def truth_path(output: Path) -> Path:
    """`NAME.truth.jsonl` beside a data set `NAME.h5` or a folder `NAME`.

    Never in the folder, which may be watched.
    """
    whole = output if output.name else output.resolve()
    stem = whole.stem if whole.suffix in DATA_SETS else whole.name
    return whole.with_name(f"{stem}.truth.jsonl")


def write_truth(path: Path, lines: Sequence[str]) -> None:
    """Write the lines, in place of the file that may be there; it appears whole."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with hidden.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
