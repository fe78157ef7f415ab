"""Figures of the table: delays with their intervals, and whether a detector comes close to the oracle."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from scipy.stats import binom

from caloscope.study.metrics.intervals import CONFIDENCE, wilson
from caloscope.study.results import Interval

SHORT: Final = 4.0
"""Oracle's median delays up to this may be exceeded by one lumisection, longer ones by a factor."""

MORE: Final = 1.0
FACTOR: Final = 1.3
LESS: Final = 0.05
"""How much less often than the oracle a fault may be found, as a share of the trials."""


@dataclass(frozen=True, slots=True)
class Delays:
    """The delays of one detector in the trials of one row, ascending, infinite where it found nothing."""

    values: tuple[float, ...]
    window: int

    @classmethod
    def of(cls, found: Sequence[int | None], window: int) -> "Delays":
        """From what the trials brought."""
        return cls(tuple(sorted(np.inf if each is None else float(each) for each in found)), window)

    @property
    def found(self) -> Interval:
        """The share that was found, with its interval."""
        return wilson(sum(isfinite(each) for each in self.values), len(self.values))

    @property
    def median(self) -> float:
        """Of all trials, those without success included: infinite where less than half were found."""
        middle = len(self.values) // 2
        low = self.values[middle - 1] if len(self.values) % 2 == 0 else self.values[middle]
        return (low + self.values[middle]) / 2

    @property
    def around_median(self) -> tuple[float, float]:
        """Order statistics that hold the true median between them at 95 % (binomial)."""
        number = len(self.values)
        low = int(binom.ppf((1.0 - CONFIDENCE) / 2, number, 0.5))
        return self.values[max(low - 1, 0)], self.values[min(number - low, number - 1)]

    def quantile(self, share: float) -> float:
        """The delay within which so many of the trials were found."""
        return self.values[int(np.ceil(share * len(self.values))) - 1]

    def found_text(self) -> str:
        """Per cent, with the interval."""
        return self.found.text(0, 100)

    def median_text(self) -> str:
        """The median, with the interval."""
        low, high = (self._text(each) for each in self.around_median)
        return f"{self._text(self.median)} ({low} to {high})"

    def late_text(self) -> str:
        """The delay of 90 %."""
        return self._text(self.quantile(0.9))

    def short_text(self) -> str:
        """Per cent found, and the median."""
        return f"{100 * self.found.value:.0f} %, {self._text(self.median)}"

    def _text(self, value: float) -> str:
        return f"{value:g}" if isfinite(value) else f"> {self.window}"


def met(found: Delays, oracle: Delays) -> bool:
    """Whether the target is met: median delay and share found."""
    limit = oracle.median + MORE if oracle.median <= SHORT else FACTOR * oracle.median
    often = found.found.value >= oracle.found.value - LESS - 1e-9
    return bool(found.median <= limit and often)
