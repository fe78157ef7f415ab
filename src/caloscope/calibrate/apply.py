"""The same bundle with other thresholds."""

from collections.abc import Mapping
from dataclasses import replace

from caloscope.bundle import Bundle, Told
from caloscope.calibrate.formula import formula_thresholds
from caloscope.detectors.base import scores

SCORE = "score"
"""The one class of a detector that scores."""

BEYOND = 6.0
"""Nats above the formula's threshold that chance never reaches, and below which evidence is not capped."""

FAR = 1e30
"""A score that is out of reach."""


def thresholds_of(bundle: Bundle) -> dict[str, float]:
    """The thresholds in force, by class."""
    if scores(bundle.detector):
        return {SCORE: float(bundle.detector.settings()["threshold"])}
    formula = formula_thresholds(bundle.view, bundle.detector.alive, 1.0)
    return {name: bundle.card.thresholds.get(name, bundle.card.threshold) for name in formula}


def with_thresholds(bundle: Bundle, thresholds: Mapping[str, float]) -> Bundle:
    """The bundle with other thresholds, by class, in its card and, where it scores, in its detector.

    Classes that are not named keep theirs. Its hash is still that of the bundle it was made from.
    """
    if scores(bundle.detector):
        threshold = float(thresholds[SCORE])
        settings = {**bundle.detector.settings(), "threshold": threshold}
        detector = type(bundle.detector).restore(settings, bundle.detector.arrays(), bundle.model)
        card = bundle.card.model_copy(update={"threshold": threshold, "settings": settings})
        return replace(bundle, card=card, detector=detector)
    found = {**bundle.card.thresholds, **thresholds}
    update = {"thresholds": found, "threshold": found.get("cell_low", bundle.card.threshold)}
    return replace(bundle, card=bundle.card.model_copy(update=update))


def with_calibration(bundle: Bundle, per_day: float | None, told: Mapping[str, Told]) -> Bundle:
    """The bundle whose card says which rate its thresholds stand for, and what that rests on.

    `per_day` is None where they stand for none.
    """
    # What an import said of its threshold is no longer so.
    training = {name: value for name, value in bundle.card.training.items() if name != "threshold"}
    update = {"false_alarms_per_day": per_day, "calibration": dict(told), "training": training}
    return replace(bundle, card=bundle.card.model_copy(update=update))


def out_of_reach(bundle: Bundle, formula: Mapping[str, float]) -> Bundle:
    """The bundle with thresholds that nothing healthy comes to, so that no flag changes what follows."""
    if scores(bundle.detector):
        return with_thresholds(bundle, {SCORE: FAR})
    return with_thresholds(bundle, {name: value + BEYOND for name, value in formula.items()})
