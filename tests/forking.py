"""A process that has imported what commands import, and forks one for each command that it is asked for.

Imports take up to four seconds of a command that is done in a tenth of one. A child is otherwise what
`python -m caloscope` is: it runs the same module as `__main__`, in its own folder, with its own arguments and
output. Asked for on standard input, a line of JSON each; a line says the number of its process, and one the
exit code, a signal as a negative one, when it has ended.
"""

import json
import multiprocessing
import os
import runpy
import signal
import sys
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any, Final

USUAL: Final = (
    "caloscope.cli",
    "caloscope.bundle",
    "caloscope.calibrate",
    "caloscope.figures",
    "caloscope.monitor.running",
    "caloscope.outputs",
    "caloscope.simulate",
    "caloscope.study",
    "caloscope.training",
    "caloscope.validation",
)
"""No torch: its threads do not survive a fork, and commands must not need it."""

AT_WORK: dict[int, ForkProcess] = {}
"""By their sentinels, which are ready when they have ended."""


def stop(signal_number: int, frame: FrameType | None) -> None:
    """Take along what is still at work."""
    for child in AT_WORK.values():
        child.kill()
    os._exit(1)


def become(words: list[str], variables: dict[str, str | None], folder: str, out: str, told: str) -> None:
    """Be the command, to its end, with some variables set and, where None, unset."""
    for name, value in variables.items():
        os.environ.pop(name, None)
        os.environ.update({name: value} if value is not None else {})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in ((1, out), (2, told)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.chdir(folder)
    sys.path[0] = folder  # as `-m` does
    sys.argv = ["caloscope", *words]
    runpy.run_module("caloscope", run_name="__main__", alter_sys=True)


def fork(asked: list[Any]) -> None:
    """Begin a command."""
    # Its end leaves out what libraries in C do at exit: they wait for threads that a fork does not take.
    child = multiprocessing.get_context("fork").Process(target=become, args=asked)
    # A child that is asked to end before it is a command must not do what this process does then.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    AT_WORK[child.sentinel] = child
    print(json.dumps({"began": child.pid}), flush=True)


def end(sentinel: int) -> None:
    """Say of a command that it has ended."""
    child = AT_WORK.pop(sentinel)
    child.join()
    print(json.dumps({"ended": child.pid, "code": child.exitcode}), flush=True)
    child.close()


def main() -> None:
    """Fork until nobody asks any more."""
    for name in USUAL:
        import_module(name)
    assert "torch" not in sys.modules
    signal.signal(signal.SIGTERM, stop)
    asked = b""
    while True:
        for ready in wait([0, *AT_WORK]):
            assert isinstance(ready, int)
            if ready:
                end(ready)
                continue
            found = os.read(0, 65_536)
            if not found:
                stop(signal.SIGTERM, None)
            *lines, asked = (asked + found).split(b"\n")
            for line in lines:
                fork(json.loads(line))


if __name__ == "__main__":
    main()
