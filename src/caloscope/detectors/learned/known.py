"""What a detector that rebuilds maps from shapes knows beside its shapes, and the answer that it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Expectation, NotKnown, Observation, Settings
from caloscope.detectors.learned.change import steepness
from caloscope.detectors.learned.kept import array_of, number_of
from caloscope.detectors.learned.rows import Cells, Rows
from caloscope.detectors.learned.shape import Rebuild, robust_shape
from caloscope.detectors.learned.spread import residual_dispersion
from caloscope.detectors.learned.typical import Expected, Typical
from caloscope.errors import BundleError
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The typical map and the `dispersion` of counts around what was rebuilt, in the view's shape.

    The dispersion is a Fano factor or an intraclass correlation. `run_change` is the relative rms by which
    the activity of a cell differs from run to run.
    """

    typical: Typical
    dispersion: Array
    run_change: float

    def with_residuals(self, rows: Rows, rebuild: Rebuild, components: int) -> Self:
        """With what the rebuilt maps leave in the lumisections that were learned from."""
        pairs = (
            (seen.counts, self._mean(seen.counts, expected, rebuild), expected.events)
            for seen, expected in rows.shown
        )
        typical, lost = self.typical, 1 + components
        found = residual_dispersion(pairs, typical.rate, typical.alive, typical.noise, lost=lost)
        return replace(self, dispersion=found)

    def answer(self, observation: Observation, rebuild: Rebuild) -> Answer:
        """The counts expected in this lumisection, given the shape of its own map."""
        expected = self.typical.expected(observation, follow=True)
        if isinstance(expected, NotKnown):
            return expected
        mean = self._mean(observation.counts, expected, rebuild)
        return Expectation(
            noise=self.typical.noise,
            mean=mean,
            dispersion=self.dispersion,
            testable=self.typical.alive,
            relative_error=self._error(mean, expected.events),
            trials=expected.events if self.typical.noise == "binomial" else 0.0,
            degraded=expected.degraded,
        )

    def _mean(self, counts: Array, expected: Expected, rebuild: Rebuild) -> Array:
        cells = Cells.of(counts, expected, self.typical, self.dispersion)
        mean = np.zeros(self.typical.alive.shape)
        mean[self.typical.alive] = cells.mean(
            robust_shape(cells.ratio, cells.strength, rebuild), expected.events
        )
        return mean

    def _error(self, mean: Array, events: float) -> Array:
        """Relative rms by which the mean may be off for a run: what the reference counted, and changes."""
        typical = self.typical
        inflation = self.dispersion
        if typical.noise == "binomial":
            inflation = (1.0 - typical.rate) * (1.0 + max(0.0, events - 1.0) * self.dispersion)
        steep = steepness(mean, events, typical.noise) / np.where(mean > 0, mean, 1.0)
        return np.sqrt(typical.relative_error**2 * inflation + (self.run_change * steep) ** 2)

    def settings(self) -> dict[str, str | int | float | bool]:
        """The plain values that a bundle's card keeps."""
        return self.typical.settings() | {"run_change": self.run_change}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return self.typical.arrays() | {"dispersion": self.dispersion}

    @classmethod
    def restore(cls, name: str, settings: Settings, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """What a bundle kept of the detector `name`. Raises `BundleError` when it does not fit."""
        typical = Typical.restore(name, settings, arrays)
        dispersion = array_of(name, arrays, "dispersion", typical.rate.shape)
        if not (dispersion > 0).all():
            raise BundleError(f"{name}: found a dispersion of zero, expected positive ones")
        return cls(typical, dispersion, number_of(name, settings, "run_change"))


def on_view(values: Array, alive: Mask) -> Array:
    """Components `(component, cell)` of the living cells in the view's shape, zero elsewhere."""
    found = np.zeros((len(values), *alive.shape))
    found[:, alive] = values
    return found


def per_activity(values: Array, strength: Array) -> Array:
    """Components in standard deviations, `(component, cell)`, as relative changes of activity."""
    return np.asarray(np.where(strength > 0, values / np.where(strength > 0, strength, 1.0), 0.0))
