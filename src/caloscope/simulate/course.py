"""What happens in the course of a run: prescale steps, beams that come up, beams that are lost."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array

_TAG: Final = 0xC0E5
_FEWEST, _MOST = 100.0, 2_500.0
_WITHOUT_BEAM: Final = 0.02
"""Share of the events that come without beam: noise and cosmic rays."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The course of a run of `lumis` lumisections.

    `steps_at` and `step_sizes` are the prescale steps. In the first `ramp` lumisections the beams come up.
    They are lost inside lumisection `dump_at` (None: never), after this share of it.
    """

    steps_at: tuple[int, ...]
    step_sizes: tuple[float, ...]
    ramp: int
    dump_at: int | None
    dump_share: float

    def dark(self, lumi: int) -> bool:
        """Whether a lumisection has no beam at all."""
        return (self.ramp > 0 and lumi == 1) or (self.dump_at is not None and lumi > self.dump_at)

    def risen(self, lumi: int) -> float:
        """How far the beams have come up, 0 to 1."""
        return min(1.0, (lumi - 1) / self.ramp) if self.ramp > 0 else 1.0

    def column(self, lumi: int) -> int:
        """How many prescale steps there were so far."""
        return sum(place <= lumi for place in self.steps_at)

    def rate(self, lumi: int, level: float) -> float:
        """Events, as a share of `level`, which is that of the start, without what the luminosity does.

        Prescale steps leave it between 100 and 2,500; one that would not goes the other way.
        """
        if self.dark(lumi):
            return _WITHOUT_BEAM
        share = self.dump_share if lumi == self.dump_at else 1.0
        return self._level(lumi, level) * share * self.risen(lumi)

    def _level(self, lumi: int, start: float) -> float:
        level = 1.0
        for place, size in zip(self.steps_at, self.step_sizes, strict=True):
            if place <= lumi:
                there = start * level * (1.0 + size)
                inside = (there >= _FEWEST or size > 0.0) and (there <= _MOST or size < 0.0)
                level *= 1.0 + (size if inside else -size)
        return level


def course(lumis: int, seed: int, run: int, *, steps: int, ramp: int, dump: bool) -> Course:
    """The course of the run with this seed."""
    rng = np.random.default_rng([seed, _TAG, run])
    # Near the end, with some lumisections left where the run is long enough.
    dump_at = int(rng.integers(max(1, lumis - max(4, lumis // 10)), max(2, lumis)))
    dump_share = float(rng.uniform(0.1, 0.9))
    places = np.sort(rng.integers(2, max(3, lumis + 1), steps))
    sizes: Array = rng.uniform(0.1, 0.2, steps) * rng.choice([-1.0, 1.0], steps)
    return Course(tuple(places.tolist()), tuple(sizes.tolist()), ramp, dump_at if dump else None, dump_share)
