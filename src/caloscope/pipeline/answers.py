"""What is kept of a detector's answer, for those who want to see why."""

from dataclasses import replace

import numpy as np

from caloscope.detectors.base import Answer, Array, Expectation, NotKnown
from caloscope.records import Floats, MapResult, Reason


def with_answer(result: MapResult, answer: Answer) -> MapResult:
    """The result with what the detector said; its score with what is left of those before, if they add up."""
    if isinstance(answer, Expectation):
        return replace(result, expected=_floats(answer.mean), degraded=answer.degraded)
    if isinstance(answer, NotKnown) and result.flag_reason is Reason.EMPTY_MAP:
        return result  # the map is empty: why the detector could not judge it does not matter
    if isinstance(answer, NotKnown):
        return replace(result, detail=f"{answer.reason}: {answer.detail}")
    made = None if answer.reconstruction is None else _floats(answer.reconstruction)
    single = answer.accumulated or result.evidence is None
    return replace(
        result,
        score=_floats(answer.value) if single else result.evidence,
        reconstruction=made,
        degraded=answer.degraded,
        image_events=answer.image_events,
    )


def expected_of(answer: Answer, shape: tuple[int, ...]) -> Array:
    """Counts of a healthy map, as far as somebody says so."""
    if isinstance(answer, Expectation):
        return answer.mean
    guess = answer.guess if isinstance(answer, NotKnown) else None
    return np.zeros(shape) if guess is None else guess


def _floats(values: Array) -> Floats:
    return values.astype(np.float32)
