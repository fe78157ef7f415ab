"""The processes of the demo: whether they run, and their end."""

import socket
import subprocess
from pathlib import Path

from caloscope.errors import CaloscopeError


def check(processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Raises `CaloscopeError` where one of the processes has ended."""
    for process in processes:
        if process.poll() is not None:
            raise CaloscopeError(f"a process ended with code {process.returncode}; see the logs in {folder}")


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ends the processes, by force those that do not answer."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
