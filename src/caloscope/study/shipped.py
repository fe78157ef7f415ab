"""Studies that come with the package."""

from importlib.resources import files
from pathlib import Path

from caloscope.errors import UsageError
from caloscope.study.described import read
from caloscope.study.protocols import protocol_of

_FOLDER = Path(str(files("caloscope.study"))) / "studies"


def names() -> tuple[str, ...]:
    """Their names, in order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def title_of(name: str) -> str:
    """What a study is about, in a line."""
    path = _FOLDER / f"{name}.toml"
    text = protocol_of(path)
    return read(path).title if text is None else text.title


def found(given: str) -> Path:
    """The file of a study: the one of that path, or the one that ships under that name.

    Raises `UsageError` where there is neither.
    """
    path = Path(given)
    if path.is_file():
        return path
    if given in names():
        return _FOLDER / f"{given}.toml"
    raise UsageError(f"{given}: found no such file, expected one or a study that ships: {', '.join(names())}")
