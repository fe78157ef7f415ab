"""What a healthy map counts per event: simple patterns with the published overall shapes.

Only as faithful as a first light needs: the profiles, the pileup lines and the size of the noise are those of
the real detector, the noise of neighbouring cells is independent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Noise
from caloscope.errors import UsageError
from caloscope.geometry import View

# Digis per 500 events of a whole subdetector against pileup: slope and intercept of CMSSW's MLClient.
PILEUP_LINES = {
    "EB": (9087.286563128135, 391987.0277612837),
    "EE+": (2097.2732312108365, 49052.249594965317),
    "EE-": (2029.6458650640531, 48741.671992196306),
}
FANO = {"EB": 11.6, "EE+": 12.0, "EE-": 12.0}
COMMON_MODE = 0.0035
HCAL_SLOPE = -0.006
"""Relative change of HCAL occupancy per unit of pileup; it falls by about a tenth over a run."""

# Mean and spread over channels of the probability to count in an event, by subdetector (run 306138).
HCAL_LEVELS = {"HB": (0.40, 0.14), "HE": (0.40, 0.15), "HF": (1.0, 0.0), "HO": (0.33, 0.12)}


@dataclass(frozen=True, slots=True, eq=False)
class Healthy:
    """One map of a healthy detector: `rate` per event and cell at pileup `pileup`, and its noise."""

    view: View
    noise: Noise
    rate: NDArray[np.float64]
    fano: float
    slope: float
    pileup: float = 50.0

    def mean(self, events: int, pileup: float) -> NDArray[np.float64]:
        """Mean counts for this many events at this pileup."""
        mean = self.rate * (1.0 + self.slope * (pileup - self.pileup)) * events
        return np.minimum(mean, float(events)) if self.noise == "binomial" else mean


def healthy(view: View, noise: Noise, rng: np.random.Generator) -> Healthy:
    """A detector of this geometry with a fixed pattern drawn from `rng`."""
    if view.name in PILEUP_LINES:
        return _ecal(view, rng)
    if noise == "binomial":
        return _hcal(view, rng)
    rate = np.where(view.exists, 0.5 * rng.lognormal(0.0, 0.15, view.shape), 0.0)
    return Healthy(view, noise, rate, 4.0, 0.01)


def healthy_maps(maps: Iterable[tuple[MapSpec, View]], seed: int) -> dict[str, Healthy]:
    """The detector of a seed, by map name.

    Each map has a seed of its own, so that it is the same detector whatever else is simulated beside it.
    """
    return {
        spec.name: healthy(on, spec.noise, np.random.default_rng([seed, *spec.name.encode()]))
        for spec, on in maps
    }


def _ecal(view: View, rng: np.random.Generator) -> Healthy:
    slope, intercept = PILEUP_LINES[view.name]
    per_event = (slope * 50.0 + intercept) / 500.0
    shape = np.where(view.exists, _profile(view) * rng.lognormal(0.0, 0.08, view.shape), 0.0)
    rate = shape / shape.sum() * per_event
    return Healthy(view, "overdispersed", rate, FANO[view.name], slope / 500.0 / per_event)


def _profile(view: View) -> NDArray[np.float64]:
    y, x = np.mgrid[0 : view.y.bins, 0 : view.x.bins]
    if view.name == "EB":  # 1.32 at the edges in eta, 0.81 in the centre
        return np.asarray(0.81 + 0.51 * (np.abs(y - 16.5) / 16.5) ** 2)
    radius = np.hypot(y - 9.5, x - 9.5)  # from 2.2 near the beam hole to 0.9 at the rim
    return np.asarray(0.9 + 1.3 * np.clip((10.0 - radius) / 6.0, 0.0, 1.0) ** 2)


def _hcal(view: View, rng: np.random.Generator) -> Healthy:
    rate = np.zeros(view.shape)
    left = view.exists.copy()
    for region in reversed(view.regions):
        level = HCAL_LEVELS.get(region.name)
        if level is not None:
            drawn = rng.normal(level[0], level[1], view.shape) if level[1] else np.full(view.shape, level[0])
            rate[region.members] = np.clip(drawn, 0.04, 1.0)[region.members]
            left &= ~region.members
    if view.name == "HO" or not (rate > 0).any():
        rate = np.where(view.exists, np.clip(rng.normal(*HCAL_LEVELS["HO"], view.shape), 0.04, 0.9), 0.0)
    elif left.any():
        count = int(left.sum())
        raise UsageError(f"{view.name}: {count} cells belong to no subdetector that can be simulated")
    return Healthy(view, "binomial", np.where(view.exists, rate, 0.0), 1.0, 0.0)
