"""Detectors that learn from some lumisections of a sample and judge others, through the pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Detector, Observation
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import Code, Incident, MapResult, Mask, Quality
from caloscope.study.real.lost import LostHits
from caloscope.study.real.measured import Fold, Measured
from caloscope.training.fitting import fit_detector
from caloscope.training.observed import Observed
from caloscope.training.statistical import first_card


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One lumisection as a detector judged it: flags, how bad, which way; and the incidents in it.

    `why` is empty where there was a verdict. Arrays have the view's shape; in `badness` high = worse, in
    `direction` -1 is too few, +1 too many, 0 not known.
    """

    flagged: Mask
    badness: NDArray[np.float64]
    direction: NDArray[np.int8]
    incidents: tuple[Incident, ...]
    why: str


def learn(of: Measured, fold: Fold, name: str) -> Bundle:
    """The detector of that name, learned, with the thresholds of the formula or its own.

    Raises `UsageError` where it cannot learn from these.
    """
    given = [of.given(place, judged=False) for place in fold.learned]
    detector = _fitted(of, given, name)
    card = first_card(Path(f"{name}.bundle"), of.spec, of.on, detector, 1.0, {})
    return Bundle(card, "", of.spec, of.on, detector)


def _fitted(of: Measured, given: Sequence[Given], name: str) -> Detector:
    if name != LostHits.name:
        return fit_detector(name, Observed(given, of.on), of.spec.noise, of.on)
    if of.digis is None:
        raise UsageError("found one map, expected the difference of two")
    return LostHits.fit([_beside(each, of) for each in given], of.spec.name, of.on)


def _beside(given: Given, of: Measured) -> Observation:
    """A lumisection as a detector sees it that wants the digis too."""
    assert given.record is not None
    beside = {name: record.counts.astype(np.float64) for name, record in given.companions.items()}
    return prepare.observe(given.id, given.record, of.on, beside)


def judge(made: Bundle, given: Sequence[Given]) -> list[Seen]:
    """What the detector says of lumisections that follow one another, from the beginning of a run."""
    scorer = Scorer(made, "study")
    state, nothing = scorer.initial(), np.zeros(made.view.shape, np.bool_)
    found = []
    for each in given:
        scored = scorer.score(each, state, nothing)
        state = scored.state
        found.append(_seen(scored.result, scored.incidents))
    return found


def _seen(result: MapResult, incidents: Sequence[Incident]) -> Seen:
    shape = result.codes.shape
    badness, direction = result.badness, result.direction
    return Seen(
        flagged=np.asarray(result.codes == Code.BAD),
        badness=np.zeros(shape) if badness is None else np.nan_to_num(badness.astype(np.float64)),
        direction=np.zeros(shape, np.int8) if direction is None else direction.astype(np.int8),
        incidents=tuple(one for one in incidents if not one.standing),
        why=f"{result.reason} {result.detail}".strip() if result.quality is Quality.UNKNOWN else "",
    )
