"""An autoencoder from good lumisections to a detector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from caloscope.detectors import learned
from caloscope.detectors.base import Array, Detector, Expectation, Noise, NotKnown, Observation
from caloscope.detectors.learned.change import steepness
from caloscope.detectors.learned.rows import Cells, standardised
from caloscope.detectors.network import Autoencoder, AutoencoderLoss, pictures
from caloscope.detectors.network.autoencoder import Network
from caloscope.detectors.network.made import KEPT
from caloscope.detectors.network.residuals import deviation
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.training.allowance import scores_of
from caloscope.training.neural.making import Epochs, Made, make
from caloscope.training.neural.parts import parts_of
from caloscope.training.neural.rebuild import Rebuild
from caloscope.training.observed import with_events
from caloscope.training.prepared import Prepared, Tell, prepare_rows
from caloscope.training.recipe import Recipe

MOST_BASIS = 2_000
"""Lumisections, evenly taken, that the typical map is learned from."""

CHECKED = 300
"""Held-out lumisections, evenly taken, that cells are corrected on."""

FEWEST_RUNS = 3
"""Of two runs nobody can say which one is the odd one."""

MOST_WRONG = 1.5
"""Factor by which a network may rebuild a healthy cell wrongly."""

NAMES = (pictures.PICTURE, pictures.RECONSTRUCTION)


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What is known without a network: the typical map, and how counts scatter and cells change around it.

    `scatter` is in the view's shape; both are those of `learned.rows.Rows`.
    """

    typical: learned.Typical
    scatter: Array
    run_change: float


def basis_of(good: Sequence[Observation], noise: Noise, min_events: int) -> Basis:
    """Learned from some of the lumisections, evenly taken."""
    usable = with_events(evenly(good, MOST_BASIS), min_events)
    typical = learned.learn(usable, noise, min_events)
    rows = standardised(usable, typical, learned.OUTLIER)
    return Basis(typical, rows.scatter, rows.run_change)  # the lumisections themselves may go


