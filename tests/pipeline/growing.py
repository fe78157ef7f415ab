"""Lumisections whose map grows through the run, as the online system's snapshots hold it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from caloscope.records import Lumisection, MapRecord

from .making import MAP, RUN, fill

EVERY = 10
"""Lumisections from one snapshot to the next."""


def snapshots(lumisections: Sequence[Lumisection], every: int = EVERY) -> list[Lumisection]:
    """Every so many lumisections, with all that the map counted since the first one given."""
    totals = np.cumsum([each.maps[MAP].counts for each in lumisections], axis=0, dtype=np.uint32)
    events = np.cumsum([each.maps[MAP].events or 0 for each in lumisections])
    return [
        with_record(each, replace(each.maps[MAP], counts=counts, events=int(number), cumulative=True))
        for each, counts, number in zip(lumisections, totals, events, strict=True)
        if each.lumi % every == 0
    ]


def spans(lumisections: Sequence[Lumisection], every: int = EVERY) -> list[Lumisection]:
    """The same lumisections summed without overlap, as a data set holds them."""
    groups = [lumisections[start : start + every] for start in range(0, len(lumisections), every)]
    return [
        with_record(group[-1], replace(_summed(group), pileup=group[-1].maps[MAP].pileup, span=every))
        for group in groups
        if len(group) == every
    ]


def with_record(lumisection: Lumisection, record: MapRecord) -> Lumisection:
    """The lumisection with another record of the map."""
    return replace(lumisection, maps={MAP: record})


def restarted() -> list[Lumisection]:
    """Snapshots of a run in which the producer starts again after lumisection 45, and of the next run."""
    first = fill(110)
    return [*snapshots(first[:45]), *snapshots(first[45:]), *snapshots(fill(40, run=RUN + 1))]


def _summed(group: Sequence[Lumisection]) -> MapRecord:
    records = [each.maps[MAP] for each in group]
    counts = np.stack([record.counts for record in records]).sum(axis=0, dtype=np.uint32)
    return MapRecord(np.asarray(counts), sum(record.events or 0 for record in records))
