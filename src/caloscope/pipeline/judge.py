"""From a detector's answer to flags: evidence where it expects counts, its own threshold where it scores."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Answer, Array, Expectation, NotKnown, Score
from caloscope.evidence import (
    Evidence,
    EvidenceState,
    SurroundingsError,
    Thresholds,
    Told,
    gathered,
    layout_of,
    weigh,
)
from caloscope.pipeline.ask import LONGEST_DETAIL
from caloscope.pipeline.coherent import leeway
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, MapResult, Mask, Reason

SURELY_COUNTS = 12.0
"""A cell that expects so many times its Fano factor does not count nothing by chance: even where a third of
that is due the probability is some exp(-10)."""

UNCERTAIN: Final = 0.25
"""Share of what the level of a map lets expect that is due in a cell at least, where the pattern is not the
one that was learned."""

_ANOTHER_PATTERN = (Reason.NO_BEAM, Reason.RAMP, Reason.COSMICS, Reason.HEAVY_IONS, Reason.SPECIAL)

_NOTHING_DUE = (Reason.NO_BEAM, Reason.RAMP, Reason.COSMICS, Reason.POWER_OFF)
"""Conditions in which a healthy map may be empty."""

FANO = 12.0
"""Variance over mean of ECAL towers, measured on run 276582: readouts bring all 25 crystals at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Flags of one map in one lumisection, and the evidence for them; arrays on the view's shape.

    `testable` cells are good where they are not `flagged`. `seen` are those that would be flagged if they
    were absent, though they may not be known to be good.
    """

    evidence: Evidence
    flagged: Mask
    testable: Mask
    seen: Mask
    reason: Reason = Reason.EVIDENCE


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """What came of a map: the `record` to be judged, and its `counts`, zero where no cell exists."""

    given: Given
    record: MapRecord
    counts: Array
    masked: Mask


def judge(
    bundle: Bundle, arrived: Arrived, answer: Answer, state: EvidenceState
) -> tuple[Judgement | NotKnown, EvidenceState]:
    """Flags and the new evidence, or why there are none.

    A map of zeros although there were events is flagged whole, unless the detector says that there was no
    beam; so are cells that count nothing where the detector, though it cannot judge the lumisection, is sure
    that many counts are due.
    """
    judgement: Judgement | NotKnown
    if isinstance(answer, Expectation):
        try:
            judgement, state = _by_evidence(bundle, arrived, answer, state)
        except SurroundingsError as error:
            judgement = NotKnown(Reason.DETECTOR_FAILED, str(error)[:LONGEST_DETAIL])
    elif isinstance(answer, Score):
        judgement, state = _by_score(bundle, arrived.given, answer, state)
    else:
        judgement = _by_absence(bundle, arrived.counts, answer)
    if isinstance(judgement, Judgement) and not judgement.testable.any():
        judgement = NotKnown(Reason.DETECTOR_FAILED, "the detector can test no cell")
    if prepare.is_empty(arrived.record, bundle.view.exists) and not _nothing_due(judgement, arrived):
        judgement = _empty(bundle, judgement)
    return judgement, state


def marked(result: MapResult, given: Given, judgement: Judgement, answer: Answer) -> MapResult:
    """The result of a judgement, and by how much the thresholds were raised that it rests on, if they were.

    A cell that is absent, or an empty map, is flagged whatever they are.
    """
    if given.raised == 0.0 or judgement.reason is not Reason.EVIDENCE:
        return result
    what = "threshold of the score" if isinstance(answer, Score) else "thresholds"
    unit = "" if isinstance(answer, Score) else " nats"
    said = f"{what} raised by {given.raised:g}{unit}"
    return replace(result, degraded=(*result.degraded, Reason.THRESHOLDS_RAISED), detail=said)


def _nothing_due(judgement: Judgement | NotKnown, arrived: Arrived) -> bool:
    """Whether a healthy map may well be empty: no beam, or a handful of events that nobody says had any."""
    if not isinstance(judgement, NotKnown):
        return False
    dark = prepare.known_pileup(arrived.record.pileup) is None
    return judgement.reason in _NOTHING_DUE or (dark and judgement.reason is Reason.FEW_EVENTS)


def _by_evidence(
    bundle: Bundle, arrived: Arrived, answer: Expectation, state: EvidenceState
) -> tuple[Judgement, EvidenceState]:
    given, record = arrived.given, arrived.record
    # A record of several lumisections is one observation. What it shows may have begun in its first one.
    first = LumiId(given.id.run, max(1, given.id.lumi - record.span + 1))
    limits = Thresholds.of(bundle.card.threshold, bundle.card.thresholds).raised(given.raised)
    told = Told(first, arrived.counts, answer, arrived.masked, leeway(given.coherent))
    evidence, state = weigh(state, told, layout_of(bundle.view), limits)
    testable = answer.testable & bundle.view.exists & (answer.mean > 0)
    return Judgement(evidence, testable & evidence.flagged, testable, testable), state


def _by_absence(bundle: Bundle, counts: Array, answer: NotKnown) -> Judgement | NotKnown:
    """Cells that are absent beyond doubt though the lumisection cannot be judged; the others stay unknown."""
    if answer.guess is None:
        return answer
    exists = bundle.view.exists
    due = answer.guess * (UNCERTAIN if answer.reason in _ANOTHER_PATTERN else 1.0)
    seen = exists & (due > SURELY_COUNTS * _noise(bundle)) & bundle.detector.alive
    absent = seen & (counts == 0)
    if not absent.any():
        return answer
    evidence = replace(
        Evidence.nothing(exists.shape),
        value=np.where(absent, bundle.card.threshold + answer.guess, 0.0),
        direction=np.where(absent, -1, 0).astype(np.int8),
        flagged=absent,
    )
    return Judgement(evidence, absent, absent, seen, Reason.ABSENT)


def _noise(bundle: Bundle) -> float:
    """Variance over mean of what cells count, about."""
    return 1.0 if bundle.spec.noise == "binomial" else FANO


def _by_score(
    bundle: Bundle, given: Given, answer: Score, state: EvidenceState
) -> tuple[Judgement, EvidenceState]:
    exists = bundle.view.exists
    testable = answer.testable & exists
    direction = np.zeros(exists.shape, np.int8) if answer.direction is None else answer.direction
    found, state = gathered(state, answer, given.id, exists)
    value = np.where(testable, found, 0.0)
    peaks = {"score": float(value.max(initial=0.0))}
    evidence = replace(Evidence.nothing(exists.shape), value=value, direction=direction, peaks=peaks)
    flagged = testable & (value > answer.threshold + given.raised)
    return Judgement(evidence, flagged, testable, testable), state


def _empty(bundle: Bundle, judgement: Judgement | NotKnown) -> Judgement:
    exists = bundle.view.exists
    if isinstance(judgement, NotKnown) or judgement.reason is Reason.ABSENT:
        evidence, testable = Evidence.nothing(exists.shape), np.asarray(exists & bundle.detector.alive)
    else:
        evidence, testable = judgement.evidence, judgement.testable
    low = np.where(testable, -1, 0).astype(np.int8)
    return Judgement(replace(evidence, direction=low), testable, testable, testable, Reason.EMPTY_MAP)