def evenly(good: Sequence[Observation], most: int) -> Sequence[Observation]:
    """At most so many, evenly taken."""
    return good[:: -(-len(good) // most)] if len(good) > most else good


def autoencoder(
    name: str,
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
    """Train one of the two detectors on good lumisections of several runs, in (run, lumi) order."""
    parts = parts_of(good)
    basis = basis_of(parts.learn, noise, min_events)
    typical = basis.typical
    prepared = prepare_rows(good, lambda each: row_of(each, basis), work / "rows", reading)
    held = parts.held(prepared.run)
    problem = Rebuild(
        recipe=recipe,
        on=on,
        noise=noise,
        prepared=prepared,
        alive=typical.alive,
        average=pictures.average_of(typical),
        dispersion=basis.scatter,
        learn=np.flatnonzero(~held),
        held=np.flatnonzero(held),
    )
    made = make(problem, recipe, NAMES, work, tell)
    session = pictures.session_of(name, made.model, typical.alive.shape, (1, 1), NAMES)
    told = recipe.told(name)
    network = Network(session, problem.average, {key: told[key] for key in KEPT})
    kept = [good[place] for place in chosen_of(prepared, held)]
    if name == AutoencoderLoss.name:
        return loss_scored(kept, typical, network, recipe), made
    return expecting(kept, basis, network), made


def row_of(observation: Observation, basis: Basis) -> Mapping[str, Array | float] | None:
    """Ratio, counts, usual counts and events of one lumisection."""
    if observation.events is None:
        return None
    expected = basis.typical.expected(observation, follow=True)
    if isinstance(expected, NotKnown):
        return None
    cells = Cells.of(observation.counts, expected, basis.typical, basis.scatter)
    return {
        "ratio": np.where(cells.strength > 0, cells.ratio, 1.0),
        "counts": observation.counts[basis.typical.alive],
        "usual": cells.usual,
        "events": expected.events,
    }


def chosen_of(prepared: Prepared, held: Mask) -> list[int]:
    """Places among the lumisections of at most `CHECKED` of the held-out rows, evenly taken."""
    rows = np.flatnonzero(held)
    rows = rows[:: max(1, -(-len(rows) // CHECKED))]
    return [int(place) for place in prepared.place[rows]]


def expecting(held: Sequence[Observation], basis: Basis, network: Network) -> Autoencoder:
    """The detector that expects counts, its cells corrected on held-out lumisections."""
    rows = standardised(held, basis.typical, learned.OUTLIER)
    known = learned.Known(basis.typical, rows.scatter, basis.run_change)
    found = Autoencoder(known, network, np.ones(basis.typical.rate.shape))
    found = corrected(found, held)
    return replace(found, known=known.with_residuals(rows, found.rebuild, 0))


def corrected(detector: Autoencoder, held: Sequence[Observation]) -> Autoencoder:
    """The detector with its cells corrected, twice: once they are, other lumisections agree with it."""
    for _ in range(2):
        detector = replace(detector, correction=detector.correction * correction(detector, held))
    return detector


def correction(detector: Autoencoder, held: Sequence[Observation]) -> Array:
    """Activity that healthy cells show over what is rebuilt of them, in the view's shape.

    Shrunk to 1 where it is not more than what counts scatter and cells change from run to run (James and
    Stein's positive part, cell by cell). A run far from the others has no say: a cell may have failed in it.
    Nor has a cell that is off by more than a network ever is: it would be judged by its failure for ever.
    """
    alive, change = detector.alive, detector.known.run_change
    off, steep, variance = _by_run(detector, held)
    square = np.maximum(steep**2, 1e-12)
    agree = steep > 0
    if len(off) >= FEWEST_RUNS:
        seen = np.where(agree, off / np.maximum(steep, 1e-6), np.nan)
        reach = learned.OUTLIER * np.sqrt(variance / square + change**2)
        agree &= np.abs(seen - np.nanmedian(np.where(agree.any(axis=0), seen, 0.0), axis=0)) <= reach
    off, steep, variance = ((each * agree).sum(axis=0) for each in (off, steep, variance))
    found = np.divide(off, steep, out=np.zeros_like(off), where=steep > 0)
    error = np.divide(variance, steep**2, out=np.ones_like(off), where=steep > 0)
    error += change**2 / np.maximum(agree.sum(axis=0), 1)
    kept = np.maximum(0.0, 1.0 - error / np.maximum(found**2, 1e-12))
    made = 1.0 + kept * found
    made[(made < 1.0 / MOST_WRONG) | (made > MOST_WRONG)] = 1.0
    return np.asarray(np.where(alive, learned.on_view(made[np.newaxis], alive)[0], 1.0))


def _by_run(detector: Autoencoder, held: Sequence[Observation]) -> tuple[Array, Array, Array]:
    """Counts beyond the mean, what an activity of 1 is in counts, and the variance: sums `(run, cell)`."""
    alive = detector.alive
    runs = sorted({each.id.run for each in held})
    off, steep, variance = (np.zeros((max(1, len(runs)), int(alive.sum()))) for _ in range(3))
    for each in held:
        answer, _ = detector.look(each, {})
        if isinstance(answer, Expectation):
            run, mean = runs.index(each.id.run), answer.mean[alive]
            off[run] += each.counts[alive] - mean
            steep[run] += steepness(mean, answer.trials, answer.noise)
            variance[run] += deviation(answer)[alive] ** 2
    return off, steep, variance


def loss_scored(
    held: Sequence[Observation], typical: learned.Typical, network: Network, recipe: Recipe
) -> AutoencoderLoss:
    """The detector with prior work's scoring; its first threshold is the largest score of held-out cells."""
    found = AutoencoderLoss(typical, network, 1.0, recipe.spatial, recipe.n_ls, recipe.n_loss)
    return replace(found, threshold=highest(found, held))


def highest(detector: Detector, held: Sequence[Observation]) -> float:
    """The largest score of good lumisections; 1 where there is none."""
    return float(scores_of(detector, held).largest.max(initial=0.0)) or 1.0
