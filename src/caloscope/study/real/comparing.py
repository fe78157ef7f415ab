"""Digis, rec hits and their difference: which of them shows a fault of the same channels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from caloscope.study.real.injected import DIGIS, HITS, NEVER, Trials
from caloscope.study.real.lines import classes, share_within
from caloscope.study.real.measured import Measured
from caloscope.study.results import Interval

DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """Faults of the same channels as one map shows them to one detector.

    `sample` is the title of the difference, `map` the name of a map, or `difference`; `expects` are counts of
    digis. `first` and `within` are the shares found in the first lumisection and within `together`.
    """

    sample: str
    kind: str
    factor: float
    map: str
    detector: str
    expects: str
    trials: int
    together: int
    first: Interval
    within: Interval


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """What one map shows: trials of all folds, in the order of their keys."""

    line: tuple[str, float, str, str]
    key: NDArray[np.int64]
    expects: NDArray[np.float64]
    delay: NDArray[np.int64]


def compared(
    of: Measured, samples: Sequence[Measured], trials: Sequence[Trials], bins: Sequence[float]
) -> Iterator[ComparedLine]:
    """Lines of one difference; none of a map that is no sample of its own, with the same lumisections.

    Only channels are compared that had their turn in all three maps.
    """
    series = [*_series(of, samples, trials)]
    if not series:
        return
    common = reduce(np.intersect1d, (one.key for one in series))
    due = next(one for one in series if one.line[2] == DIFFERENCE)
    expects = due.expects[np.isin(due.key, common)]
    for one in series:
        delay = one.delay[np.isin(one.key, common)]
        for name, (low, high) in classes(bins).items():
            mine = delay[(expects >= low) & (expects < high)]
            shares = share_within(mine, 1), share_within(mine, of.together)
            yield ComparedLine(of.title, *one.line, name, len(mine), of.together, *shares)


def _series(of: Measured, samples: Sequence[Measured], trials: Sequence[Trials]) -> Iterator[_Series]:
    """What is thinned in a map is the same whatever the others do, so its trials serve for both kinds."""
    alone = [one for one in samples if not one.minus and one.file == of.file and one.together == of.together]
    digis = [one.title for one in alone if one.spec.name == of.spec.name]
    hits = [one.title for one in alone if one.spec.name == of.minus]
    for kind in (DIGIS, HITS):
        for title in digis[:1]:
            for one in _joined(kind, of.spec.name, [each for each in trials if each.sample == title]):
                unseen = np.full_like(one.delay, NEVER)  # digis do not change where rec hits alone fail
                yield one if kind == DIGIS else _Series(one.line, one.key, one.expects, unseen)
        for title in hits[:1]:
            yield from _joined(kind, of.minus, [each for each in trials if each.sample == title])
        yield from _joined(kind, DIFFERENCE, [e for e in trials if e.sample == of.title and e.kind == kind])


def _joined(kind: str, shown: str, trials: Sequence[Trials]) -> Iterator[_Series]:
    """One series for each detector and factor, of all folds."""
    for detector, factor in dict.fromkeys((each.detector, each.factor) for each in trials):
        mine = [each for each in trials if (each.detector, each.factor) == (detector, factor)]
        key = np.concatenate([each.key for each in mine])
        order = np.argsort(key)
        expects = np.concatenate([each.expects for each in mine])[order]
        delay = np.concatenate([each.delay for each in mine])[order]
        yield _Series((kind, factor, shown, detector), key[order], expects, delay)
