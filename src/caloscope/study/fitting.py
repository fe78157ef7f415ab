"""A detector learned and calibrated for a study, as `caloscope train` does it, on lumisections of a cell."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from caloscope import bundle as bundles
from caloscope import training
from caloscope.bundle import Bundle
from caloscope.calibrate import thresholds_of, watch_sound
from caloscope.detectors.base import Detector
from caloscope.detectors.blind import Blind
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.study.asked import promised
from caloscope.study.cells import Fit
from caloscope.study.kept import Kept
from caloscope.training import NETWORKS, Recipe
from caloscope.training.events import minimum_events
from caloscope.training.fitting import fit_detector
from caloscope.training.notebook import CLASSIFIERS, fit_classifier
from caloscope.training.observed import Observed
from caloscope.training.provenance import provenance
from caloscope.training.statistical import calibrated_from, first_card


def fit(cell: Fit, kept: Kept) -> dict[str, Any]:
    """Learn, calibrate, and keep the bundle; what it cost, or why it could not be (`failed`)."""
    try:
        made, seconds, thresholds = _made(cell, kept)
    except UsageError as error:
        return {"failed": str(error)}
    saved = bundles.save(kept.bundle(cell.key), made.card, made.detector, model=made.model)
    told = made.card.training
    numbers = sum(int(np.size(array)) for array in made.detector.arrays().values())
    return {
        "seconds": told.get("seconds", seconds),
        "parameters": told.get("parameters", numbers),
        "size": sum(path.stat().st_size for path in kept.bundle(cell.key).iterdir()),
        "thresholds": dict(thresholds_of(saved)),
        "promised": thresholds,
        "training": {name: value for name, value in told.items() if name != "sources"},
    }


def ready(cell: Fit, kept: Kept) -> Bundle:
    """The bundle of a fit."""
    return bundles.load(kept.bundle(cell.key))


def recipe_of(cell: Fit) -> Recipe:
    """The recipe of a network. Raises `UsageError` for words that it has not."""
    return replace(training.recipe_of(cell.detector.kind, cell.detector.recipe), seed=cell.seed)


def _made(cell: Fit, kept: Kept) -> tuple[Bundle, float, list[dict[str, float]]]:
    """The bundle with its thresholds, the seconds that learning took, and thresholds for several rates."""
    if cell.detector.bundle:
        found, seconds = bundles.load(Path(cell.detector.bundle)), 0.0
        if found.card.map != cell.sample.map:
            raise UsageError(f"{cell.detector.bundle}: found {found.card.map}, expected {cell.sample.map}")
    else:
        started = time.perf_counter()
        found = _learned(cell, kept)
        seconds = time.perf_counter() - started
    if not cell.detector.calibrated or isinstance(found.detector, Blind):
        return found, seconds, []
    good = cell.sample.held_out(cell.calibrated_on, cell.faulty, cell.rows)
    if not good:
        return found, seconds, []
    sound = watch_sound(found, good)
    return calibrated_from(found, good, sound, cell.rate), seconds, promised(found, sound)


def _learned(cell: Fit, kept: Kept) -> Bundle:
    sample, kind = cell.sample, cell.detector.kind
    given = sample.learned(cell.lumis, cell.faulty, cell.rows)
    model = None
    told: dict[str, Any] = provenance(given, [cell.title])
    if kind in NETWORKS:
        detector, model, more = _network(cell, given, kept)
        told |= more
    else:
        detector = _fitted(cell, given)
    card = first_card(kept.bundle(cell.key), sample.spec, sample.view, detector, cell.rate, told)
    return Bundle(card, "", sample.spec, sample.view, detector, None, model)


def _fitted(cell: Fit, given: Sequence[Given]) -> Detector:
    sample, kind = cell.sample, cell.detector.kind
    seen, noise = Observed(given, sample.view), sample.spec.noise
    if kind in CLASSIFIERS:
        return fit_classifier(kind, seen, noise, sample.view, seed=cell.seed)
    return fit_detector(kind, seen, noise, sample.view)


def _network(cell: Fit, given: Sequence[Given], kept: Kept) -> tuple[Detector, Path, dict[str, Any]]:
    """A network, whose training goes on where it was after a stop."""
    try:
        from caloscope.training import neural
    except ImportError as error:
        raise UsageError(f"{error}: networks need torch, pip install 'caloscope[train]'") from error
    sample, kind, recipe = cell.sample, cell.detector.kind, recipe_of(cell)
    work = kept.folder / "training" / cell.key
    work.mkdir(parents=True, exist_ok=True)
    seen = Observed(given, sample.view)
    least = minimum_events(np.array([float(each.events) for each in seen if each.events]))
    detector, made = neural.train(kind, seen, sample.view, sample.spec.noise, recipe, work, min_events=least)
    return detector, made.model, {**recipe.told(kind), **made.told()}
