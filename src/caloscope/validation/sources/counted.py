"""Samples from every file of counts that the readers know: CMS files, data sets, ML4DQM files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.geometry import View, era_of_run, view
from caloscope.readers import read
from caloscope.records import Lumisection
from caloscope.validation.expectation import LEAST_VARIANCE
from caloscope.validation.sample import Frame, Sample, Stack
from caloscope.validation.sources.crystals import sample_name
from caloscope.validation.sources.masking import Masked, mask

MOST_LUMIS = 500
"""Lumisections that are taken from one file at most."""


def counted_samples(path: Path, specs: list[MapSpec], era: str | None, events: int | None) -> list[Sample]:
    """A sample for each map of the file; raises `SourceError`, and `UsageError` without an era.

    `events` stands in where a lumisection does not say how many it has.
    """
    lumisections: list[Lumisection] = []
    for each in read(path, specs, label="validation", era=era, views=view):
        if each.simulated:
            raise UsageError(f"{path}: found simulated lumisections, expected real ones")
        lumisections.append(each)
        if len(lumisections) >= MOST_LUMIS:
            break
    if not lumisections:
        return []
    known = era or era_of_run(lumisections[0].run)
    return [
        made for spec in specs if (made := _sample(path, spec, view(spec.view, known), lumisections, events))
    ]


def _sample(
    path: Path, spec: MapSpec, on: View, lumisections: list[Lumisection], said: int | None
) -> Sample | None:
    usable = [each for each in lumisections if _is_usable(each, spec, said)]
    if len(usable) < 3:
        return None
    records = [each.maps[spec.name] for each in usable]
    counts = np.array([record.counts for record in records], dtype=float)
    events = np.array([record.events or said or 0 for record in records], dtype=np.int64)
    digis = _digis(spec, usable)
    kept = _alive(on, counts, events) if spec.noise == "binomial" else mask(on, counts)
    about = tuple(dict.fromkeys(text for each in usable for text in each.assumptions))
    return Sample(
        name=sample_name(spec.slug, path),
        title=f"{spec.name}, run {usable[0].run}, {len(usable)} LS",
        source=path.name,
        frame=Frame(spec, on),
        stack=Stack(counts, kept.valid, events if events.all() else None, companion=digis),
        pattern=kept.mean,
        dead=kept.dead,
        notes=(*about, *kept.notes),
        companion=None if digis is None else digis.sum(0) / events.sum(),
    )


def _is_usable(lumisection: Lumisection, spec: MapSpec, said: int | None) -> bool:
    """Whether a lumisection holds counts of the map, and the events that a binomial needs."""
    record = lumisection.maps.get(spec.name)
    return (
        record is not None
        and record.is_counts
        and bool(spec.noise == "overdispersed" or record.events or said)
    )


def _digis(spec: MapSpec, lumisections: list[Lumisection]) -> Array | None:
    """The digis of the same lumisections, where the map is one of rec hits and all of them hold both."""
    name = f"{spec.view}/digi"
    if spec.quantity != "rechit" or any(name not in each.maps for each in lumisections):
        return None
    return np.array([each.maps[name].counts for each in lumisections], dtype=float)


def _alive(on: View, counts: Array, events: NDArray[np.int64]) -> Masked:
    """Channels that count at all and not more than once an event."""
    total = counts.sum(0)
    dead = on.exists & (total == 0)
    share = total / max(int(events.sum()), 1)
    above = on.exists & (counts > events.reshape(-1, *[1] * (counts.ndim - 1))).any(0)
    valid = np.broadcast_to(on.exists & ~dead & ~above, counts.shape).copy()
    still = on.exists & ~dead & (share * (1 - share) * events.mean() < LEAST_VARIANCE)
    words = f"{int(dead.sum())} channels never count, {int(above.sum())} more than once an event: left out"
    note = f"{words}; {int(still.sum())} vary by less than {LEAST_VARIANCE:g} count: their noise says nothing"
    return Masked(valid, np.clip(share, 0.0, 1.0) * on.exists, dead, (note,))
