"""Months of data taking: fills of the accelerator, with several runs in each."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.records import LUMISECTION_SECONDS
from caloscope.simulate.conditions import Beam, Dataset
from caloscope.simulate.fill import SECONDS_A_DAY, Fill

START: Final = 1_525_132_800.0
"""When a campaign begins where nothing else is said: 1 May 2018."""

MOST_RUNS: Final = 100_000
_SHORTEST, _LONGEST = 6 * 3600.0, 14 * 3600.0
_BETWEEN_RUNS: Final = 120.0
"""Seconds, at least, from the end of a run to the start of the next."""

_LEVELS: Final[dict[Beam, tuple[float, float]]] = {
    "protons": (150.0, 2_000.0),
    "ions": (60.0, 250.0),
    "none": (100.0, 600.0),
}
"""Between which numbers of events per lumisection fills differ."""

_TAG: Final = 0x5EA5
_LONG: Final = 30
"""Lumisections that a run must have for its beams to come up or be lost in it."""


def campaign(
    first_run: int,
    runs: int,
    lumis: int,
    seed: int,
    days: float = 30.0,
    *,
    dataset: Dataset = "ZeroBias",
    beam: Beam = "protons",
    label: str = "simulated",
    began_at: float = START,
) -> list[Fill]:
    """So many runs of about `lumis` lumisections, in fills of 6 to 14 hours spread over `days`.

    Run numbers ascend in uneven steps from `first_run`. A fill has one to five runs; its pileup starts at
    45 to 60 and decays through all of them; its level of events is its own. One run in ten is short. Beams
    come up in the first run of half of the fills, and are lost in the last run of half of them, where it is
    long enough. Each run has a seed of its own, drawn from `seed`. Raises `UsageError` where the days are
    too few for the runs.
    """
    if not (1 <= runs <= MOST_RUNS and 0.0 < days <= 100_000.0):
        raise UsageError(f"found {runs} runs in {days} days, expected 1 to {MOST_RUNS} runs, days above 0")
    usual = Fill(
        first_run,
        lumis,
        seed,
        label=label,
        dataset=dataset,
        beam=beam,
        low_statistics=0.02,
        gaps=0.002,
        began_at=began_at,
    )
    rng = np.random.default_rng([seed, _TAG])
    lengths = _lengths(rng, runs, lumis)
    numbers = first_run + np.concatenate(([0], rng.integers(1, 60, runs - 1).cumsum()))
    groups = list(_groups(rng, lengths))
    made: list[Fill] = []
    for group, (start, length) in zip(groups, _timetable(rng, groups, lengths, days), strict=True):
        made += _fill(usual, rng, numbers[group], lengths[group], start, length)
    return made


def _lengths(rng: np.random.Generator, runs: int, lumis: int) -> NDArray[np.int64]:
    """Lumisections of each run: some end early."""
    share = np.where(rng.random(runs) < 0.1, rng.uniform(0.1, 0.4, runs), rng.uniform(0.75, 1.25, runs))
    lengths: NDArray[np.int64] = np.maximum(1, np.rint(share * lumis)).astype(np.int64)
    return lengths


def _groups(rng: np.random.Generator, lengths: NDArray[np.int64]) -> Iterator[slice]:
    """Which runs make a fill: one to five, as many as it has time for."""
    first = 0
    while first < len(lengths):
        last, wanted = first + 1, int(rng.integers(2, 6))
        while last < min(first + wanted, len(lengths)) and _busy(lengths[first : last + 1]) <= _LONGEST:
            last += 1
        yield slice(first, last)
        first = last


def _busy(lengths: NDArray[np.int64]) -> float:
    """Seconds that runs take, with the breaks after them."""
    return float(lengths.sum()) * LUMISECTION_SECONDS + _BETWEEN_RUNS * len(lengths)


def _timetable(
    rng: np.random.Generator, groups: Sequence[slice], lengths: NDArray[np.int64], days: float
) -> list[tuple[float, float]]:
    """Start and length of each fill in seconds; what time there is between them is shared at random."""
    busy = np.array([_busy(lengths[group]) for group in groups])
    whole, wanted = days * SECONDS_A_DAY, np.maximum(busy, rng.uniform(_SHORTEST, _LONGEST, len(groups)))
    if busy.sum() > whole:
        least = math.ceil(busy.sum() / SECONDS_A_DAY)
        raise UsageError(f"found {days:g} days for {len(lengths)} runs, expected {least} or more")
    long = wanted if wanted.sum() <= whole else busy
    starts = _spread(rng, long, whole)
    return list(zip(starts.tolist(), long.tolist(), strict=True))


def _spread(rng: np.random.Generator, lengths: Array, whole: float) -> Array:
    """Where pieces of these lengths start that follow one another within `whole`."""
    pauses = rng.dirichlet(np.full(len(lengths) + 1, 2.0))[:-1] * (whole - lengths.sum())
    return np.asarray(pauses.cumsum() + lengths.cumsum() - lengths)


def _fill(
    usual: Fill,
    rng: np.random.Generator,
    numbers: NDArray[np.int64],
    lengths: NDArray[np.int64],
    start: float,
    length: float,
) -> Iterator[Fill]:
    """The runs of one fill, which begins `start` seconds after the campaign and takes `length`."""
    low, high = _LEVELS[usual.beam]
    level, pileup = low * (high / low) ** rng.random(), rng.uniform(45.0, 60.0)
    lifetime, rises, falls = rng.uniform(1_200.0, 1_800.0), rng.random() < 0.5, rng.random() < 0.5
    begins = start + _spread(rng, lengths.astype(np.float64) * LUMISECTION_SECONDS + _BETWEEN_RUNS, length)
    for place, (run, lumis, begin) in enumerate(zip(numbers, lengths, begins.tolist(), strict=True)):
        left = math.exp(-(begin - begins[0]) / LUMISECTION_SECONDS / lifetime)
        rate = level * (math.sqrt(left) if usual.dataset == "JetHT" else 1.0)
        long = lumis >= _LONG and usual.beam != "none"
        yield replace(
            usual,
            run=int(run),
            lumis=int(lumis),
            seed=int(rng.integers(2**31)),
            events=round(max(0.6 * low, rate)),
            pileup=pileup * left,
            lifetime=lifetime,
            prescale_steps=int(rng.poisson(lumis / 150.0)),
            ramp=int(rng.integers(3, 9)) if long and rises and place == 0 else 0,
            dump=bool(long and falls and place == len(numbers) - 1),
            day=begin / SECONDS_A_DAY,
            began_at=(usual.began_at or 0.0) + begin,
        )
