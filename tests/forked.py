"""Commands that run as children of one process, which has imported what they need (`forking.py`)."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path


class Forked:
    """A command that runs, used as a `subprocess.Popen`."""

    def __init__(self, parent: "Parent", pid: int) -> None:
        self._parent = parent
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        if self.returncode is None:
            self.returncode = self._parent.code_of(self.pid, 0.0)
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """The same, after it has ended. Raises `TimeoutExpired`."""
        if self.returncode is None:
            self.returncode = self._parent.code_of(self.pid, timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send one, where it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and the line that says so is on its way
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As `kill -9` does."""
        self.send_signal(signal.SIGKILL)


class Parent:
    """The process whose children the commands are; it ends with the one of the tests."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            env=dict(environment),
            bufsize=0,
        )
        self._said = b""
        self._codes: dict[int, int] = {}
        atexit.register(self.end)

    def start(
        self, words: list[str], variables: Mapping[str, str | None], folder: Path, out: Path, told: Path
    ) -> Forked:
        """Begin a command."""
        assert self._process.stdin is not None
        asked = [words, dict(variables), str(folder), str(out), str(told)]
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        deadline = time.monotonic() + 60.0
        while True:
            for line in self._heard(deadline - time.monotonic()):
                if "began" in line:
                    return Forked(self, line["began"])
            if time.monotonic() > deadline:
                parent.cache_clear()  # what it says next would be taken for the answer to the next one
                self.end()
                raise TimeoutError(f"{words}: not begun in a minute")

    def code_of(self, pid: int, seconds: float) -> int | None:
        """The exit code of a command, once; None while it runs, after so long."""
        deadline = time.monotonic() + seconds
        self._heard(0.0)
        while pid not in self._codes and (left := deadline - time.monotonic()) > 0:
            self._heard(left)
        return self._codes.pop(pid, None)

    def _heard(self, seconds: float) -> list[dict[str, int]]:
        """Lines that came, waited for so long; what ended is noted."""
        stdout = self._process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], max(0.0, seconds))[0]:
            return []
        found = os.read(stdout.fileno(), 65_536)
        if not found:
            parent.cache_clear()
            raise EOFError("the process that forks has ended")
        *lines, self._said = (self._said + found).split(b"\n")
        heard: list[dict[str, int]] = [json.loads(line) for line in lines]
        self._codes |= {line["ended"]: line["code"] for line in heard if "ended" in line}
        return heard

    def end(self) -> None:
        """With the commands that still run."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.communicate()


@cache
def parent(environment: frozenset[tuple[str, str]]) -> Parent:
    """The one of this process, which has such variables."""
    return Parent(dict(environment))
