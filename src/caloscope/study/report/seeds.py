"""Trainings that differ by their seed alone, put together: the mean, and the widest interval of them."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from math import isnan
from statistics import fmean
from typing import Any, TypeVar

from caloscope.study.results import NOTHING, CleanLine, Interval, Results, Setting

Line = TypeVar("Line", bound=Any)


def merged(results: Results) -> Results:
    """The same with one line where only seeds differ; of curves the first seed's.

    A value is the mean over seeds, its interval reaches from the lowest to the highest end of theirs.
    """
    return replace(
        results,
        faults=_merged(results.faults, ("fault",)),
        clean=tuple(map(_summed, _groups(results.clean, ("asked",)))),
        calibration=tuple(map(_summed, _groups(results.calibration, ("asked",)))),
        costs=_merged(results.costs, ()),
        ranking=_merged(results.ranking, ()),
        curves=tuple(group[0] for group in _groups(results.curves, ("fault", "kind"))),
    )


def together(intervals: Sequence[Interval]) -> Interval:
    """The mean of the values that are known, and the ends of all intervals."""
    known = [each for each in intervals if not isnan(each.value)]
    if not known:
        return NOTHING
    low = [each.low for each in known if not isnan(each.low)] or [float("nan")]
    high = [each.high for each in known if not isnan(each.high)] or [float("nan")]
    return Interval(fmean(each.value for each in known), min(low), max(high))


def _groups(lines: Iterable[Line], names: Sequence[str]) -> list[list[Line]]:
    found: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        key = (_seedless(line.setting), *(getattr(line, name) for name in names))
        found.setdefault(key, []).append(line)
    return list(found.values())


def _merged(lines: Iterable[Line], names: Sequence[str]) -> tuple[Line, ...]:
    return tuple(group[0] if len(group) == 1 else _one(group) for group in _groups(lines, names))


def _one(group: Sequence[Line]) -> Line:
    """Intervals together, `trials` added up, other numbers as means."""
    found: dict[str, Any] = {}
    for field in fields(group[0]):
        values = [getattr(each, field.name) for each in group]
        if isinstance(values[0], Interval):
            found[field.name] = together(values)
        elif field.name == "trials":
            found[field.name] = sum(values)
        elif isinstance(values[0], float):
            found[field.name] = fmean(values)
    return replace(group[0], **found)


def _summed(group: Sequence[CleanLine]) -> CleanLine:
    lumis, judged, incidents = (
        sum(getattr(each, name) for each in group) for name in ("lumis", "judged", "incidents")
    )
    rate = together([each.rate for each in group])
    return replace(group[0], lumis=lumis, judged=judged, incidents=incidents, rate=rate)


def _seedless(setting: Setting) -> Setting:
    return replace(setting, seed=0)
