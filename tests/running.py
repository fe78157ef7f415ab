"""Runs the command line as a user does: in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from .forked import Forked, parent

LONGEST: Final = 110
"""Seconds that a command may take."""

OURS: Final = ("PYTEST_", "KMP_", "MKL_", "PYTORCH_", "TORCHINDUCTOR_")
"""Beginnings of variables that tests and libraries set meanwhile and that no command looks at."""

NO_MORE: Final[Mapping[str, str]] = {}

LATE: Final = {"COLUMNS"}
"""Variables that are read when a command prints, not when something is imported."""


def caloscope(*words: str | Path, code: int = 0) -> str:
    """Standard output of a command that must end with this exit code; for an error, its standard error.

    Its process is a child of one that has imported what commands import (`forking.py`), which takes seconds;
    where the test has changed the environment otherwise than by `LATE`, it is started from nothing.
    """
    done = ended(*words)
    assert done.code == code, f"exit code {done.code}\n{done.out}\n{done.told}"
    return done.told if code else done.out


class Ended(NamedTuple):
    """Exit code, standard output and standard error of a command."""

    code: int
    out: str
    told: str


def ended(*words: str | Path) -> Ended:
    """The same, whatever it ends with."""
    said = [str(word) for word in words]
    return (forked if changed().keys() <= LATE else from_nothing)(said)


def environment() -> dict[str, str]:
    """What a command sees of the environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


STARTED_IN: Final = environment()


def changed() -> dict[str, str | None]:
    """Variables that are not as when the tests began, with None for those that are gone."""
    now = environment()
    return {name: now.get(name) for name, _ in now.items() ^ STARTED_IN.items()}


def from_nothing(words: list[str]) -> Ended:
    """What a new interpreter makes of them."""
    command = [sys.executable, "-m", "caloscope", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def forked(words: list[str], folder: Path | None = None, variables: Mapping[str, str] = NO_MORE) -> Ended:
    """The same, by a child of the process that has everything imported; in a folder, with more variables."""
    with tempfile.TemporaryDirectory() as place:
        out, told = Path(place) / "out", Path(place) / "err"
        process = started(words, out, told, folder=folder, variables=variables)
        try:
            returned = process.wait(LONGEST)
        finally:
            process.kill()
        return Ended(returned, out.read_text("utf-8"), told.read_text("utf-8"))


def started(
    words: list[str],
    out: Path,
    told: Path | None = None,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] = NO_MORE,
) -> Forked:
    """A command that runs; what it says is added to files, all of it to `out` where there is no other."""
    out.touch()
    set_now = {**changed(), **variables}
    return parent(frozenset(STARTED_IN.items())).start(words, set_now, folder or Path.cwd(), out, told or out)
