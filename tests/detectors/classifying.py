"""Classifiers of whole maps whose weights are written down, not fitted."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors import learned
from caloscope.detectors.base import Observation
from caloscope.detectors.layers import Layer
from caloscope.detectors.notebook import Input, Logistic, Mlp, inputs_of

STEEP = 0.5
"""Log odds per standard deviation of a cell."""

EDGE = 6.0
"""Standard deviations, of all cells together, at which a map is as likely bad as good."""


def logistic(good: Sequence[Observation], how: Input = "ratio") -> Logistic:
    """Low where cells are low on the whole, high where they are high."""
    typical = learned.learn(good, "overdispersed", 30)
    cells = inputs_of(typical, how)
    weights = np.outer(np.ones(cells), [0.0, -STEEP, STEEP]).astype(np.float32)
    biases = np.array([EDGE * STEEP, 0.0, 0.0], np.float32)
    centre = np.ones(cells, np.float32) if how == "ratio" else np.full(cells, 0.9, np.float32)
    width = np.full(cells, 0.05, np.float32)
    return Logistic(typical, how, centre, width, (Layer(weights, biases),), 40.0, 35.0, 10.0)


def mlp(good: Sequence[Observation], how: Input = "ratio") -> Mlp:
    """The size of what each cell is off, below and above, added up."""
    plain = logistic(good, how)
    cells = plain.centre.size
    hidden = np.concatenate([np.eye(cells), -np.eye(cells)], axis=1).astype(np.float32)
    low, high = np.zeros((2, 2 * cells))
    low[cells:], high[:cells] = STEEP, STEEP
    weights = np.stack([np.zeros(2 * cells), low, high], axis=1).astype(np.float32)
    first = Layer(hidden, np.zeros(2 * cells, np.float32))
    last = Layer(weights, np.array([4.0 * STEEP * cells, 0.0, 0.0], np.float32))
    return Mlp(plain.typical, how, plain.centre, plain.width, (first, last), 40.0, 35.0, 10.0)
