"""A bundle made anew from good lumisections: what it knows of conditions, and its thresholds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from caloscope import bundle, calibrate
from caloscope.bundle import Bundle
from caloscope.calibrate import Calibration, Check, Pit, Rate, Tell
from caloscope.decide import budget
from caloscope.detectors.base import Detector, NeedsCompanions, Observation
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import Lumisection
from caloscope.training.cmssw_line import renewed_cmssw
from caloscope.training.curve import name_of, remove_curve
from caloscope.training.events import minimum_events
from caloscope.training.observed import Observed
from caloscope.training.provenance import learned_from, provenance, sources_of
from caloscope.training.selftest import last_of
from caloscope.training.split import halves_by_run


@dataclass(frozen=True, slots=True, eq=False)
class Renewed:
    """A bundle before and after, and how often each would have opened incidents in the same lumisections.

    `before` and `after` are rates by class (and together) above the thresholds of each; `calibration` says
    what the new ones rest on. `learned` is the number of lumisections that the detector was renewed with, 0
    where only its thresholds were. `checks` and `pit` are for the plots, `selftest` for the new bundle.
    """

    old: Bundle
    new: Bundle
    before: dict[str, Rate]
    after: dict[str, Rate]
    calibration: Calibration
    learned: int
    checks: tuple[Check, ...]
    pit: Pit | None
    selftest: Sequence[Observation] = ()


def recalibrate(
    old: Bundle,
    lumisections: Iterable[Lumisection],
    *,
    per_day: float,
    refit: bool = True,
    tell: Tell | None = None,
) -> Renewed:
    """Derive a bundle again from good lumisections; nothing is written, `save` does that.

    The new card's `calibration` has `own_data` true where thresholds rest on lumisections that the detector
    learned from, as there is one run only or as they are those of its training, and `doubt` where the data
    may hold faults.

    Of CMSSW's chain the pileup line, the average map and the minimum of events are new, of a `reference` its
    expectation and its minimum of events, from every second run (from all of them where there is one only);
    thresholds are new for every detector, from the other runs. Without `refit` only the thresholds are.
    Raises `UsageError` when there is nothing to learn from, or the detector has no threshold.
    """
    budget((calibrate.SCORE,), per_day)  # refused before the work, not after it
    beside = old.detector.companions if isinstance(old.detector, NeedsCompanions) else ()
    chosen = list(lumisections)
    given = calibrate.given_of(chosen, old.spec, beside)
    if not given:
        raise UsageError(f"no lumisection with {old.spec.name}, expected good ones to calibrate with")
    renewable = refit and isinstance(old.detector, (CmsswMl, Reference))
    learned, held = halves_by_run(given) if renewable else ([], given)
    new = _renewed(old, learned, _sources(chosen, learned, old)) if renewable else old
    own = _same(learned, held) if renewable else learned_from(old, chosen)
    seen = calibrate.watch_sound(old, held, tell)
    before = calibrate.rates_above(seen.watched, calibrate.thresholds_of(old))
    sound = calibrate.watch_sound(new, held, tell) if renewable else seen
    found = calibrate.calibrate(new, sound.watched, per_day, sound.left_out)
    new = calibrate.with_thresholds(new, found.thresholds)
    told = found.told() | sound.told() | {"renewed_with": len(learned), "own_data": own}
    told |= calibrate.doubt(old, held, seen, found)
    new = calibrate.with_calibration(new, per_day, told)
    after = calibrate.rates_above(sound.watched, found.thresholds)
    checks, spread = calibrate.check(sound.watched), calibrate.pit(new, held, sound.mask(new.view.shape))
    kept = last_of(new, held)
    return Renewed(old, new, before, after, found, len(learned), checks, spread, kept)


def save(renewed: Renewed, folder: Path) -> Bundle:
    """Write the new bundle, whole or not at all; its name is the folder's.

    It is in commissioning where the old one is. The learning curve of another bundle that
    was there goes; one of the same network, calibrated in place, stays.
    """
    new, old = renewed.new, renewed.old.folder
    card = new.card.model_copy(update={"name": name_of(folder)})
    saved = bundle.save(
        folder,
        card,
        new.detector,
        model=new.model,
        calorimeter=new.calorimeter,
        selftest=renewed.selftest,
        standing=renewed.old.standing,
    )
    if old is None or old.resolve() != folder.resolve():
        remove_curve(folder)
    return saved


def _same(learned: Sequence[Given], held: Sequence[Given]) -> bool:
    """Whether what was learned from is calibrated with, too."""
    return not {each.id for each in learned}.isdisjoint(each.id for each in held)


def _sources(chosen: Sequence[Lumisection], learned: Sequence[Given], old: Bundle) -> list[str]:
    """Where the lumisections that were learned from came from."""
    ids = {each.id for each in learned}
    return sources_of([each for each in chosen if each.id in ids], old.spec)


def _renewed(old: Bundle, learned: Sequence[Given], sources: Sequence[str]) -> Bundle:
    """The bundle with its detector derived again."""
    detector: Detector
    if isinstance(old.detector, CmsswMl):
        settings, arrays = renewed_cmssw(old.detector, learned, old.detector.settings())
        detector = CmsswMl.restore(settings, arrays, old.model)
    else:
        events = np.array(
            [float(each.record.events) for each in learned if each.record and each.record.events]
        )
        least = minimum_events(events) if events.size else 30
        observed = Observed(learned, old.view)
        detector = Reference.fit(observed, old.spec.noise, old.view, min_events=least)
    training = {**old.card.training, **provenance(learned, sources)}
    card = old.card.model_copy(update={"settings": dict(detector.settings()), "training": training})
    return replace(old, card=card, detector=detector)
