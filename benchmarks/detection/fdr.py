"""The false discovery rate at 99 % detection of a dead supercrystal, as the networks' notebooks take it.

One supercrystal of an image is dead. The threshold is the first percentile of the scores of the dead ones;
towers of good images above it are false. Of as many good images as faulty ones FDR = false / (false + found).
What multiplies three losses has three lumisections an image; all others have one alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.detection import regimes
from benchmarks.detection.contenders import NETWORKS, REFERENCE
from benchmarks.detection.networks import LOSS
from benchmarks.scoring import score
from caloscope.bundle import Bundle
from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.faults.active import Active
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scorer
from caloscope.records import MapRecord, Mask
from caloscope.simulate import Conditions, Fill, Healthy, conditions
from caloscope.study.rows import Row

IMAGES: Final = 30_000
GROUP: Final = 1_500
"""Lumisections of one task."""

LUMIS: Final = {REFERENCE: 1, NETWORKS[0]: 3, "resnet": 1, "masked": 1, "blind-spot": 1, LOSS: 3}
"""Lumisections of one image."""

DETECTED: Final = 0.99
FIRST_RUN: Final = 170_000
FINE: Final = 100.0
"""Bins of scores per decade."""

LOWEST, HIGHEST = -30, 30

Histogram = dict[str, int]
"""Number of towers by the bin of their score's logarithm, as text."""


def count(name: str, group: int, bundles: Mapping[str, Bundle]) -> dict[str, dict[str, Histogram]]:
    """Scores of good towers and of dead ones, by detector, in the lumisections of one group."""
    _, healthy = regimes.subject(name)
    runs = range(group * GROUP // regimes.RUN_LUMIS, (group + 1) * GROUP // regimes.RUN_LUMIS)
    found = {}
    for title, bundle in bundles.items():
        scorer = Scorer(_alone(title, bundle), "benchmark")
        good: Counter[int] = Counter()
        dead: Counter[int] = Counter()
        for run in runs:
            fill = regimes.STEADY_EVENTS.fill(
                FIRST_RUN + run, regimes.RUN_LUMIS, regimes.FIRST_HELD_OUT_DAY + run % 10, low_statistics=0.0
            )
            _see(scorer, healthy, fill, LUMIS[title], good, dead)
        found[title] = {"good": _told(good), "dead": _told(dead)}
    return found


def _alone(title: str, bundle: Bundle) -> Bundle:
    """CMSSW's chain as in the notebooks: one lumisection an image, three losses."""
    if not isinstance(bundle.detector, CmsswMl):
        return bundle
    settings = {**bundle.detector.settings(), "n_ls": 1, "n_loss": LUMIS[title], "min_events": 100}
    detector = CmsswMl.restore(settings, bundle.detector.arrays(), bundle.model)
    return replace(bundle, detector=detector)


def _see(
    scorer: Scorer, healthy: Healthy, fill: Fill, lumis: int, good: Counter[int], dead: Counter[int]
) -> None:
    """Every image of a run, and every second one of them once more with a dead tower."""
    alive = np.asarray(scorer.bundle.detector.alive & (healthy.rate > 0))
    towers = np.argwhere(alive)
    for number, image in enumerate(_images(fill, lumis)):
        values = _score(scorer, healthy, image, ())
        if values is None:
            continue
        good.update(_bins(values[alive]).tolist())
        if number % 2 == 0:
            rng = np.random.default_rng([regimes.SEED, fill.run, number])
            cell = np.zeros(alive.shape, np.bool_)
            cell[tuple(towers[int(rng.integers(len(towers)))])] = True
            values = _score(scorer, healthy, image, _dead(healthy, cell))
            if values is not None:
                dead.update(_bins(values[cell]).tolist())


def _images(fill: Fill, lumis: int) -> Iterator[list[Conditions]]:
    course = list(conditions(fill))
    for first in range(0, len(course) - lumis + 1, lumis):
        yield course[first : first + lumis]


def _dead(healthy: Healthy, cell: Mask) -> tuple[Active, ...]:
    fault = Row("cell", 0.0).fault(healthy.spec.name, cell, onset=1)
    return (Active(fault, 1, cell, 1.0, 1, 1.0),)


def _score(
    scorer: Scorer, healthy: Healthy, image: list[Conditions], faults: tuple[Active, ...]
) -> Array | None:
    """Evidence or score of each tower after the last lumisection, from a fresh start."""
    state: State = scorer.initial()
    for at in image:
        given = Given(at.id, MapRecord(healthy.draw(at, faults), at.events, at.measured), "")
        scored = score(scorer, given, state)
        state = scored.state
    values = scored.result.badness
    return None if values is None else values.astype(np.float64)


def _bins(values: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    logarithm = np.log10(np.clip(values.ravel(), 10.0**LOWEST, 10.0**HIGHEST))
    return np.floor(FINE * logarithm).astype(np.int64)


def _told(counts: Counter[int]) -> Histogram:
    return {str(value): number for value, number in sorted(counts.items())}


def rate(good: Mapping[int, int], dead: Mapping[int, int], images: int) -> tuple[int, float]:
    """False towers in so many good images, and the false discovery rate, at 99 % detection."""
    total = sum(dead.values())
    below, cut = 0, min(dead)
    for value in sorted(dead):
        if below > (1.0 - DETECTED) * total:
            break
        cut, below = value, below + dead[value]
    false = sum(number for value, number in good.items() if value >= cut)
    return false, false / (false + DETECTED * images)
