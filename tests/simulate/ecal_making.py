"""Healthy ECAL maps and stacks of their lumisections, shared by the tests."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.faults.active import Active
from caloscope.faults.fault import Fault
from caloscope.geometry import View, view
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.ecal.detector import EcalMap, ecal
from caloscope.simulate.stability import STEADY

Array = NDArray[np.float64]
LUMIS = 300


def at(lumi: int = 1, events: int = 450, pileup: float = 40.0) -> Conditions:
    return Conditions(1, lumi, events, pileup, pileup)


def on(name: str) -> View:
    return view(name.split("/", maxsplit=1)[0], "2019+")


@lru_cache
def steady(name: str) -> EcalMap:
    """A map of detector 1 in which nothing ever changes."""
    return ecal(load()[name], on(name), 1, STEADY, None)


@lru_cache
def stack(name: str) -> Array:
    """Counts of many lumisections, `(lumi, y, x)`."""
    counts = np.array([steady(name).draw(at(lumi)) for lumi in range(1, LUMIS + 1)], dtype=np.float64)
    counts.setflags(write=False)
    return counts


def regular(name: str) -> NDArray[np.bool_]:
    """Cells that are neither dead nor low."""
    healthy = steady(name)
    return np.asarray(healthy.rate > 0.3 * np.median(healthy.rate[healthy.rate > 0.0]))


def pulls(name: str) -> Array:
    """Residuals over the standard deviation of each cell, NaN in dead and low cells."""
    counts, mean = stack(name), steady(name).expected(at())
    good = regular(name)
    spread = np.sqrt(np.mean((counts - mean) ** 2, axis=0))
    return np.where(good, (counts - mean) / np.where(good, spread, 1.0), np.nan)


def correlation(residuals: Array, dy: int, dx: int, circular: bool) -> float:
    """Of cells that lie `dy` rows and `dx` columns apart."""
    one = residuals[:, : residuals.shape[1] - dy]
    other = np.roll(residuals, -dx, axis=2)[:, dy:]
    if not circular and dx:
        one, other = one[:, :, :-dx], other[:, :, :-dx]
    return float(np.nanmean(one * other))


def working(fault: Fault, name: str, number: int = 1, *, strength: float = 1.0, days: float = 0.0) -> Active:
    """The fault at work on a map."""
    return Active(fault, number, fault.cells(on(name)), strength, 1, days)
