"""From all that was found to the rows of the data set: ascending, each lumisection once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from caloscope.convert.combine import Parts, combine
from caloscope.convert.dropped import Drops, Why
from caloscope.convert.growing import Growing
from caloscope.convert.index import Index
from caloscope.convert.luminosity import Luminosity
from caloscope.convert.selection import Selection
from caloscope.dataset import ShardRow, Stored
from caloscope.geometry import View
from caloscope.records import LumiId, MapRecord

Found: TypeAlias = Stored | MapRecord
"""One map of one lumisection; the counts themselves are looked at only where they must be."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One lumisection of the data set."""

    id: LumiId
    began_at: float | None
    maps: dict[str, Found]


@dataclass(frozen=True, slots=True)
class Merge:
    """How the rows of all shards become those of the data set.

    `views` gives the view of a map by its name and a run, None for a map that is no view's.
    """

    selection: Selection
    luminosity: Luminosity | None
    from_start: bool
    views: Callable[[str, int], View | None]
    drops: Drops = field(default_factory=Drops)

    def rows(self, index: Index) -> Iterator[Chosen]:
        """The lumisections, ascending; what is left out is added to `drops`."""
        growing = Growing(from_start=self.from_start)
        known: dict[str, Stored] = {}
        for lumi, rows in index:
            maps: dict[str, Found] = {}
            for name in sorted({name for row in rows for name in row.maps}):
                found = self._one(name, lumi, rows, growing)
                if isinstance(found, Stored) and not _alike(found, known.setdefault(name, found)):
                    self.drops.add(name, Why.OTHER_BINNING, *lumi)
                elif found is not None:
                    maps[name] = found
            if maps:
                began = [row.began_at for row in rows if row.began_at is not None]
                yield Chosen(lumi, min(began, default=None), maps)
            index.trim()

    def _one(self, name: str, lumi: LumiId, rows: list[ShardRow], growing: Growing) -> Found | None:
        """One map of one lumisection; None where it is left out."""
        found, dropped = combine([(row.maps[name], row.partial) for row in rows if name in row.maps])
        for why in dropped:
            self.drops.add(name, why, *lumi)
        settled = self._settled(name, lumi, found, growing)
        refused = settled if isinstance(settled, Why) else self._refused(lumi, settled)
        if isinstance(settled, Why) or refused is not None:
            self.drops.add(name, refused or Why.CONFLICT, *lumi)
            return None
        return self._with_pileup(lumi, settled)

    def _settled(self, name: str, lumi: LumiId, found: Stored | Parts, growing: Growing) -> Found | Why:
        """The map with its parts added and nothing cumulative about it; why not, where that cannot be."""
        if isinstance(found, Parts):
            try:
                return found.record()
            except OverflowError:
                return Why.CONFLICT
        if not found.cumulative:
            return found
        return growing.step(name, lumi, found, self.views(name, lumi.run)).record or Why.NO_BASELINE

    def _refused(self, lumi: LumiId, found: Found) -> Why | None:
        return self.selection.refuses(lumi, found.span) or self.selection.refuses_events(found.events)

    def _with_pileup(self, lumi: LumiId, found: Found) -> Found:
        """With the pileup of the luminosity file, where one was given, and of nothing else."""
        if self.luminosity is None:
            return found
        pileup = self.luminosity.pileup(lumi, found.span)
        return found.with_(pileup=pileup) if isinstance(found, Stored) else replace(found, pileup=pileup)


def _alike(one: Stored, other: Stored) -> bool:
    """Whether two records can be rows of one array."""
    return (one.kind, one.shape, one.axes) == (other.kind, other.shape, other.axes)
