"""How the response of a detector changes: run to run, over months, and from lumisection to lumisection."""

import math
from dataclasses import dataclass, fields
from functools import partial
from typing import Final, TypeVar

import numpy as np

from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.fields import Fields, Shares
from caloscope.simulate.series import autoregressive

_LARGEST: Final = 0.2
_PERIODS: Final = (240.0, 410.0, 730.0)
"""Days; slow drifts are sums of these oscillations, each of which starts at zero."""

_DAYS_A_MONTH: Final = 30.44
_MODES: Final = 4
_MEMORY: Final = 0.7
"""Correlation of the smooth changes from one lumisection to the next."""

_BLOCK: Final = 64
_CACHED: Final = 16
_TAG: Final = 0x57AB
_Key = TypeVar("_Key")
_PLACES, _RUN, _LUMI = range(3)

# The variance of one run's changes goes by a sixteenth to single cells: half a percent of 2 %.
_OF_A_RUN: Final = Shares(smooth=0.6875, regions=0.25, cells=0.0625)
_OF_A_DRIFT: Final = Shares(smooth=0.25, regions=0.5, cells=0.25)
_OF_A_MODE: Final = Shares(smooth=1.0, regions=0.0, cells=0.0)


@dataclass(frozen=True, slots=True)
class Stability:
    """How much the response of cells changes, as relative rms; 0.2 at most.

    `run_to_run` is typical: places differ, from half of it to twice. `drift_a_month` is the slope of a slow
    drift over months, `lumi_to_lumi` the size of smooth changes that last a few lumisections.
    """

    run_to_run: float = 0.02
    drift_a_month: float = 0.01
    lumi_to_lumi: float = 0.003

    def __post_init__(self) -> None:
        """Refuses what is no rms."""
        for field in fields(self):
            found = getattr(self, field.name)
            if not 0.0 <= found <= _LARGEST:
                raise UsageError(f"{field.name} is {found}: expected a relative change from 0 to {_LARGEST}")


STEADY: Final = Stability(0.0, 0.0, 0.0)
"""Nothing ever changes."""

DEFAULT: Final = Stability()
"""What real calorimeters do: 1-4 % from run to run, about 1 % a month."""


class Changes:
    """The changes of one view of the detector with this seed; all maps of the view share them.

    Run to run, each cell has an rms of its own between half and twice `stability.run_to_run`; neighbours
    change together, and so do cells that share hardware. All of it depends on run, lumisection and day
    alone.
    """

    def __init__(self, view: View, seed: int, stability: Stability) -> None:
        self._view, self._seed, self._stability = view, seed, stability
        self._ones = np.ones(view.shape)
        self._ones.setflags(write=False)
        self._steady = stability == STEADY
        self._runs: dict[int, Array] = {}
        self._blocks: dict[tuple[int, int], Array] = {}
        if not self._steady:
            self._fields = Fields(view)
            self._settle()

    def factor(self, at: Conditions) -> Array:
        """What multiplies the rate of each cell, in the view's shape: 1 on average over runs.

        It is 1 where no cell exists. Not to be written to.
        """
        if self._steady:
            return self._ones
        weights = np.concatenate((self._phases(at.day), self._amplitudes(at.run, at.lumi)))
        factor = np.ones(self._view.shape)
        factor[self._view.exists] = np.exp(self._of_run(at.run) + weights @ self._basis)
        return factor

    def _settle(self) -> None:
        """What never changes: the size of the changes in each cell, and the shapes of drifts and modes."""
        rng = self._stream(_PLACES)
        draw = self._fields.draw
        self._size = self._stability.run_to_run * 2.0 ** np.tanh(draw(rng, _OF_A_MODE))
        # Slopes of all periods alike: together, and over time, their rms is drift_a_month.
        slope = self._stability.drift_a_month / _DAYS_A_MONTH * math.sqrt(2.0 / len(_PERIODS))
        drifts = [slope * period / (2.0 * math.pi) * draw(rng, _OF_A_DRIFT) for period in _PERIODS]
        modes = np.array([draw(rng, _OF_A_MODE) for _ in range(_MODES)])
        modes *= self._stability.lumi_to_lumi / np.sqrt(np.square(modes).sum(axis=0))
        self._basis = np.concatenate((drifts, modes))

    def _of_run(self, run: int) -> Array:
        """Logarithm of a run's factor in the cells that exist; its exponential is 1 on average."""
        if run not in self._runs:
            field = self._fields.draw(self._stream(_RUN, run), _OF_A_RUN)
            _put(self._runs, run, self._size * field - 0.5 * self._size**2)
        return self._runs[run]

    def _phases(self, day: float) -> Array:
        return np.array([math.sin(2.0 * math.pi * day / period) for period in _PERIODS])

    def _amplitudes(self, run: int, lumi: int) -> Array:
        """Of the modes in one lumisection: an autoregressive series in each run, whatever its length."""
        block, place = divmod(lumi, _BLOCK)
        if (run, block) not in self._blocks:
            _put(self._blocks, (run, block), self._series(run, block))
        return np.asarray(self._blocks[run, block][place])

    def _series(self, run: int, block: int) -> Array:
        """Amplitudes of all lumisections of a block, shape (lumisections, modes)."""
        return autoregressive(partial(self._steps, run), block, _MEMORY)

    def _steps(self, run: int, block: int) -> Array:
        return self._stream(_LUMI, run, block + 1).standard_normal((_BLOCK, _MODES))

    def _stream(self, *numbers: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, _TAG, *numbers, *self._view.name.encode()])


def _put(cache: dict[_Key, Array], key: _Key, value: Array) -> None:
    """Into a cache of bounded size, the oldest out."""
    while len(cache) >= _CACHED:
        del cache[next(iter(cache))]
    cache[key] = value
