"""Views, healthy counts of every family of noise, and faults at work, for the tests of faults."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.faults import Fault, capacity
from caloscope.faults.active import Active
from caloscope.geometry import View, view
from caloscope.records import Counts

EVENTS = 400
TOY = """
name = "Toy"
[views.TOY]
y = { name = "iy", low = 0, high = 6, bins = 6 }
x = { name = "ix", low = 0, high = 8, bins = 8 }
absent = [{ iy = 1, ix = 1 }]
regions = [{ name = "west", kind = "half", boxes = [{ ix = "1..4" }] }]
"""


@dataclass(frozen=True, eq=False)
class Maker:
    """Healthy lumisections of one map: a mean, and counts around it."""

    map: str
    view: View
    mean: NDArray[np.float64]
    capacity: float

    def counts(self, rng: np.random.Generator) -> Counts:
        if self.view.name in ("HCAL", "HO"):
            return rng.binomial(EVENTS, self.mean / EVENTS).astype(np.uint32)
        if self.view.name == "TOY":  # a negative binomial of Fano factor 3
            gamma = rng.gamma(np.maximum(self.mean, 1e-9) / 2.0, 2.0)
            drawn: NDArray[np.int64] = np.where(self.mean > 0.0, rng.poisson(gamma), 0)
            return drawn.astype(np.uint32)
        # half of the digis come 25 at once
        counts: NDArray[np.int64] = 25 * rng.poisson(self.mean / 50.0) + rng.poisson(self.mean / 2.0)
        return np.minimum(counts, self.capacity).astype(np.uint32)


def maker(name: str, era: str = "2018") -> Maker:
    """A detector with a pattern, one dead cell, and (HF) cells that count in every event."""
    one = view(name, era, TOY if name == "TOY" else None)
    rng = np.random.default_rng(12)
    if name in ("HCAL", "HO"):
        p = rng.uniform(0.1, 0.9, one.shape)
        columns = np.abs(np.array(one.x.values)) >= 30
        p[..., columns] = 1.0
        mean = EVENTS * p
    else:
        mean = rng.uniform(100.0, 400.0, one.shape)
    mean[~one.exists] = 0.0
    mean[tuple(np.argwhere(one.exists)[-1])] = 0.0
    return Maker(f"{name}/digi", one, mean, capacity(one, EVENTS))


def at_work(
    fault: Fault, on: View, strength: float = 1.0, number: int = 1, days: float = 1.0, place: int = 5
) -> Active:
    """The fault in one lumisection."""
    return Active(fault, number, fault.cells(on), strength, place, days)
