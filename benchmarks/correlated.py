"""Healthy fills in which neighbouring ECAL towers fluctuate together, as they do in real data.

Digis of a tower come from readouts of whole blocks of towers. What was measured on run 276582 is reproduced
where the variance beyond Poisson is made to 50 % by blocks of 3 x 3 towers, to 30 % by 5 x 5 and to 20 % by
single towers: a correlation of 0.57, 0.35 and 0.12 at distances 1, 2 and 3. Pattern, pileup and Fano factor
are those of the simulation with independent noise.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks.scoring import spec_of
from caloscope.records import Lumisection, MapRecord
from caloscope.simulate import Fill, Healthy
from caloscope.simulate.fill import PILEUP_ERROR

BLOCKS = {3: 0.5, 5: 0.3, 1: 0.2}
"""Side of a block, in towers, and its share of the variance beyond Poisson."""


def lumisections(fill: Fill, detector: Healthy) -> Iterator[Lumisection]:
    """Like the simulation's own, for one over-dispersed map `(y, x)`."""
    rng = np.random.default_rng([fill.seed, fill.run, len(BLOCKS)])
    for lumi in range(1, fill.lumis + 1):
        pileup = fill.pileup * float(np.exp(-lumi / fill.lifetime))
        events = int(rng.poisson(fill.events))
        measured = pileup * (1.0 + PILEUP_ERROR * float(rng.standard_normal()))
        mean = detector.mean(events, pileup)
        counts = rng.poisson(mean * _noise(mean, detector, rng)).astype(np.uint32)
        record = MapRecord(counts, events, measured)
        yield Lumisection(fill.label, fill.run, lumi, {spec_of(detector.view).name: record})


def _noise(mean: NDArray[np.float64], detector: Healthy, rng: np.random.Generator) -> NDArray[np.float64]:
    """What each tower's mean is multiplied by: 1 on average, with variance (fano - 1) / mean."""
    typical = np.where(mean > 0, mean, mean[mean > 0].mean())
    noise = np.zeros(mean.shape)
    for side, share in BLOCKS.items():
        # A block's gamma variable is shared by side^2 towers, and each tower is in as many blocks.
        scale = side**2 * (detector.fano - 1.0) / share
        shape = _pad(typical, side // 2, detector.view.circular) / scale
        gamma = rng.gamma(shape) / shape
        gamma = _join(gamma, side // 2, detector.view.circular)
        noise += share * sliding_window_view(gamma, (side, side)).mean(axis=(2, 3))
    return noise


def _pad(plane: NDArray[np.float64], margin: int, circular: tuple[bool, ...]) -> NDArray[np.float64]:
    """The plane with room for blocks whose centres lie beyond its edges."""
    for axis, around in enumerate(circular):
        width = [(margin, margin) if axis == each else (0, 0) for each in range(plane.ndim)]
        plane = np.pad(plane, width, mode="wrap") if around else np.pad(plane, width, mode="edge")
    return plane


def _join(gamma: NDArray[np.float64], margin: int, circular: tuple[bool, ...]) -> NDArray[np.float64]:
    """Make the margins of a circular axis the same blocks as its other end."""
    for axis, around in enumerate(circular):
        if around and margin:
            inner = np.moveaxis(gamma, axis, 0)[margin:-margin]
            joined = np.concatenate([inner[-margin:], inner, inner[:margin]])
            gamma = np.moveaxis(joined, 0, axis)
    return gamma
