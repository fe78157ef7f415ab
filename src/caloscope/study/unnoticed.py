"""Faults that nobody noticed, in runs that are taken for good."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from caloscope.errors import UsageError
from caloscope.faults import Clock, Schedule
from caloscope.geometry import View
from caloscope.records import LumiId
from caloscope.simulate import Fill
from caloscope.study.rows import Indices, Row, on_view

TAG: Final = 0x57D1
"""In the seeds of all that is drawn of a study's simulated runs."""


def unnoticed(
    rows: Sequence[tuple[Row, Sequence[Indices]]], name: str, view: View, fill: Fill, share: float
) -> Schedule:
    """A fault in a share of a run: one of `rows` in one of its places, both drawn.

    One that is there in every second lumisection lasts twice as long. Raises `UsageError` where no
    lumisection would have it, or it can be nowhere.
    """
    rng = np.random.default_rng([fill.seed, TAG, fill.run, 1])
    possible = [each for each in rows if each[1]]
    number = round(share * fill.lumis)
    if not possible or number < 1:
        found = f"{share:g} of {fill.lumis} lumisections of a run"
        raise UsageError(f"found {found} to be faulty, expected one at least, and a fault that can be")
    row, spots = possible[int(rng.integers(len(possible)))]
    lasts = min(number * row.period, fill.lumis)
    cells = on_view(spots[int(rng.integers(len(spots)))], view)
    onset = 1 + int(rng.integers(fill.lumis - lasts + 1))
    clock = Clock.of([LumiId(fill.run, fill.lumis)])
    return Schedule([row.fault(name, cells, onset, onset + lasts)], name, view, clock)
