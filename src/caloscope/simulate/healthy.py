"""A healthy detector: what its cells count on average, how that fluctuates, and one lumisection of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array, Noise
from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.geometry import View
from caloscope.records import Counts
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.stability import DEFAULT, Stability


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


def healthy(
    spec: MapSpec, view: View, seed: int, *, stability: Stability = DEFAULT, pattern: Array | None = None
) -> Healthy:
    """The map of a detector with this seed.

    `pattern` replaces the pattern that the seed would draw: rates per event at pileup 50 in the view's shape,
    zero for a dead cell. For ECAL only the ratios count, the sum is brought to the published line; for HCAL
    they are probabilities. Raises `UsageError` for a pattern that cannot be.
    """
    from caloscope.simulate.ecal import ecal
    from caloscope.simulate.generic import generic
    from caloscope.simulate.hcal import hcal

    if pattern is not None:
        _check(pattern, view)
    makers: dict[str, Callable[..., Healthy]] = {
        "EB": ecal,
        "EE-": ecal,
        "EE+": ecal,
        "HCAL": hcal,
        "HO": hcal,
    }
    known = spec.producer in ("Ecal", "Hcal")
    return (makers[view.name] if known else generic)(spec, view, seed, stability, pattern)


def healthy_maps(
    maps: Iterable[tuple[MapSpec, View]],
    seed: int,
    *,
    stability: Stability = DEFAULT,
    patterns: Mapping[str, Array] | None = None,
) -> dict[str, Healthy]:
    """The maps of a detector with this seed, by map name; `patterns` by map name too."""
    found = patterns or {}
    return {
        spec.name: healthy(spec, on, seed, stability=stability, pattern=found.get(spec.name))
        for spec, on in maps
    }


def _check(pattern: Array, view: View) -> None:
    if pattern.shape != view.shape:
        raise UsageError(f"{view.name}: found a pattern of shape {pattern.shape}, expected {view.shape}")
    inside = pattern[view.exists]
    if not np.isfinite(inside).all() or inside.min() < 0.0 or not inside.any():
        raise UsageError(f"{view.name}: found a pattern that is negative, empty or no number, expected rates")
