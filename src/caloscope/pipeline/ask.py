"""Asking a detector, whose code and network are trusted with an answer but not with the run."""

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Answer, Array, Expectation, Memory, NotKnown, Observation, Score
from caloscope.pipeline.eras import refused_era
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord, Mask, Reason

LONGEST_DETAIL = 300


def observed(bundle: Bundle, given: Given, record: MapRecord) -> Observation:
    """What a record is to the bundle's detector, the maps that it asked for beside it."""
    companions = {name: other.counts.astype(np.float64) for name, other in given.companions.items()}
    return prepare.observe(given.id, record, bundle.view, companions)


def ask(bundle: Bundle, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
    """What the detector says of a map, and what it wants to remember.

    One that raises, or whose answer cannot be used, does not know (DETECTOR_FAILED) and remembers what it did
    before. It is not asked about a run that was taken with other cells than those that it learned.
    """
    era = refused_era(bundle, observation.id.run)
    if era is not None:
        return NotKnown(Reason.OUT_OF_RANGE, f"a run of {era}, the bundle is for {bundle.card.era}"), memory
    try:
        answer, remembered = bundle.detector.look(observation, memory)
        _require_usable(answer, bundle.view.shape)
    except Exception as error:  # noqa: BLE001 - whatever a detector does, the monitor goes on and says so
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return NotKnown(Reason.DETECTOR_FAILED, text[:LONGEST_DETAIL]), memory
    return answer, remembered


def _require_usable(answer: Answer, shape: tuple[int, ...]) -> None:
    """Raises `ValueError` for arrays of another shape, and for no number in a cell that it calls testable.

    A comparison with NaN is false: unnoticed, a cell would be good for ever that nobody judged.
    """
    if isinstance(answer, Expectation):
        for name in ("mean", "dispersion", "relative_error"):
            _require(name, getattr(answer, name), answer.testable, shape)
    elif isinstance(answer, Score):
        _require("value", answer.value, answer.testable, shape)
        for name in ("direction", "reconstruction"):
            array = getattr(answer, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} of shape {array.shape}, expected {shape}")


def _require(name: str, values: Array, testable: Mask, shape: tuple[int, ...]) -> None:
    if values.shape != shape or testable.shape != shape:
        raise ValueError(f"{name} of shape {values.shape}, expected {shape}")
    lost = int(np.count_nonzero(testable & ~np.isfinite(values)))
    if lost:
        raise ValueError(f"{name} is no number in {lost} testable cells")
