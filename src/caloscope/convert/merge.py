"""From all that was found to the rows of the data set: ascending, each lumisection once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from caloscope.convert.combine import Parts, combine, is_copy
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


@dataclass(slots=True)
class _Past:
    """What is remembered of a map: an example of its kind, and the last lumisection that it covers."""

    kind: tuple[object, ...]
    covered: LumiId


@dataclass(frozen=True, slots=True)
class Merge:
    """How the rows of all shards become those of the data set.

    `views` gives the view of a map by its name and a run, None for a map that is no view's. `checksums` are
    those of the sources by number, None where one could not be read. `spoiled` names what some source held
    and could not be used: map, run, lumisection.
    """

    selection: Selection
    luminosity: Luminosity | None
    from_start: bool
    views: Callable[[str, int], View | None]
    checksums: Sequence[str | None]
    spoiled: frozenset[tuple[str, int, int]]
    drops: Drops = field(default_factory=Drops)

    def rows(self, index: Index) -> Iterator[Chosen]:
        """The lumisections, ascending; what is left out is added to `drops`."""
        growing = Growing(from_start=self.from_start)
        past: dict[str, _Past] = {}
        for lumi, found in index:
            rows = self._without_copies(lumi, found)
            maps: dict[str, Found] = {}
            for name in sorted({name for row in rows for name in row.maps}):
                chosen = self._one(name, lumi, rows, growing)
                if chosen is not None and self._fits(name, lumi, chosen, past):
                    maps[name] = self._with_pileup(lumi, chosen)
            if maps:
                began = [row.began_at for row in rows if row.began_at is not None]
                yield Chosen(lumi, min(began, default=None), maps)
            index.trim()

    def _without_copies(self, lumi: LumiId, rows: list[ShardRow]) -> list[ShardRow]:
        """The rows, each part once: parts add up, so that a copy of one would count its events again."""
        kept: list[ShardRow] = []
        for row in rows:
            parts = [other for other in kept if other.partial] if row.partial else []
            if any(self._same_source(row, other) or is_copy(row, other) for other in parts):
                for name in row.maps:
                    self.drops.add(name, Why.DUPLICATE, *lumi)
            else:
                kept.append(row)
        return kept

    def _same_source(self, row: ShardRow, other: ShardRow) -> bool:
        """Whether two rows are of one file and of a copy of it."""
        checksum = self.checksums[row.source]
        return (
            row.source != other.source and checksum is not None and checksum == self.checksums[other.source]
        )

    def _one(self, name: str, lumi: LumiId, rows: list[ShardRow], growing: Growing) -> Found | None:
        """One map of one lumisection; None where it is left out.

        Of what grows, what is new is of use only where no source has the lumisection by itself; but it is
        always remembered, for the next to be compared with.
        """
        entries = [(row.maps[name], row.partial) for row in rows if name in row.maps]
        grown = [stored for stored, _ in entries if stored.cumulative]
        gain = self._gain(name, lumi, grown, growing) if grown else None
        single = [(stored, partial) for stored, partial in entries if not stored.cumulative]
        if not single:
            if gain is None:
                self.drops.add(name, Why.NO_BASELINE, *lumi)
            return gain
        if (name, *lumi) in self.spoiled and all(partial for _, partial in single):
            # A part of it is lost, and what is left is no lumisection.
            self.drops.add(name, Why.CONFLICT, *lumi)
            return None
        found, dropped = combine(single)
        for why in dropped:
            self.drops.add(name, why, *lumi)
        if gain is not None:
            self.drops.add(name, Why.OVERLAP, *lumi)
        return self._sum(name, lumi, found) if isinstance(found, Parts) else found

    def _gain(self, name: str, lumi: LumiId, grown: list[Stored], growing: Growing) -> MapRecord | None:
        """What a map that grows has gained; the first source is believed."""
        first, dropped = combine([(stored, False) for stored in grown])
        for why in dropped:
            self.drops.add(name, why, *lumi)
        if not isinstance(first, Stored):
            return None
        return growing.step(name, lumi, first, self.views(name, lumi.run)).record

    def _sum(self, name: str, lumi: LumiId, parts: Parts) -> MapRecord | None:
        try:
            return parts.record()
        except OverflowError:
            self.drops.add(name, Why.CONFLICT, *lumi)
            return None

    def _fits(self, name: str, lumi: LumiId, found: Found, past: dict[str, _Past]) -> bool:
        """Whether a map passes the selection and stands beside the rows before; says why where not."""
        why = self.selection.refuses(lumi, found.span) or self.selection.refuses_events(found.events)
        known = past.get(name)
        if why is None and known is not None:
            first = LumiId(lumi.run, lumi.lumi - found.span + 1)
            why = Why.OTHER_BINNING if known.kind != _kind(found) else None
            why = why or (Why.OVERLAP if first <= known.covered else None)
        if why is not None:
            self.drops.add(name, why, *lumi)
            return False
        past[name] = _Past(_kind(found), lumi)
        return True

    def _with_pileup(self, lumi: LumiId, found: Found) -> Found:
        """With the pileup of the luminosity file, where one was given, and of nothing else."""
        if self.luminosity is None:
            return found
        pileup = self.luminosity.pileup(lumi, found.span)
        return found.with_(pileup=pileup) if isinstance(found, Stored) else replace(found, pileup=pileup)


def _kind(found: Found) -> tuple[object, ...]:
    """What all rows of one array have in common."""
    if isinstance(found, Stored):
        return found.kind, found.shape, found.axes
    return "counts" if found.is_counts else "float", found.counts.shape, found.axes
