"""An answer of a detector as far as a self-test keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Expectation, Score, Surroundings
from caloscope.records import Mask, Reason

Kind: TypeAlias = Literal["expectation", "surrounded", "score", "not_known"]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The arrays of an answer, by name, in the view's shape; an expectation may be *surrounded*."""

    kind: Kind
    arrays: Mapping[str, NDArray[Any]]
    reason: Reason | None = None
    threshold: float | None = None


def answered(answer: Answer, counts: Array) -> Answered:
    """What is kept of an answer to a map of counts."""
    told: dict[str, NDArray[Any]]
    if isinstance(answer, Expectation):
        mean, dispersion = _single(answer.mean), _single(answer.dispersion)
        told = {"mean": mean, "dispersion": dispersion, "testable": answer.testable}
        if answer.surroundings is None:
            return Answered("expectation", told)
        return Answered("surrounded", told | _surrounded(answer, answer.surroundings, counts))
    if isinstance(answer, Score):
        told = {"value": _single(answer.value), "testable": answer.testable}
        if answer.reconstruction is not None:
            told["reconstruction"] = _single(answer.reconstruction)
        return Answered("score", told, threshold=float(answer.threshold))
    return Answered("not_known", {}, reason=answer.reason)


def _surrounded(answer: Expectation, around: Surroundings, counts: Array) -> dict[str, NDArray[Any]]:
    """What surroundings make of residuals; the root of the mean stands for their standard deviations."""
    asked: Mask = answer.testable & (answer.mean > 0)
    residual = np.where(asked, (counts - answer.mean) / np.sqrt(np.maximum(answer.mean, 1.0)), 0.0)
    given, left = around.given(residual, asked)
    return {"given": _single(given), "left": _single(left)}


def _single(values: Array) -> NDArray[np.float32]:
    """Numbers as float32; what is larger than that can hold becomes its largest."""
    most = float(np.finfo(np.float32).max)
    return np.clip(values, -most, most).astype(np.float32)
