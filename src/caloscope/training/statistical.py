"""Training of a detector that learns by counting."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from caloscope import bundle, calibrate
from caloscope.bundle import Bundle
from caloscope.calibrate import Tell
from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Detector
from caloscope.detectors.blind import Blind
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.records import Lumisection, LumiState
from caloscope.training.curve import name_of, remove_curve
from caloscope.training.fitting import TRAINABLE, fit_detector
from caloscope.training.observed import Observed
from caloscope.training.provenance import Provenance, provenance, sources_of
from caloscope.training.selftest import last_of
from caloscope.training.split import split_by_run

FORMULA = "formula"
"""How a card's `calibration.method` begins where nothing was calibrated."""


def train(
    lumisections: Iterable[Lumisection],
    spec: MapSpec,
    on: View,
    folder: Path,
    *,
    detector: str = Reference.name,
    per_day: float = 1.0,
    calorimeter: str | None = None,
    calibrated: bool = True,
    tell: Tell | None = None,
    conditions: Sequence[LumiState] = (),
) -> Bundle:
    """Fit a detector to good lumisections of one map and write its bundle to `folder`.

    `per_day` is the number of false incidents allowed per map in 3,700 lumisections. Thresholds are
    calibrated on the last 30 % of the runs, which the detector does not learn from; with too few runs, or
    without `calibrated`, all is learned from and thresholds come from the count distribution, as the card
    says. A blind detector has none. `conditions` are the states that the lumisections were in, and in which
    the map will be judged; stable collisions where none are named.

    Raises `UsageError` when there is too little to learn from, the detector is not one that can be trained,
    or the map holds real numbers or grows through the run: `convert` puts such records in order and takes
    differences.
    """
    if detector not in TRAINABLE:
        raise UsageError(f"detector {detector!r} cannot be trained, expected one of {', '.join(TRAINABLE)}")
    chosen = list(lumisections)
    given = calibrate.given_of(chosen, spec)
    blind = detector == Blind.name
    parts = split_by_run(given) if calibrated and not blind else None
    learned, held = parts or (given, [])
    fitted = fit_detector(detector, Observed(learned, on), spec.noise, on)
    sources = sources_of(chosen, spec)
    training = provenance(learned, sources, conditions)
    card = first_card(folder, spec, on, fitted, per_day, training)
    made = Bundle(card, "", spec, on, fitted, calorimeter)
    if blind:
        made = _without_threshold(made)
    elif held:
        made = held_out_thresholds(made, held, per_day, tell)
    else:
        why = "too few good runs to calibrate" if calibrated else "not asked to calibrate"
        made = calibrate.with_calibration(made, per_day, {"method": f"{FORMULA}: {why}"})
    seen = last_of(made, held if held and is_calibrated(made.card) else learned)
    saved = bundle.save(folder, made.card, made.detector, calorimeter=calorimeter, selftest=seen)
    remove_curve(folder)
    return saved


def held_out_thresholds(made: Bundle, held: Sequence[Given], per_day: float, tell: Tell | None) -> Bundle:
    """The same as `calibrate_thresholds`, but what was learned is not lost where none can be judged.

    Then thresholds stay those of the formula, or the detector's own, and the card says why.
    """
    sound = calibrate.watch_sound(made, held, tell)
    if sound.watched.lumis:
        return calibrated_from(made, held, sound, per_day)
    why = ", ".join(sound.watched.why_unknown())
    method = f"{FORMULA}: no held-out lumisection could be judged ({why}); calibrate with others"
    return calibrate.with_calibration(made, per_day, {"method": method})


def is_calibrated(card: bundle.Card) -> bool:
    """Whether thresholds rest on lumisections, so that some of those could be judged."""
    return "lumisections" in card.calibration


def calibrate_thresholds(made: Bundle, held: Sequence[Given], per_day: float, tell: Tell | None) -> Bundle:
    """The bundle with thresholds from lumisections that its detector did not learn from.

    Raises `UsageError` where none of them can be judged.
    """
    return calibrated_from(made, held, calibrate.watch_sound(made, held, tell), per_day)


def calibrated_from(made: Bundle, held: Sequence[Given], sound: calibrate.Sound, per_day: float) -> Bundle:
    """The same from what was seen in them already, with thresholds out of reach."""
    found = calibrate.calibrate(made, sound.watched, per_day, sound.left_out)
    told = found.told() | sound.told() | {"own_data": False}
    told |= calibrate.doubt(made, held, sound, found)
    return calibrate.with_calibration(calibrate.with_thresholds(made, found.thresholds), per_day, told)


def _without_threshold(made: Bundle) -> Bundle:
    """The bundle of a detector that never flags: no threshold, and no rate that it could stand for."""
    card = made.card.model_copy(update={"thresholds": {}, "threshold": 1.0})
    return calibrate.with_calibration(
        replace(made, card=card), None, {"method": "none: it never flags anything"}
    )


def first_card(
    folder: Path,
    spec: MapSpec,
    on: View,
    fitted: Detector,
    per_day: float,
    training: Provenance,
) -> bundle.Card:
    """The card with the formula's thresholds, or with that which a detector brings that scores."""
    formula = calibrate.formula_thresholds(on, fitted.alive, per_day)
    own = fitted.settings().get("threshold")
    return bundle.make_card(
        name_of(folder),
        spec,
        on,
        fitted,
        threshold=formula["cell_low"] if own is None else float(own),
        per_day=per_day,
        training=training,
        thresholds=formula if own is None else {},
    )
