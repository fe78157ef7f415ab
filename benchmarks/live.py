"""A simulated detector, a live monitor of all its maps, a page server, and who listens to that: processes."""

import itertools
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from caloscope import training
from caloscope.config.catalogue import load
from caloscope.errors import CaloscopeError
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.records import Lumisection
from caloscope.simulate import Fill, healthy_maps, lumisections, write_lumisection

ERA: Final = "2018"
LABEL: Final = "benchmark"
RUN: Final = 320_002
TRAINING_RUN: Final = 320_001
TRAINING_LUMIS: Final = 60
MAPS: Final = ("EB/digi", "EE-/digi", "EE+/digi", "HCAL/digi", "HO/digi")
PRODUCERS: Final = {name: load()[name].producer for name in MAPS}
PATIENCE: Final = 60.0
TOLD: Final = 12
"""Lines of a log that are told when something went wrong."""

_PULSES: Final = os.sysconf("SC_CLK_TCK")


class Site:
    """The folders of one benchmark, and the simulated detector behind them."""

    def __init__(self, folder: Path, maps: Sequence[str] = MAPS) -> None:
        self.folder = folder
        self.store = folder / "store.sqlite"
        self.spool, self.staging, self.output = (folder / name for name in ("spool", "staging", "output"))
        for path in (self.spool, self.staging):
            path.mkdir()
        self.maps = [(load()[name], view(load()[name].view, ERA)) for name in maps]
        self._detectors = healthy_maps(self.maps, seed=1)

    def learn(self) -> list[Path]:
        """Bundles of the reference detector for all maps."""
        good = list(self.fill(TRAINING_RUN, TRAINING_LUMIS))
        folders = [self.folder / f"{spec.slug}.bundle" for spec, _ in self.maps]
        for (spec, on), folder in zip(self.maps, folders, strict=True):
            training.train(good, spec, on, folder)
        return folders

    def fill(self, run: int, lumis: int, faults: Sequence[Fault] = ()) -> Iterator[Lumisection]:
        """Lumisections of a calm run."""
        return lumisections(Fill(run, lumis, 1), self._detectors, faults)

    def write(self, lumisection: Lumisection) -> list[Path]:
        """Both producers' files of a lumisection, beside the spool."""
        return write_lumisection(self.staging, lumisection, self.maps, began_at=time.time())


class Usage(NamedTuple):
    """What a process has used so far: memory in bytes, seconds of a core, open files, threads.

    `resident` is what lies in memory, `private` the part of it that no file stands behind.
    """

    resident: int
    private: int
    seconds: float
    descriptors: int
    threads: int


def usage(number: int) -> Usage:
    """What Linux says of a process. Raises `OSError` where there is none."""
    folder = Path(f"/proc/{number}")
    said = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    kilobytes = [int(said[name].split()[0]) for name in ("VmRSS", "RssAnon")]
    # The name, in brackets, may hold spaces.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / _PULSES
    descriptors = sum(1 for _ in (folder / "fd").iterdir())
    return Usage(1024 * kilobytes[0], 1024 * kilobytes[1], seconds, descriptors, int(said["Threads"]))


@contextmanager
def running(log: Path, module: str, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m MODULE WORDS` as a process, asked to end at the end; what it says goes to a log."""
    with log.open("wb") as told:
        command = [sys.executable, "-m", module, *map(str, words)]
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)  # noqa: S603 - ours
    try:
        yield process
    except CaloscopeError:
        sys.stderr.write("\n".join([f"{log.name}:", *log.read_text().splitlines()[-TOLD:], ""]))
        raise
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


@contextmanager
def monitoring(site: Site, *more: object) -> Iterator[subprocess.Popen[bytes]]:
    """A live monitor on the spool of a site, with new bundles for all maps."""
    given = itertools.chain.from_iterable(("--bundle", path) for path in site.learn())
    words = ("--store", site.store, "--label", LABEL, "--output-dir", site.output, *more)
    with running(site.folder / "monitor.log", "caloscope", "monitor", site.spool, *given, *words) as process:
        yield process


@contextmanager
def serving(site: Site) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A page server on the store of a site, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = site.folder / "serve.log"
    with running(log, "caloscope", "serve", "--store", site.store, "--port", port) as process:
        until(lambda: _answers(port), "the page server", process)
        yield process, port


def until(what: Callable[[], object], name: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until something is so. Raises `CaloscopeError` when that takes too long or the process ends."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise CaloscopeError(f"{name}: waited in vain, expected it within {PATIENCE:.0f} s")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


class Stream:
    """The page's stream of changes, as a browser reads it; to be waited for with `select`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.sendall(
            b"GET /api/changes HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        )
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def wait(self, seconds: float) -> bool:
        """Whether something came within so many seconds."""
        return bool(select.select([self], [], [], seconds)[0])

    def take(self) -> list[dict[str, Any]]:
        """What the changes that came say; waits until something came. Raises `CaloscopeError` at the end."""
        content = self._socket.recv(1 << 16)
        if not content:
            raise CaloscopeError("the stream of changes ended, expected it to last")
        *lines, self._rest = (self._rest + content).split(b"\n")
        return changes_in(lines)


def changes_in(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The changes among lines of a stream; headers, heartbeats and the sizes of chunks are none."""
    return [json.loads(line[5:]) for line in lines if line.startswith(b"data:") and b"{" in line]
