"""How lumisections of HCAL are measured, real and simulated ones alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.geometry import View, view
from caloscope.geometry.hcal_layout import IETA, Subdetector, phase0, subdetectors
from caloscope.records import Mask
from caloscope.simulate.conditions import Conditions, Dataset
from caloscope.simulate.hcal.detector import HcalMap, hcal
from caloscope.simulate.stability import STEADY, Stability

Array = NDArray[np.float64]

SPECS = load()
ON = view("HCAL", "2017")
HB: Mask = subdetectors("2017") == Subdetector.HB
HE: Mask = (subdetectors("2017") == Subdetector.HE) & phase0("2017")
ring_of = np.broadcast_to(np.abs(np.array(IETA)), ON.shape)
depth_of = np.broadcast_to(np.arange(1, 8)[:, None, None], ON.shape)


def made(name: str = "HCAL/digi", era: str = "2017", seed: int = 3, stability: Stability = STEADY) -> HcalMap:
    spec = SPECS[name]
    return hcal(spec, view(spec.view, era), seed, stability, None)


def lumi(number: int = 1, events: int = 1600, dataset: Dataset = "JetHT", pileup: float = 50.0) -> Conditions:
    return Conditions(306138, number, events, pileup, pileup, dataset)


def drawn(detector: HcalMap, events: Sequence[int], first: int = 1) -> Array:
    """Counts of lumisections with so many events, shape (lumisections, *view's)."""
    ats = [lumi(first + number, size) for number, size in enumerate(events)]
    return np.stack([detector.draw(at) for at in ats]).astype(np.float64)


def around(detector: HcalMap, count: int) -> Array:
    """Standardized residuals around what is truly expected; NaN where nothing varies."""
    usual = detector.expected(lumi()) / lumi().events
    varies = (usual > 0.0) & (usual < 0.99)
    found = []
    for number in range(1, count + 1):
        at = lumi(number)
        mean = detector.expected(at)
        sigma = np.sqrt(np.where(varies, mean * (1.0 - mean / at.events), np.nan))
        found.append((detector.draw(at) - mean) / sigma)
    return np.stack(found)


def residuals(counts: Array, events: NDArray[np.int64], cells: Mask) -> Array:
    """Standardized residuals around what the lumisections themselves say, without the cells' common mode.

    Variance 1 after the loss of one degree of freedom; NaN for cells that never or nearly always count.
    """
    share = counts.sum(axis=0) / events.sum()
    live = cells & (share > 0.0) & (share < 0.98)
    p, trials = share[live], events[:, None]
    moved = -(1.0 - p) * np.log1p(-p)
    common = (counts[:, live] - trials * p).sum(axis=1) / (events * moved.sum())
    mean = trials * (p + common[:, None] * moved)
    found = np.full(counts.shape, np.nan)
    found[:, live] = (counts[:, live] - mean) / np.sqrt(mean * (1.0 - mean / trials))
    return np.asarray(found * np.sqrt(len(events) / (len(events) - 1)))


def correlation(z: Array, iphi: int = 0, ieta: int = 0, depths: int = 0) -> float:
    """Mean product of residuals of channels so far apart."""
    other = np.roll(z, -iphi, axis=2)[:, depths:, :, ieta:]
    near = z[:, : z.shape[1] - depths, :, : z.shape[3] - ieta]
    return float(np.nanmean(near * other))


def sums(z: Array, p: Array, on: View, kind: str, name: str) -> Array:
    """Variance of the sums over regions, in units of what independent channels would have."""
    found = []
    for region in on.regions:
        cells = region.members & np.isfinite(z[0])
        if region.kind == kind and region.name.startswith(name) and cells.any():
            sigma = np.sqrt(p[cells] * (1.0 - p[cells]))
            found.append(((z[:, cells] * sigma).sum(axis=1) ** 2).mean() / np.square(sigma).sum())
    return np.array(found)
