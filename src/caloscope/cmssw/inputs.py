"""Names of input files as `PoolSource` takes them."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.cmssw.checks import absolute, printable, shown
from caloscope.errors import UsageError

_MAX_LIST_BYTES = 20_000_000


def file_name(text: str) -> str:
    """`root://...`, `/store/...` and `file:...` as they are, any other path as `file:` and the whole path.

    Raises `UsageError` for another protocol and for signs that cannot be printed.
    """
    name = printable("input file", text.strip())
    if name.startswith(("root://", "/store/", "file:")):
        return name
    if "://" in name:
        raise UsageError(f"input file: found {shown(name)}, expected root://, /store/ or a path")
    return f"file:{absolute('input file', name)}"


def file_names(inputs: Sequence[str], input_list: Path | None) -> tuple[str, ...]:
    """The names given, then those of a list: one a line, without blank lines and those that begin with #.

    Raises `UsageError` for a list that cannot be read.
    """
    lines = [] if input_list is None else _lines(input_list)
    return tuple(file_name(text) for text in (*inputs, *lines))


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_LIST_BYTES:
            raise UsageError(f"{path}: expected a list of input files of at most {_MAX_LIST_BYTES} bytes")
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: found bytes that are no text, expected a list of input files") from error
    # `split`, because `splitlines` breaks at signs that no editor shows as a line break.
    stripped = (line.strip() for line in text.split("\n"))
    return [line for line in stripped if line and not line.startswith("#")]
