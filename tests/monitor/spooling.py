"""A spool, and a monitor that runs as its own process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from caloscope.store import FileRow, Store

from ..forked import Forked
from ..pipeline.making import LABEL
from ..running import caloscope, started

PATIENCE = 40.0


@dataclass(frozen=True)
class Site:
    """The folders of one monitor, and the bundle that it runs."""

    folder: Path
    bundle: Path

    @property
    def spool(self) -> Path:
        """Where files are dropped."""
        return self.folder / "spool"

    @property
    def store(self) -> Path:
        """Where verdicts go."""
        return self.folder / "store.sqlite"

    @property
    def output(self) -> Path:
        """Where DQM files go."""
        return self.folder / "output"

    @property
    def log(self) -> Path:
        """All that the monitor says."""
        return self.folder / "monitor.log"

    def lines(self, *words: str) -> list[str]:
        """Lines of the log that hold all these words."""
        return [line for line in self.log.read_text().splitlines() if all(word in line for word in words)]

    def files(self) -> list[FileRow]:
        """The ledger, but for what has only begun."""
        with Store(str(self.store), read_only=True) as store:
            return [row for row in store.files() if row.status != "STARTED"]

    def noted(self, name: str) -> list[FileRow]:
        """Rows of the ledger for one name."""
        return [row for row in self.files() if Path(row.path).name == name]

    def told(self, name: str, *options: str) -> str:
        """What a command on the store prints."""
        return caloscope(name, "--store", self.store, *options)

    @contextmanager
    def monitor(self, *options: str) -> Iterator[Forked]:
        """A monitor that runs; it is killed at the end if it still does."""
        words = ["monitor", str(self.spool), "--store", str(self.store), "--output-dir", str(self.output)]
        given = ["--label", LABEL, "--bundle", str(self.bundle), "--poll-seconds", "0.2", *options]
        process = started([*words, *given], self.log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def prepared(folder: Path, bundle: Path) -> Site:
    """A site with an empty spool and an empty store."""
    site = Site(folder, bundle)
    site.spool.mkdir()
    with Store(str(site.store)):
        return site


def until(what: Callable[[], object], process: Forked | None = None) -> None:
    """Wait until something is so; fails when it takes too long or the monitor ends meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while True:
        began = time.monotonic()
        if what():
            return
        assert time.monotonic() < deadline, "it never came"
        assert process is None or process.poll() is None, "the monitor ended"
        time.sleep(max(0.02, 2 * (time.monotonic() - began)))
