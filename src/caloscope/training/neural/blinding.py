"""The blind-spot network from good lumisections to a detector."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Detector, Expectation, Memory, Noise, Observation
from caloscope.detectors.network import BlindSpot, pictures
from caloscope.detectors.network.blind_spot import PREDICTION, SURROUNDINGS
from caloscope.detectors.network.residuals import CLIPPED, deviation
from caloscope.detectors.reference import Reference
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.training.neural.autoencoding import CHECKED, MOST_BASIS, evenly
from caloscope.training.neural.blind import Blind
from caloscope.training.neural.making import Epochs, Made, make
from caloscope.training.neural.parts import parts_of
from caloscope.training.prepared import Tell, prepare_rows
from caloscope.training.recipe import Recipe

NAMES = (SURROUNDINGS, PREDICTION)

PRIOR = 100.0
"""Lumisections that the map's typical share weighs against a cell's own."""


class Standing:
    """The reference's view of lumisections, one after the other: what a network sees of them.

    `names` are those that the network needs of what `row` knows; all else need not be kept.
    """

    def __init__(self, reference: Reference, names: tuple[str, ...]) -> None:
        self._reference, self._names = reference, names
        self._memory: Memory = {}
        self.dispersion: Array = np.zeros(int(reference.alive.sum()))

    def row(self, observation: Observation) -> dict[str, Array | float] | None:
        """Residuals in standard deviations, counts, mean and variance, and events; None: not to be used."""
        answer, self._memory = self._reference.look(observation, self._memory)
        if not isinstance(answer, Expectation) or observation.events is None:
            return None
        alive = self._reference.alive
        self.dispersion = answer.dispersion[alive]
        counts, mean = observation.counts[alive], answer.mean[alive]
        width = deviation(answer)[alive]
        found: dict[str, Array | float] = {
            "residual": np.clip((counts - mean) / width, -CLIPPED, CLIPPED),
            "counts": counts,
            "mean": mean,
            "variance": width**2,
            "events": float(observation.events),
        }
        return {name: found[name] for name in self._names}


def blind_spot(
    good: Sequence[Observation],
    on: View,
    noise: Noise,
    recipe: Recipe,
    work: Path,
    *,
    min_events: int,
    reading: Tell | None = None,
    tell: Epochs | None = None,
) -> tuple[Detector, Made]:
    """Train the detector on good lumisections of several runs, in (run, lumi) order."""
    parts = parts_of(good)
    reference = Reference.fit(evenly(parts.learn, MOST_BASIS), noise, on, min_events=min_events)
    standing = Standing(reference, ("residual", "counts", "mean", "events"))
    prepared = prepare_rows(good, standing.row, work / "rows", reading)
    held = parts.held(prepared.run)
    alive = reference.alive
    problem = Blind(
        on=on,
        noise=noise,
        prepared=prepared,
        alive=alive,
        dispersion=standing.dispersion,
        hardware=hardware_of(on, alive),
        learn=np.flatnonzero(~held),
        held=np.flatnonzero(held),
    )
    made = make(problem, recipe, NAMES, work, tell)
    session = pictures.session_of(BlindSpot.name, made.model, alive.shape, (3, 2), NAMES)
    found = BlindSpot(reference, session, np.ones(alive.shape), problem.hardware)
    return BlindSpot(reference, session, share_of(found, problem), problem.hardware), made


def hardware_of(on: View, alive: Mask) -> NDArray[np.int64]:
    """The number of each living cell's smallest region in the view's list, -1 for none, `(cell,)`."""
    found = np.full(on.shape, -1, np.int64)
    for number, region in reversed(list(enumerate(on.regions))):
        found[region.members] = number
    return found[alive]


def share_of(detector: BlindSpot, problem: Blind) -> Array:
    """What the variance left has to be multiplied with, on held-out runs, in the view's shape.

    Robust, as held-out runs may hold what is not healthy: squares stop at 25. Shrunk to the map's own.
    """
    rows = problem.held[:: max(1, -(-len(problem.held) // CHECKED))]
    residual = problem.prepared.rows(rows)["residual"].astype(np.float64)
    squares = np.zeros(residual.shape[1])
    for row in residual:
        found, left = detector.predicted(row, np.ones(row.shape, np.bool_))
        squares += np.minimum((row - found) ** 2 / left, 25.0)
    typical = float(np.median(squares)) / len(rows)
    own = (squares + PRIOR * typical) / (len(rows) + PRIOR)
    share = np.ones(detector.shape)
    share[detector.alive] = own
    return share
