"""Training of a detector with a network: from good lumisections to a bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from caloscope import bundle, calibrate
from caloscope.bundle import Bundle
from caloscope.bundle.files import CARD
from caloscope.calibrate import Tell
from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Detector
from caloscope.errors import BundleError, UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.records import LumiState
from caloscope.training.curve import write_curve
from caloscope.training.events import minimum_events
from caloscope.training.observed import Observed
from caloscope.training.provenance import provenance
from caloscope.training.reach import require_within_reach
from caloscope.training.recipe import NETWORKS, Recipe
from caloscope.training.selftest import MANY, last_of
from caloscope.training.split import split_by_run
from caloscope.training.statistical import first_card, held_out_thresholds, is_calibrated
from caloscope.training.streamed import ids_of
from caloscope.training.work import fingerprint, others_told, work_folder

if TYPE_CHECKING:
    from caloscope.training.neural.checkpoint import Progress
    from caloscope.training.neural.making import Made

FEWEST_RUNS = 3
"""Some to learn from, one to stop by, one for the thresholds."""

_NEEDS_TORCH = "networks are trained with torch: pip install 'caloscope[train]'"


@dataclass(frozen=True, slots=True)
class Watching:
    """Who is told how far training is: lumisections read, epochs, lumisections calibrated with.

    `kept` is told in one line of work for other options or data that lies beside this training's own.
    """

    reading: Tell | None = None
    epochs: "Callable[[Progress], None] | None" = None
    calibrating: Tell | None = None
    kept: Callable[[str], None] | None = None


def train_network(
    given: Sequence[Given],
    sources: Sequence[str],
    spec: MapSpec,
    on: View,
    folder: Path,
    *,
    detector: str,
    recipe: Recipe,
    per_day: float = 1.0,
    calorimeter: str | None = None,
    watching: Watching | None = None,
    conditions: Sequence[LumiState] = (),
) -> Bundle:
    """Train a network on good lumisections of one map, in order, and write its bundle to `folder`.

    The last 30 % of the runs are held out for the thresholds, and every fifth of the others tells when to
    stop. All that is needed to go on after the process was killed is kept in a folder beside the bundle until
    that is written; the same command goes on where it was, also with other limits. The learning curve is left
    beside the bundle. Where held-out lumisections cannot be judged after all, thresholds come from a formula,
    as the card says. `conditions` are as in `train`. Raises `UsageError` where there are fewer than three
    runs, held-out runs have another pileup than what is learned from, torch is not installed, or the same
    bundle is being trained already, and `BundleError` where the folder is something else than a bundle:
    before any work is done.
    """
    watching = watching or Watching()
    _require_possible(folder, on, detector, per_day)
    require_devices(recipe)
    learned, held = _parts(given)
    require_within_reach(detector, learned, held)
    with work_folder(folder, fingerprint(given, spec, on, detector, recipe)) as work:
        _tell_kept(work, watching)
        fitted, made = _fitted(detector, Observed(learned, on), on, spec, recipe, work, watching)
        used = recipe.used(detector, (on.y.bins, on.x.bins))
        training = provenance(learned, sources, conditions) | used.told(detector) | made.told()
        card = first_card(folder, spec, on, fitted, per_day, training)
        found = Bundle(card, "", spec, on, fitted, calorimeter, made.model)
        found = held_out_thresholds(found, held, per_day, watching.calibrating)
        seen = last_of(found, (held if is_calibrated(found.card) else learned)[-MANY:])
        saved = bundle.save(
            folder, found.card, found.detector, model=made.model, calorimeter=calorimeter, selftest=seen
        )
        write_curve(folder, made)
    return saved


def require_devices(recipe: Recipe) -> None:
    """Refuse an accelerator that the machine has not got, or all where torch is not installed: `UsageError`.

    A single processor is always there, and nothing is loaded to find that out.
    """
    if recipe.accelerator == "cpu":
        return
    try:
        from caloscope.training.neural.device import fabric_of
    except ImportError as error:
        raise UsageError(f"{error}: {_NEEDS_TORCH}") from error
    fabric_of(recipe)


def _tell_kept(work: Path, watching: Watching) -> None:
    told = others_told(work)
    if told is not None and watching.kept is not None:
        watching.kept(told)


def _require_possible(folder: Path, on: View, detector: str, per_day: float) -> None:
    """Refuse at once what would be refused after hours."""
    if detector not in NETWORKS:
        raise UsageError(f"detector {detector!r} is no network, expected one of {', '.join(NETWORKS)}")
    if folder.exists() and not (folder / CARD).is_file():
        raise BundleError(f"{folder}: found something that is no bundle, expected a bundle or nothing")
    calibrate.formula_thresholds(on, on.exists, per_day)  # refuses a rate that is none


def _parts(given: Sequence[Given]) -> tuple[Sequence[Given], Sequence[Given]]:
    """What is learned from, two runs or more as one of them tells when to stop, and what is held out."""
    parts = split_by_run(given)
    if parts is None or len({each.run for each in ids_of(parts[0])}) < FEWEST_RUNS - 1:
        runs = len({each.run for each in ids_of(given)})
        found = f"{len(given)} lumisections of {runs} run{'' if runs == 1 else 's'}"
        raise UsageError(
            f"{found}, expected {FEWEST_RUNS} or more, with 60 lumisections to learn from and 60 held out"
        )
    return parts


def _fitted(
    detector: str,
    good: Observed,
    on: View,
    spec: MapSpec,
    recipe: Recipe,
    work: Path,
    watching: Watching,
) -> "tuple[Detector, Made]":
    try:
        from caloscope.training import neural
    except ImportError as error:
        raise UsageError(f"{error}: {_NEEDS_TORCH}") from error
    events = [float(each.events) for each in good if each.events]
    if not events:
        raise UsageError("no lumisection with a number of events, expected good ones to learn from")
    least = minimum_events(np.array(events))
    return neural.train(
        detector,
        good,
        on,
        spec.noise,
        recipe,
        work,
        min_events=least,
        reading=watching.reading,
        tell=watching.epochs,
    )
