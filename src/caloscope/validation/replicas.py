"""The simulation of a real sample: the same lumisections again and again, with the same cells left out."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from caloscope.config.catalogue import load
from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.simulate import Conditions, Dataset, Healthy, healthy
from caloscope.validation.expectation import rank_one
from caloscope.validation.sample import Crystals, Frame, Sample, Stack

PILEUP = 50.0
"""What the simulation is told: the pileup at which a given pattern is reproduced as it stands."""

WITH_CRYSTALS = 200
"""Replicas that are drawn crystal by crystal at most, which takes longer."""

_RUN = 1_000


def replicas(sample: Sample, count: int, seed: int) -> Iterator[Stack]:
    """Stacks like the sample's, from one detector with the sample's own pattern, each in a run of its own."""
    frame = sample.frame
    # Rec hits are made from digis, so the pattern of the digis is behind both.
    shape = sample.pattern if sample.companion is None else sample.companion
    detector = healthy(frame.spec, frame.view, seed, pattern=shape)
    digis = None
    if sample.companion is not None:
        digis = healthy(load()[f"{frame.view.name}/digi"], frame.view, seed, pattern=sample.companion)
    for number in range(count):
        lumis = conditions(sample, detector, _RUN + number, seed)
        crystals = _crystals(detector, lumis, sample) if number < WITH_CRYSTALS else None
        drawn = _drawn(detector, lumis) if crystals is None else _towers(crystals, frame)
        events = sample.stack.events
        yield Stack(
            drawn, sample.stack.valid, events, crystals, None if digis is None else _drawn(digis, lumis)
        )


def detectors(frame: Frame, count: int, seed: int) -> Iterator[Healthy]:
    """Healthy detectors as they come, each with a pattern of its own."""
    for number in range(count):
        yield healthy(frame.spec, frame.view, seed + number)


def mean_pattern(sample: Sample, detector: Healthy, seed: int, dataset: Dataset) -> tuple[Array, Mask]:
    """Counts per lumisection, or event, of a detector in as many lumisections, and where it is alive."""
    lumis = conditions(sample, detector, _RUN, seed, dataset)
    drawn = _drawn(detector, lumis).sum(0)
    weight = float(sum(at.events for at in lumis)) if sample.frame.binomial else len(lumis)
    return drawn / weight, np.asarray(detector.rate > 0)


def conditions(
    sample: Sample, detector: Healthy, run: int, seed: int, dataset: Dataset = "ZeroBias"
) -> list[Conditions]:
    """Conditions in which the detector counts about as much as the sample did, lumisection by lumisection."""
    typical = Conditions(run, 1, 0, PILEUP, PILEUP, dataset=dataset, seed=seed)
    return [
        replace(typical, lumi=1 + sample.step * place, events=int(events))
        for place, events in enumerate(_events(sample, detector))
    ]


def _events(sample: Sample, detector: Healthy) -> Array:
    """Events as counted, or as many as make the detector count what was counted."""
    if sample.stack.events is not None:
        return np.asarray(sample.stack.events, dtype=float)
    counts, valid = sample.stack.counts, sample.stack.valid
    scale, mean = rank_one(counts.reshape(len(counts), -1), valid.reshape(len(counts), -1))
    use = valid.any(0) & (detector.rate > 0)
    a_lumisection = mean.reshape(use.shape)[use].sum() * scale
    return np.asarray(np.maximum(np.rint(a_lumisection / detector.rate[use].sum()), 1.0))


def _drawn(detector: Healthy, lumis: list[Conditions]) -> Array:
    return np.array([detector.draw(at) for at in lumis], dtype=float)


def _towers(crystals: Crystals, frame: Frame) -> Array:
    rows, columns = frame.view.y.bins, frame.view.x.bins
    blocks = crystals.counts.reshape(-1, rows, frame.spec.block, columns, frame.spec.block)
    return np.asarray(blocks.sum((2, 4)))


def _crystals(detector: Healthy, lumis: list[Conditions], sample: Sample) -> Crystals | None:
    """Crystals of the same lumisections, where the sample has them and the detector can draw them."""
    drawing = getattr(detector, "crystals", None)
    if sample.stack.crystals is None or drawing is None:
        return None
    counts = np.array([drawing(at) for at in lumis], dtype=float)
    return Crystals(counts, sample.stack.crystals.valid)
