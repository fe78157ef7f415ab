"""Real ROOT in a process of its own, which is asked one line at a time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, Self


class RootProcess:
    """A process that runs `script`, a file beside this one; a context manager."""

    script: ClassVar[str]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(self.script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        # Killed, as what ROOT does at its end is of no interest here.
        self._process.kill()
        self._process.communicate()

    def ask(self, told: dict[str, Any]) -> str:
        """The line with which it answers."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()
