"""DQM files that become those of other lumisections without being written anew."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.live import PATIENCE, Site
from caloscope.errors import CaloscopeError
from caloscope.records import LumiId, Lumisection
from caloscope.store import Store

_LOOK: Final = 0.02


@dataclass(frozen=True, slots=True)
class Stamped:
    """A DQM file of a lumisection, with its name; what is in it is not compressed but for the histograms."""

    name: str
    content: bytes
    id: LumiId

    def at(self, other: LumiId) -> tuple[str, bytes]:
        """The same file, of another lumisection. Raises `ValueError` for numbers of other lengths."""
        content, name = self.content, self.name
        for mine, its, before, after in (
            (self.id.run, other.run, b"", b""),
            (self.id.lumi, other.lumi, b"i=", b"</iLumiSection>"),
        ):
            if len(str(mine)) != len(str(its)):
                raise ValueError(f"{self.name}: found {its} for {mine}, expected as many digits")
            content = content.replace(before + b"%d" % mine + after, before + b"%d" % its + after)
        for letter, mine, its in (("R", self.id.run, other.run), ("L", self.id.lumi, other.lumi)):
            name = name.replace(f"_{letter}{mine:09d}", f"_{letter}{its:09d}")
        return name, content


def stamped(site: Site, lumisection: Lumisection, more: int) -> list[Stamped]:
    """Both files of a lumisection whose number is `more` higher."""
    moved = replace(lumisection, lumi=lumisection.lumi + more)
    files = site.write(moved)
    contents = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    return [Stamped(path.name, content, moved.id) for path, content in zip(files, contents, strict=True)]


class Feeder:
    """Fills a spool that holds at most `ahead` lumisections; a file that is done leaves it."""

    def __init__(self, site: Site, ahead: int, store: Store) -> None:
        self._site, self._ahead, self._store = site, ahead, store
        self._waiting: list[Path] = []

    def add(self, files: Sequence[Stamped], lumi: LumiId) -> None:
        """Rename the files of a lumisection into the spool, when there is room."""
        for each in files:
            name, content = each.at(lumi)
            self._put(name, content)
        self.wait(self._ahead * len(files))

    def end(self, last: LumiId) -> None:
        """The marker of the end of a run."""
        self._put(f"run{last.run}_ls{last.lumi:04d}_EoR.jsn", b"{}")

    def wait(self, most: int) -> None:
        """Until at most so many files wait. Raises `CaloscopeError` when none is done for long."""
        until = time.monotonic() + PATIENCE
        while len(self._waiting) > most:
            before = len(self._waiting)
            self._remove_done()
            if len(self._waiting) < before:
                until = time.monotonic() + PATIENCE
            elif time.monotonic() > until:
                raise CaloscopeError(f"{self._waiting[0].name}: waited in vain, expected it in the ledger")
            else:
                time.sleep(_LOOK)

    def _put(self, name: str, content: bytes) -> None:
        beside, path = self._site.staging / name, self._site.spool / name
        beside.write_bytes(content)
        self._waiting.append(beside.rename(path))

    def _remove_done(self) -> None:
        """Raises `CaloscopeError` for a file that went to quarantine: all of them are good."""
        for row in self._store.files_known([str(path) for path in self._waiting]).values():
            if row.status == "QUARANTINED":
                raise CaloscopeError(f"{row.path}: found {row.detail}, expected all files to be taken")
            if row.status == "DONE":
                Path(row.path).unlink()
                self._waiting.remove(Path(row.path))
