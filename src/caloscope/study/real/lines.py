"""Trials by what a cell expects: shares that are found, and what is flagged beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from caloscope.study.metrics.intervals import wilson
from caloscope.study.real.injected import Trials
from caloscope.study.results import Interval

ALL = "all"


@dataclass(frozen=True, slots=True)
class InjectedLine:
    """Faults of one kind in cells that expect about the same (`expects`, counts, or `all`).

    `first` and `within` are the shares that are flagged in the first lumisection of the fault and within
    `together`; `wrong` is the share of the sound cells that are flagged, of single lumisections, in lines of
    `all`. `unknown` of `looks` lumisections had no verdict: nothing is found in them.
    """

    sample: str
    detector: str
    kind: str
    factor: float
    expects: str
    trials: int
    together: int
    first: Interval
    within: Interval
    flags: int
    sound: int
    wrong: Interval
    unknown: int
    looks: int


def classes(bins: Sequence[float]) -> Mapping[str, tuple[float, float]]:
    """What cells may expect, by name, with all of them at last."""
    edges = [0.0, *bins, np.inf]
    found = {_name(low, high): (low, high) for low, high in pairwise(edges)}
    return found | {ALL: (0.0, np.inf)}


def lines_of(trials: Sequence[Trials], bins: Sequence[float], together: int) -> Iterator[InjectedLine]:
    """Lines of one sample, detector, kind and factor: the folds of it are given."""
    one = trials[0]
    expects = np.concatenate([each.expects for each in trials])
    delay = np.concatenate([each.delay for each in trials])
    sums = [sum(getattr(each, name) for each in trials) for name in ("wrong", "sound", "unknown", "looks")]
    for name, (low, high) in classes(bins).items():
        mine = delay[(expects >= low) & (expects < high)]
        whole = name == ALL
        yield InjectedLine(
            *(one.sample, one.detector, one.kind, one.factor, name, len(mine), together),
            first=share_within(mine, 1),
            within=share_within(mine, together),
            flags=sums[0] if whole else 0,
            sound=sums[1] if whole else 0,
            wrong=wilson(sums[0], sums[1]) if whole else wilson(0, 0),
            unknown=sums[2],
            looks=sums[3],
        )


def share_within(delay: NDArray[np.int64], lumis: int) -> Interval:
    """The share of faults that are found within so many lumisections."""
    return wilson(int(np.count_nonzero(delay <= lumis)), len(delay))


def _name(low: float, high: float) -> str:
    if np.isinf(high):
        return f">={low:g}" if low else ALL
    return f"{low:g}-{high:g}" if low else f"<{high:g}"
