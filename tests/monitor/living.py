"""A monitor in a thread of the test: quick to start, and its parts are at hand."""

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.monitor import Intake, monitor
from caloscope.monitor.pulse import Part
from caloscope.monitor.settings import Retry, Settings, Tuning
from caloscope.monitor.taken import Taken
from caloscope.store import FileRow, Store

from ..pipeline.making import LABEL, trained

QUICK = Settings(retry=Retry(first_seconds=0.1, longest_seconds=0.4, attempts=5))
"""Tries again soon, and not often."""


@dataclass
class Felt:
    """A pulse that remembers everything."""

    files: list[Taken] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    healings: list[str] = field(default_factory=list)
    looks: int = 0
    backlog: int = 0

    def waiting(self, files: int) -> None:
        self.backlog = files

    def taken(self, taken: Taken) -> None:
        self.files.append(taken)

    def trouble(self, what: Part, detail: str) -> None:
        self.troubles.append((what, detail))

    def healed(self, what: Part) -> None:
        self.healings.append(what)

    def looked(self) -> None:
        self.looks += 1

    def troubled(self, what: Part) -> list[str]:
        """What was told of a part."""
        return [detail for part, detail in self.troubles if part == what]


@dataclass
class Living:
    """A monitor that lives, and its store."""

    spool: Path
    store: Store
    pulse: Felt
    thread: threading.Thread
    tuning: Tuning

    def rows(self) -> list[FileRow]:
        """The ledger, but for what has only begun."""
        return [row for row in self.store.files() if row.status != "STARTED"]

    def row(self, name: str) -> FileRow | None:
        """The newest row of a name."""
        found = [row for row in self.rows() if Path(row.path).name == name]
        return found[-1] if found else None

    def until(self, what: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            if what():
                return
            assert self.thread.is_alive(), "the monitor ended"
            assert time.monotonic() < deadline, "it never came"
            # Who asks all the time takes the processor from the monitor, which shares it.
            time.sleep(max(0.01, 3 * (time.monotonic() - began)))

    def done(self, *names: str) -> None:
        """Wait until these are done."""

        def are_done() -> bool:
            newest = {Path(row.path).name: row.status for row in self.rows()}
            return all(newest.get(name) == "DONE" for name in names)

        self.until(are_done)


@contextmanager
def living(
    folder: Path,
    *,
    output_dir: Path | None = None,
    settings: Settings = QUICK,
    given: Sequence[Bundle] | None = None,
    intake: type[Intake] = Intake,
) -> Iterator[Living]:
    """A monitor of `folder/spool`; it is stopped at the end, and must not have failed."""
    spool, stop, pulse, tuning = folder / "spool", threading.Event(), Felt(), Tuning(settings)
    spool.mkdir(exist_ok=True)
    problems: list[BaseException] = []

    def live() -> None:
        try:
            monitor(
                spool,
                made,
                opened,
                stop,
                label=LABEL,
                bundles=given or [toy()],
                output_dir=output_dir,
                poll_seconds=0.1,
                pulse=pulse,
                tuning=tuning,
            )
        except BaseException as error:
            problems.append(error)
            raise

    with Store(str(folder / "store.sqlite")) as opened:
        made = intake(opened, given or [toy()], LABEL)
        thread = threading.Thread(target=live)
        thread.start()
        try:
            yield Living(spool, opened, pulse, thread, tuning)
        finally:
            stop.set()
            thread.join(30)
    assert not problems
    assert not thread.is_alive()


def toy() -> Bundle:
    """The bundle of the small calorimeter, trained once for all tests."""
    return bundles.load(_folder() / "toy.bundle")


@lru_cache(maxsize=1)
def _folder() -> Path:
    kept = TemporaryDirectory()
    atexit.register(kept.cleanup)
    trained(Path(kept.name))
    return Path(kept.name)
