"""Runs the command line as a user does: in a process of its own."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

LONGEST: Final = 110
"""Seconds that a command may take."""

OURS: Final = ("PYTEST_", "KMP_", "MKL_", "PYTORCH_", "TORCHINDUCTOR_")
"""Beginnings of variables that tests and libraries set meanwhile and that no command looks at."""

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


def forked(words: list[str]) -> Ended:
    """The same, by a child of the process that has everything imported."""
    with tempfile.TemporaryDirectory() as folder:
        out, told = Path(folder) / "out", Path(folder) / "err"
        returned = _parent().run(words, changed(), str(Path.cwd()), str(out), str(told))
        return Ended(returned, out.read_text("utf-8"), told.read_text("utf-8"))


class _Parent:
    """The process whose children are the commands; it ends with the one of the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            env=STARTED_IN,
        )
        atexit.register(self.end)

    def run(self, words: list[str], variables: dict[str, str | None], *places: str) -> int:
        """Exit code of a command in a folder, with files for what it says; a signal is negative."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([words, variables, *places]).encode() + b"\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], LONGEST)[0]:
            _parent.cache_clear()
            self.end()
            raise TimeoutError(f"{words}: not done in {LONGEST} s")
        return int(process.stdout.readline())

    def end(self) -> None:
        """With the command that it waits for."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.terminate()
            self._process.communicate()
        atexit.unregister(self.end)


@cache
def _parent() -> _Parent:
    return _Parent()
