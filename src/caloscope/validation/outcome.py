"""One real sample or average compared with its simulation: all comparisons, and the maps behind them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.detectors.base import Array
from caloscope.simulate import Dataset
from caloscope.validation.compare import Comparison, compare
from caloscope.validation.expectation import residuals
from caloscope.validation.quantity import Quantity
from caloscope.validation.replicas import detectors, mean_pattern, replicas
from caloscope.validation.sample import Frame, Sample, Stack
from caloscope.validation.sources.averages import Average
from caloscope.validation.statistics import noise, pattern

Tell = Callable[[str, int, int], None]
"""Is told the title, how many replicas are done and how many there will be."""


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Mean counts, and residuals of one lumisection in standard deviations; NaN where left out."""

    mean: Array
    residual: Array


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of one sample.

    `noise` compares fluctuations, with replicas that have the sample's own pattern; `pattern` compares the
    fixed pattern with that of other detectors as the simulation draws them. `maps` are real and simulated
    ones.
    """

    name: str
    title: str
    source: str
    frame: Frame
    notes: tuple[str, ...]
    noise: tuple[Comparison, ...]
    pattern: tuple[Comparison, ...]
    maps: tuple[Maps, Maps] | None = None

    @property
    def label(self) -> str:
        """Title and file together, which name it among all."""
        return f"{self.title} ({self.source.rsplit('.', 1)[0]})"

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All of them."""
        return (*self.noise, *self.pattern)


def of_sample(sample: Sample, count: int, seed: int, tell: Tell) -> Outcome:
    """Compares a sample with `count` replicas of each kind."""
    real = noise(sample.frame, sample.stack)
    simulated: list[list[Quantity]] = []
    example: Stack | None = None
    for stack in replicas(sample, count, seed):
        example = example or stack
        simulated.append(noise(sample.frame, stack))
        tell(sample.title, len(simulated), 2 * count)
    fixed = _of_pattern(sample, count, seed, lambda done: tell(sample.title, count + done, 2 * count))
    shown = None if example is None else (_maps(sample.frame, sample.stack), _maps(sample.frame, example))
    return Outcome(
        sample.name,
        sample.title,
        sample.source,
        sample.frame,
        sample.notes,
        _each(real, simulated),
        fixed,
        shown,
    )


def of_average(average: Average, count: int, seed: int, tell: Tell) -> Outcome:
    """Compares a published average with the rates of `count` detectors."""
    real = pattern(average.frame, average.values, average.use, average.dead)
    simulated: list[list[Quantity]] = []
    for detector in detectors(average.frame, count, seed):
        alive = detector.rate > 0
        dead = np.asarray(average.frame.view.exists & ~alive)
        simulated.append(pattern(average.frame, detector.rate, average.use & alive, dead))
        tell(average.title, len(simulated), count)
    found = _each(real, simulated)
    return Outcome(average.name, average.title, average.source, average.frame, average.notes, (), found)


def _of_pattern(sample: Sample, count: int, seed: int, tell: Callable[[int], None]) -> tuple[Comparison, ...]:
    use = np.asarray(sample.stack.valid.any(0))
    real = pattern(sample.frame, sample.pattern, use, sample.dead)
    # The only HCAL data there are come from jet triggers, and no ECAL data say what they come from.
    dataset: Dataset = "JetHT" if sample.frame.binomial else "ZeroBias"
    simulated: list[list[Quantity]] = []
    for detector in detectors(sample.frame, count, seed):
        values, alive = mean_pattern(sample, detector, seed + len(simulated), dataset)
        dead = np.asarray(sample.frame.view.exists & ~alive)
        simulated.append(pattern(sample.frame, values, use & alive, dead))
        tell(len(simulated))
    return _each(real, simulated)


def _each(real: Sequence[Quantity], simulated: Iterable[Sequence[Quantity]]) -> tuple[Comparison, ...]:
    by_key: dict[str, list[Array]] = {}
    for one in simulated:
        for quantity in one:
            by_key.setdefault(quantity.key, []).append(quantity.values)
    return tuple(compare(quantity, by_key[quantity.key]) for quantity in real if quantity.key in by_key)


def _maps(frame: Frame, stack: Stack) -> Maps:
    res = residuals(frame, stack)
    z = res.standardised()[stack.lumis // 2]
    mean = np.where(res.lumis > 0, res.mean, np.nan)
    return Maps(mean, np.where(z != 0, z, np.nan))
