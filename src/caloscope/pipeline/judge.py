"""From a detector's answer to flags: evidence where it expects counts, its own threshold where it scores."""

from dataclasses import dataclass, replace

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Answer, Expectation, NotKnown, Score
from caloscope.evidence import Evidence, EvidenceState, accumulate
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Mask, Reason


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Flags of one map in one lumisection, and the evidence for them; arrays on the view's shape."""

    evidence: Evidence
    flagged: Mask
    testable: Mask
    reason: Reason = Reason.EVIDENCE


def judge(
    bundle: Bundle, given: Given, record: MapRecord, answer: Answer, state: EvidenceState
) -> tuple[Judgement | NotKnown, EvidenceState]:
    """Flags and the new evidence, or why there are none.

    A map of zeros although there were events is flagged whole, whatever the detector could say about it.
    """
    judgement: Judgement | NotKnown
    if isinstance(answer, Expectation):
        judgement, state = _by_evidence(bundle, given, record, answer, state)
    elif isinstance(answer, Score):
        judgement = _by_score(bundle, answer)
    else:
        judgement = answer
    if isinstance(judgement, Judgement) and not judgement.testable.any():
        judgement = NotKnown(Reason.DETECTOR_FAILED, "the detector can test no cell")
    if prepare.is_empty(record, bundle.view.exists):
        judgement = _empty(bundle, judgement)
    return judgement, state


def _by_evidence(
    bundle: Bundle, given: Given, record: MapRecord, answer: Expectation, state: EvidenceState
) -> tuple[Judgement, EvidenceState]:
    exists, threshold = bundle.view.exists, bundle.card.threshold
    counts = prepare.apply_geometry(record, exists)
    # A record of several lumisections is one observation. What it shows may have begun in its first one.
    first = LumiId(given.id.run, max(1, given.id.lumi - record.span + 1))
    evidence, state = accumulate(state, first, counts, answer, exists, threshold)
    testable = answer.testable & exists & (answer.mean > 0)
    return Judgement(evidence, testable & (evidence.value > threshold), testable), state


def _by_score(bundle: Bundle, answer: Score) -> Judgement:
    exists = bundle.view.exists
    testable = answer.testable & exists
    direction = np.zeros(exists.shape, np.int8) if answer.direction is None else answer.direction
    value = np.where(testable, answer.value, 0.0)
    evidence = replace(Evidence.nothing(exists.shape), value=value, direction=direction)
    return Judgement(evidence, testable & (answer.value > answer.threshold), testable)


def _empty(bundle: Bundle, judgement: Judgement | NotKnown) -> Judgement:
    exists = bundle.view.exists
    if isinstance(judgement, NotKnown):
        alive = np.asarray(exists & bundle.detector.alive)
        judgement = Judgement(Evidence.nothing(exists.shape), alive, alive)
    low = np.where(judgement.testable, -1, 0).astype(np.int8)
    return Judgement(
        replace(judgement.evidence, direction=low), judgement.testable, judgement.testable, Reason.EMPTY_MAP
    )
