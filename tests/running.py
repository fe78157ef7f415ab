"""Runs the command line as a user does: in a process of its own."""

import subprocess
import sys
from pathlib import Path


def caloscope(*words: str | Path, code: int = 0) -> str:
    """Standard output of a command that must end with this exit code; for an error, its standard error."""
    command = [sys.executable, "-m", "caloscope", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stderr if code else done.stdout
