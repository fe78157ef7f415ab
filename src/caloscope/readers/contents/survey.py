"""Going through the lumisections of a file and noting what there is, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.errors import SourceError
from caloscope.readers.maps.origin import is_simulated
from caloscope.readers.shelf import BinAxis, Shelf

MAX_NAMES = 400_000
"""Names that are kept of one file; an offline file of all of CMS has some 100,000."""

MAX_RUNS = 10_000
MAX_ASSUMPTIONS = 20
MAX_TEXT = 200

_SCALARS = ("iLumiSection", "processedEvents", "iRun")
"""Looked for in every `<top folder>/EventInfo`, beside what the catalogue names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is looked at.

    The names of `lumis` lumisections are read (None: of all), and the binning of `histograms` histograms
    (None: of all) whose path matches the shell pattern `pattern`; those with another path are not listed.
    """

    lumis: int | None = 50
    histograms: int | None = 2000
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A histogram, in all lumisections that were looked at.

    `axes` (x, y, z), `kind` and `total`, the sum of its bins without overflows, are those of the first
    lumisection that holds it; `kind` *real*: some of its bins hold no count; *unread*: it was not looked
    into, `axes` is empty. *damaged* says in `detail` what was found instead. `total` is None where it is not
    known or not finite.
    """

    path: str
    lumis: int
    kind: Literal["counts", "real", "mean", "unread", "damaged"] = "unread"
    axes: tuple[BinAxis, ...] = ()
    total: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunLumis:
    """The lumisections of one run: first, last, and how many there are."""

    run: int
    first: int
    last: int
    number: int


class Survey:
    """What was seen so far of a file's lumisections."""

    def __init__(self, limits: Limits, catalogue: Mapping[str, MapSpec]) -> None:
        self._limits = limits
        self._catalogue = catalogue
        self._runs: dict[int, RunLumis] = {}
        self._entries: dict[str, Entry] = {}
        self._read = 0
        self.lumis = 0
        self.looked_at = 0
        self.more = 0
        self.spans = (1, 1)
        self.grows = False
        self.partial = False
        self.simulated = False
        self.names: set[str] = set()
        self.tops: set[str] = set()
        self.scalars: dict[str, str] = {}
        self.assumptions: dict[str, None] = {}

    def add(self, shelf: Shelf) -> None:
        """Note one lumisection; only a part of it once enough were looked at. Raises `SourceError`."""
        place = shelf.place
        low, high = self.spans if self.lumis else (place.span, place.span)
        self.spans = (min(low, place.span), max(high, place.span))
        self.grows |= place.grows
        self.partial |= place.partial
        self.lumis += 1
        self._count(place.run, place.lumi)
        for text in place.assumptions[: MAX_ASSUMPTIONS - len(self.assumptions)]:
            self.assumptions[text[:MAX_TEXT]] = None
        if self._limits.lumis is None or self.looked_at < self._limits.lumis:
            self._look(shelf)
            self.looked_at += 1

    def runs(self) -> tuple[RunLumis, ...]:
        """Every run, ascending."""
        return tuple(self._runs[run] for run in sorted(self._runs))

    def entries(self) -> tuple[Entry, ...]:
        """Every histogram that matches the pattern, by path."""
        return tuple(self._entries[path] for path in sorted(self._entries))

    def _count(self, run: int, lumi: int) -> None:
        seen = self._runs.get(run)
        if seen is not None:
            self._runs[run] = RunLumis(run, min(seen.first, lumi), max(seen.last, lumi), seen.number + 1)
        elif len(self._runs) < MAX_RUNS:
            self._runs[run] = RunLumis(run, lumi, lumi, 1)

    def _look(self, shelf: Shelf) -> None:
        """All names of a lumisection, and the histograms among them that are new."""
        self.tops |= shelf.tops
        self.simulated = self.simulated or is_simulated(shelf)
        if not self.looked_at:
            self._read_scalars(shelf)
        here = set(islice(shelf.names(), MAX_NAMES + 1))
        for path in sorted(here):
            if path not in self.names and len(self.names) >= MAX_NAMES:
                self.more += 1
                continue
            self.names.add(path)
            if self._limits.pattern is None or fnmatchcase(path, self._limits.pattern):
                self._note(shelf, path)

    def _note(self, shelf: Shelf, path: str) -> None:
        seen = self._entries.get(path)
        if seen is not None:
            self._entries[path] = replace(seen, lumis=seen.lumis + 1)
        elif self._limits.histograms is None or self._read < self._limits.histograms:
            self._read += 1
            self._entries[path] = _entry(shelf, path)
        else:
            self._entries[path] = Entry(path, 1)

    def _read_scalars(self, shelf: Shelf) -> None:
        """Events, pileup and the like of a lumisection, in the order of the catalogue."""
        paths = [p for spec in self._catalogue.values() for p in (*spec.events, *spec.pileup)]
        paths += [f"{top}/EventInfo/{name}" for top in sorted(shelf.tops) for name in _SCALARS]
        for path in dict.fromkeys(paths):
            try:
                text = shelf.scalar(path)
            except SourceError as error:
                text = f"damaged: {error.found}"
            if text is not None:
                self.scalars[path] = text[:MAX_TEXT]


def _entry(shelf: Shelf, path: str) -> Entry:
    """One histogram as it is in its first lumisection; what is wrong with it is noted, not raised."""
    try:
        histogram = shelf.histogram(path)
    except SourceError as error:
        return Entry(path, 1, "damaged", detail=error.found[:MAX_TEXT])
    if histogram is None:
        return Entry(path, 1, "damaged", detail="nothing under its name")
    kind = "mean" if histogram.mean else kind_of(histogram.values)
    return Entry(path, 1, kind, histogram.axes, total_of(histogram.values))


def kind_of(values: NDArray[Any]) -> Literal["counts", "real"]:
    """Whether all bins hold whole numbers, none of them negative."""
    with np.errstate(invalid="ignore"):
        return "counts" if bool(((values >= 0) & (np.floor(values) == values)).all()) else "real"


def total_of(values: NDArray[Any]) -> float | None:
    """The sum of all bins, None where it is not finite."""
    with np.errstate(all="ignore"):
        total = float(values.sum(dtype=np.float64))
    return total if isfinite(total) else None
