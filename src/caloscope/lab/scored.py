"""What a detector says of lumisections, through the pipeline's own steps, nothing recorded."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.detectors.base import NeedsCompanions
from caloscope.errors import UsageError
from caloscope.lab.answers import Scores
from caloscope.lab.held import Data
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import Codes, Floats, Incident, MapResult, Mask


def score(
    bundle: Bundle | str | Path,
    data: Data,
    *,
    masked: Mask | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Scores:
    """Judge lumisections in order with a bundle, or with the one in a folder; `masked` cells raise nothing.

    `tell` hears of lumisections that are done, and of all. Raises `UsageError` for data of another map or
    geometry, `BundleError` for a folder that is no bundle.
    """
    made = bundle if isinstance(bundle, Bundle) else bundles.load(Path(bundle))
    _require_fit(made, data)
    results, incidents = _run(made, data, _mask(masked, data), tell)
    return Scores(
        bundle=made,
        data=data,
        ids=data.ids,
        evidence=_stacked(results, data, lambda result: result.badness),
        expected=_stacked(results, data, _expected),
        codes=np.stack([each.codes for each in results]),
        direction=np.stack([_direction(each) for each in results]),
        quality=tuple(each.quality for each in results),
        reason=tuple(each.reason for each in results),
        seconds=np.array([each.seconds for each in results]),
        incidents=incidents,
        scores=any(each.score is not None for each in results),
    )


def _run(
    made: Bundle, data: Data, masked: Mask, tell: Callable[[int, int], None] | None
) -> tuple[list[MapResult], tuple[Incident, ...]]:
    scorer = Scorer(made, data.label)
    state, results, found = scorer.initial(), [], dict[str, Incident]()
    for number, given in enumerate(_given(made, data)):
        scored = scorer.score(given, state, masked)
        state = scored.state
        results.append(scored.result)
        found |= {each.id: each for each in scored.incidents}
        if tell is not None:
            tell(number + 1, len(data))
    return results, tuple(sorted(found.values(), key=lambda each: each.opened))


def _given(made: Bundle, data: Data) -> Iterable[Given]:
    """Lumisections with all that the detector wants to see."""
    names = made.detector.companions if isinstance(made.detector, NeedsCompanions) else ()
    return data.with_companions(names) if names else data.given


def _require_fit(made: Bundle, data: Data) -> None:
    found, expected = (data.map, data.view.version), (made.card.map, made.view.version)
    if found != expected:
        what = "data of {} in geometry {}"
        raise UsageError(f"found {what.format(*found)}, expected {what.format(*expected)}: {made.card.name}")


def _mask(masked: Mask | None, data: Data) -> Mask:
    if masked is None:
        return np.zeros(data.view.shape, np.bool_)
    if masked.shape != data.view.shape or masked.dtype != np.bool_:
        found = f"found masks {masked.dtype} of shape {masked.shape}"
        raise UsageError(f"{found}, expected bool of shape {data.view.shape}")
    return masked


def _stacked(results: list[MapResult], data: Data, part: Callable[[MapResult], Floats | None]) -> Floats:
    """A part of all results, NaN where there is none."""
    stacked = np.full((len(results), *data.view.shape), np.nan, np.float32)
    for place, each in enumerate(results):
        found = part(each)
        if found is not None:
            stacked[place] = found
    return stacked


def _expected(result: MapResult) -> Floats | None:
    """Expected counts; a network's picture, which is in units of its mean, gets the sum of the counts."""
    made = result.reconstruction
    if made is None or result.counts is None:
        return result.expected
    total = float(made.sum())
    return (made * (float(result.counts.sum()) / total)).astype(np.float32) if total > 0.0 else None


def _direction(result: MapResult) -> Codes:
    return np.zeros(result.codes.shape, np.int8) if result.direction is None else result.direction
