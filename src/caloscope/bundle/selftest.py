"""The self-test of a bundle: a few lumisections in order, and what the detector said of them.

`selftest.h5` is flat, as `reference.h5` is. `told` holds what is no array, as JSON in UTF-8 (uint8); of the
lumisection with index NN there are `NN_counts`, `NN_companion_K` for each companion that `told` names, and
the arrays of the answer: `NN_mean`, `NN_dispersion` and `NN_testable` of an expectation, with `NN_given` and
`NN_left` where there are surroundings; `NN_value`, `NN_testable` and, where there is one,
`NN_reconstruction` of a score; none of an answer that is not known.
Counts are kept as small integers, answers as float32, whose rounding of 6e-8 is nothing against what is
tolerated. A score alone would say little: on good data it is far below its threshold, whatever the network
makes of the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from caloscope.bundle.answered import Answered, Kind, answered
from caloscope.bundle.arrays import read_arrays, write_arrays
from caloscope.bundle.card import first_fault
from caloscope.detectors.base import Array, Detector, Memory, Observation
from caloscope.errors import BundleError
from caloscope.records import LumiId, Reason

MOST = 64
"""Lumisections that a self-test may hold: it is a quick look, not a validation."""
MOST_TOLD = 1_000_000  # bytes

_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "expectation": ("mean", "dispersion", "testable"),
    "surrounded": ("mean", "dispersion", "testable", "given", "left"),
    "score": ("value", "testable"),
    "not_known": (),
}

Count: TypeAlias = Annotated[int, Field(ge=0)]


class Facts(BaseModel):
    """What is no array of one lumisection and of the answer to it; `companions` are names of maps."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    run: Count
    lumi: Count
    events: Count | None
    pileup: float | None
    span: Annotated[int, Field(ge=1)]
    companions: tuple[str, ...]
    kind: Kind
    reason: Reason | None = None
    threshold: float | None = None
    reconstruction: bool = False


_FACTS: Final = TypeAdapter(Annotated[tuple[Facts, ...], Field(max_length=MOST)])


@dataclass(frozen=True, slots=True, eq=False)
class SelfTest:
    """Lumisections in the order in which a detector with an empty memory saw them, and its answers."""

    observations: tuple[Observation, ...]
    answers: tuple[Answered, ...]

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.observations)


def answers_of(detector: Detector, observations: Sequence[Observation]) -> tuple[Answered, ...]:
    """What a detector says of lumisections, one after the other, from an empty memory.

    Raises `BundleError` where it fails: what fails on its own self-test is not fit for use.
    """
    memory: Memory = {}
    found = []
    for each in observations:
        try:
            answer, memory = detector.look(each, memory)
            found.append(answered(answer, each.counts))
        except Exception as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise BundleError(f"{detector.name}: failed at {each.id.run}:{each.id.lumi} ({text})") from error
    return tuple(found)


def write(path: Path, detector: Detector, observations: Sequence[Observation]) -> None:
    """Write the self-test of a detector: `observations`, and its answers to them.

    Raises `BundleError` where it fails on them, and for more of them than a self-test may hold.
    """
    if len(observations) > MOST:
        raise BundleError(f"{path}: found {len(observations)} lumisections, expected at most {MOST}")
    facts, arrays = [], dict[str, NDArray[Any]]()
    for index, (each, answer) in enumerate(
        zip(observations, answers_of(detector, observations), strict=True)
    ):
        facts.append(_facts(each, answer))
        kept = {"counts": _small(each.counts)}
        kept |= {f"companion_{k}": _small(each.companions[n]) for k, n in enumerate(facts[-1].companions)}
        kept |= answer.arrays
        arrays |= {f"{index:02d}_{name}": array for name, array in kept.items()}
    arrays["told"] = np.frombuffer(_FACTS.dump_json(tuple(facts)), dtype=np.uint8)
    write_arrays(path, arrays)


def read(path: Path, shape: tuple[int, ...]) -> SelfTest:
    """The self-test again, for maps of `shape`. Raises `BundleError` for what does not fit."""
    arrays = read_arrays(path)
    told = arrays.get("told", np.empty(0, np.uint8))
    if told.dtype != np.uint8 or told.size > MOST_TOLD:
        raise BundleError(f"{path}: found {told.size} {told.dtype} for told, expected a text of bytes")
    try:
        facts = _FACTS.validate_json(told.tobytes())
    except ValidationError as error:
        raise BundleError(f"{path}: found {first_fault(error)}, expected a self-test") from error
    found = [_restored(path, arrays, index, each, shape) for index, each in enumerate(facts)]
    return SelfTest(tuple(seen for seen, _ in found), tuple(answer for _, answer in found))


def _restored(
    path: Path, arrays: Mapping[str, NDArray[Any]], index: int, facts: Facts, shape: tuple[int, ...]
) -> tuple[Observation, Answered]:
    """One lumisection and the answer to it."""

    def array(name: str, expected: tuple[int, ...] | None) -> NDArray[Any]:
        found = arrays.get(f"{index:02d}_{name}")
        if found is None or (expected is not None and found.shape != expected):
            shown = "nothing" if found is None else f"an array of shape {found.shape}"
            raise BundleError(f"{path}: found {shown} for {index:02d}_{name}, expected one of {expected}")
        return found

    companions = {
        name: array(f"companion_{place}", None).astype(np.float64)
        for place, name in enumerate(facts.companions)
    }
    counts = array("counts", shape).astype(np.float64)
    at = LumiId(facts.run, facts.lumi)
    seen = Observation(at, counts, facts.events, facts.pileup, companions, facts.span)
    names = _PARTS[facts.kind] + (("reconstruction",) if facts.reconstruction else ())
    kept = {name: array(name, shape) for name in names}
    return seen, Answered(facts.kind, kept, facts.reason, facts.threshold)


def _facts(seen: Observation, answer: Answered) -> Facts:
    return Facts(
        run=int(seen.id.run),
        lumi=int(seen.id.lumi),
        events=None if seen.events is None else int(seen.events),
        pileup=None if seen.pileup is None or not np.isfinite(seen.pileup) else float(seen.pileup),
        span=int(seen.span),
        companions=tuple(sorted(seen.companions)),
        kind=answer.kind,
        reason=answer.reason,
        threshold=answer.threshold,
        reconstruction="reconstruction" in answer.arrays,
    )


def _small(counts: Array) -> NDArray[np.generic]:
    """Counts in the smallest unsigned integers that hold them, or as they are where they are no counts."""
    if counts.size and (counts.min() < 0 or not np.array_equal(counts, np.floor(counts))):
        return counts
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0.0))))
