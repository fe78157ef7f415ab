"""How much of a cell's fluctuation its surroundings explain: the reference's covariance, and a network.

Both see the same held-out simulated runs. The residual of each cell is in standard deviations of the
reference's noise; with the covariance go the common modes, taken out as the evidence does. What counts is the
scatter inside a run, as changes from run to run are another matter.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import numpy as np

from benchmarks.detection import networks, regimes
from benchmarks.tables import show
from caloscope import prepare
from caloscope.detectors.base import Array, Expectation, Memory
from caloscope.detectors.network import BlindSpot
from caloscope.evidence import layout_of
from caloscope.evidence.counted import Counted
from caloscope.evidence.layout import Layout
from caloscope.evidence.neighbours import neighbours_of
from caloscope.evidence.residuals import Levels, residuals
from caloscope.records import MapRecord
from caloscope.simulate import Healthy, conditions

MAPS: Final = ("EE+", "EE-", "EB", "HO", "HCAL")
REGIME: Final = regimes.STEADY_EVENTS
RUNS: Final = 20
LUMIS: Final = {"HCAL": 50}
USUAL_LUMIS: Final = 200
FIRST_RUN: Final = 175_000
STILL: Final = 0.1
"""Variance of residuals, in units of what they should have, below which a cell does not fluctuate."""

Row: TypeAlias = tuple[Array, Array, Array]
"""Residuals of the living cells of one lumisection: alone, given the covariance, given the network."""


def run() -> None:
    """Print shares of the variance, and correlations, with the errors of their means over runs."""
    body = []
    for name in MAPS:
        networks.train("blind-spot", name, REGIME.name)
        detector, _ = networks.learned("blind-spot", name, REGIME.name)
        assert isinstance(detector, BlindSpot)
        each = np.array([shares(rows) for rows in runs_of(name, detector, regimes.subject(name)[1])])
        linear, network, both, after = each.T
        told = (linear, network, network / linear, both / linear, after)
        body.append((name, *(text(values) for values in told)))
    show(
        ("map", "left by the covariance", "left by the network", "ratio", "mean of both, ratio", "next LS"),
        body,
    )


def text(values: Array) -> str:
    """The mean and its error."""
    return f"{values.mean():.3f} +- {values.std(ddof=1) / np.sqrt(len(values)):.3f}"


def runs_of(name: str, detector: BlindSpot, healthy: Healthy, runs: int = RUNS) -> Iterator[list[Row]]:
    """Of each run and lumisection: residuals alone, given the covariance, given the network, `(cell,)`."""
    on = healthy.view
    layout = layout_of(on)
    lumis = LUMIS.get(name, USUAL_LUMIS)
    for number in range(runs):
        fill = REGIME.fill(FIRST_RUN + number, lumis, regimes.FIRST_HELD_OUT_DAY + number % 10)
        rows: list[Row] = []
        kept: Memory = {}
        for at in conditions(fill):
            seen = prepare.observe(at.id, MapRecord(healthy.draw(at), at.events, at.measured), on)
            answer, kept = detector.reference.look(seen, kept)
            if isinstance(answer, Expectation):
                rows.append(_residuals(detector, answer, seen.counts, layout))
        yield rows


def _residuals(detector: BlindSpot, answer: Expectation, counts: Array, layout: Layout) -> Row:
    """Of the living cells: alone, given the covariance as the evidence uses it, given the network."""
    assert answer.covariance is not None
    nothing = np.zeros(layout.cells, np.float32)
    cells = Counted.of(layout.of_cells(counts), answer, layout, nothing)
    around = neighbours_of(answer.covariance)
    levels = Levels(around, layout, 0.0)
    found = residuals(cells, around, levels, ~cells.testable, broken=False)
    living = layout.of_cells(detector.alive)
    alone = cells.z[living].astype(np.float64)
    linear = (found.given / found.precision)[living].astype(np.float64)
    network, _ = detector.predicted(alone, np.ones(alone.shape, np.bool_))
    return alone, linear, alone - network


def shares(rows: Iterable[Row]) -> tuple[float, float, float, float]:
    """Shares of the variance inside a run that are left: linear, network, mean of both; medians over cells.

    And the correlation of what the network leaves with that of the next lumisection, a mean over cells: what
    a network could learn that looks back. The run's own mean, taken out, lowers it by one over its length.

    Channels that count in every event do not fluctuate, and say nothing.
    """
    alone, linear, network = (np.array(each) for each in zip(*rows, strict=True))
    whole = alone.var(axis=0)
    known = whole > STILL
    found = [each.var(axis=0)[known] / whole[known] for each in (linear, network, (linear + network) / 2.0)]
    left = network[:, known] - network[:, known].mean(axis=0)
    after = float((left[:-1] * left[1:]).mean() / np.square(left).mean()) + 1.0 / len(left)
    return float(np.median(found[0])), float(np.median(found[1])), float(np.median(found[2])), after
