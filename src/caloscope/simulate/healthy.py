"""A healthy detector: what its cells count on average, how that fluctuates, and one lumisection of it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array, Noise
from caloscope.faults.active import Active
from caloscope.geometry import View
from caloscope.records import Counts
from caloscope.simulate.conditions import Conditions


class Healthy(Protocol):
    """One map of a healthy detector; the same for the same seed, whatever is simulated beside it.

    `rate` holds the counts per event and cell of a ZeroBias event at pileup 50, averaged over runs; zero
    where a cell is dead or does not exist. All arrays have the view's shape.
    """

    @property
    def spec(self) -> MapSpec:
        """The map."""
        ...

    @property
    def view(self) -> View:
        """Its geometry."""
        ...

    @property
    def noise(self) -> Noise:
        """How its counts vary."""
        ...

    @property
    def rate(self) -> NDArray[np.float64]:
        """Counts per event and cell at pileup 50."""
        ...

    def expected(self, at: Conditions, faults: Sequence[Active] = ()) -> Array:
        """Mean counts in these conditions, with the faults where some are given."""
        ...

    def draw(self, at: Conditions, faults: Sequence[Active] = ()) -> Counts:
        """Counts of one lumisection.

        Cells that no fault touches, by itself or through its neighbours, count the same without it.
        """
        ...

    def covariance(self, at: Conditions) -> Array:
        """Covariance of healthy counts around `expected`, `(cells, cells)` of cells that exist, in C order.

        Made for oracles and tests: it may take seconds.
        """
        ...
