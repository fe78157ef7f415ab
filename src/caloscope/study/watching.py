"""The oracle's part of a study: its thresholds, and when it finds the same faults in the same places."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from caloscope.study.cells import Trials
from caloscope.study.oracle import Follow, Hunt, Oracle, thresholds
from caloscope.study.rows import Row, on_view
from caloscope.study.samples import cells_of
from caloscope.study.simulated import Simulated


@lru_cache(maxsize=1)
def oracle_of(sample: Simulated) -> Oracle:
    """The oracle of a sample: seconds for an endcap, a minute for HCAL."""
    return Oracle(sample.healthy, sample.typical())


@lru_cache(maxsize=16)
def hunt_of(sample: Simulated, row: Row) -> Hunt:
    """The oracle on the hunt for one kind of fault."""
    return Hunt(oracle_of(sample), row)


def yardsticks(sample: Simulated, rows: Sequence[Row], lumis: int, rate: float) -> dict[str, float]:
    """For each row, by key, the oracle's threshold."""
    possible = [row for row in rows if hunt_of(sample, row).places]
    return thresholds(oracle_of(sample), possible, sample.yardstick(lumis), rate)


def oracle_trials(cell: Trials, threshold: float) -> dict[str, Any]:
    """When the oracle finds one kind of fault, trial by trial."""
    sample = cell.sample
    assert isinstance(sample, Simulated)  # of a measured one nobody knows the truth
    hunt = hunt_of(sample, cell.row)
    numbers = range(cell.first, cell.first + cell.many) if hunt.places else ()
    return {"trials": [_trial(hunt, sample, number, threshold) for number in numbers]}


def _trial(hunt: Hunt, sample: Simulated, number: int, threshold: float) -> dict[str, Any]:
    members = cells_of(sample, hunt.row, number)
    follow, there = Follow(hunt, members, threshold), False
    for at in sample.warm_up(number):
        there = follow.found(at, *hunt.oracle.standard(at, sample.healthy.draw(at)))
    told = {"trial": number, "delay": None}
    if there:
        return told
    for since, at, given in sample.from_onset(number, hunt.row, on_view(members, sample.view)):
        assert given.record is not None
        counts = given.record.counts.astype(np.uint32, copy=False)
        if follow.found(at, *hunt.oracle.standard(at, counts)):
            return {**told, "delay": since}
    return told
