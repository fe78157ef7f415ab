"""Who is first in each part of a study."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from caloscope.study.metrics.delays import slower
from caloscope.study.metrics.intervals import wilson
from caloscope.study.metrics.place import Place
from caloscope.study.results import (
    NOTHING,
    Interval,
    RankLine,
)
from caloscope.study.text import ORACLE


def oracles_of(measured: Iterable[Place]) -> dict[tuple[str, str], Place]:
    """The oracle by matrix and sample."""
    settings = ((each.place.setting, each) for each in measured)
    return {(one.matrix, one.tested): each for one, each in settings if one.detector == ORACLE}


def ranking(
    own: Sequence[Place], oracles: Mapping[tuple[str, str], Place], asked: float
) -> Iterable[RankLine]:
    """The best first, within each matrix."""
    lines = []
    for each in own:
        setting = each.place.setting
        delays, oracle = each.delays, oracles.get((setting.matrix, setting.tested))
        if not delays:
            continue
        ratio = _plain(each) if oracle is None else _ratio(each, oracle)
        every = np.concatenate(list(delays.values()))
        found = wilson(int(np.isfinite(every).sum()), every.size)
        rate = each.clean_line(asked).rate if each.clean else NOTHING
        lines.append(RankLine(setting, ratio, found, len(delays), rate))
    names = list(dict.fromkeys(line.setting.matrix for line in lines))
    return sorted(lines, key=lambda line: (names.index(line.setting.matrix), *_order(line)))


def _ratio(one: Place, oracle: Place) -> Interval:
    """How many times slower a detector is than the oracle, in the trials that both have of every fault."""
    rows = [row for row in one.delays if row in oracle.delays]
    shared = [set(each.numbers(row)) for row in rows for each in (one, oracle)]
    common = sorted(set.intersection(*shared)) if shared else []
    own, known = (
        [each.delays[row][np.isin(each.numbers(row), common)] for row in rows] for each in (one, oracle)
    )
    return slower(own, known, [row.window for row in rows]) if common else NOTHING


def _plain(one: Place) -> Interval:
    """The same where nobody knows the oracle's delay: in lumisections, as if it found all in the first."""
    found = one.delays
    return slower(
        list(found.values()), [np.ones(each.size) for each in found.values()], [row.window for row in found]
    )


def _order(line: RankLine) -> tuple[float, float]:
    """By the delay; where there is no oracle to compare with, by what was found."""
    return (np.nan_to_num(line.slower.value, nan=np.inf), -line.found.value)
