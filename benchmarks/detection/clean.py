"""Runs in which nothing is wrong: how many incidents each detector opens."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from benchmarks.detection import regimes
from benchmarks.detection.contenders import REFERENCE
from benchmarks.scoring import Tally, Watch
from caloscope.bundle import Bundle
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import MapRecord
from caloscope.simulate import conditions

CLEAN: Final = {"HCAL": 7_400, "HO": 11_000}
CLEAN_USUAL: Final = 37_000
ELSEWHERE: Final = 5
"""In the second regime there are so many times fewer."""

OTHERS: Final = 5
"""Detectors other than the reference see one run of so many."""

RUNS_TOGETHER: Final = 5
"""Runs that a detector sees one after the other, as in a fill."""


def runs_of(name: str, regime: regimes.Regime, clean: int | None) -> int:
    """Number of clean runs of a map, in whole groups."""
    lumis = CLEAN.get(name, CLEAN_USUAL) if clean is None else clean
    if regime != regimes.STEADY_EVENTS:
        lumis //= ELSEWHERE
    groups = -(-lumis // (RUNS_TOGETHER * regimes.RUN_LUMIS))
    return max(1, groups) * RUNS_TOGETHER


def watched(group: int, titles: Sequence[str]) -> list[str]:
    """Which detectors see a group of runs."""
    return [title for title in titles if title == REFERENCE or group % OTHERS == 0]


def count(
    name: str, regime: regimes.Regime, group: int, runs: int, bundles: Mapping[str, Bundle]
) -> dict[str, dict[str, int]]:
    """The tally of each detector in one group of `runs` in all."""
    _, healthy = regimes.subject(name)
    tallies = {title: Tally() for title in bundles}
    watches = [Watch(Scorer(bundle, "benchmark"), tallies[title]) for title, bundle in bundles.items()]
    first = group * RUNS_TOGETHER
    for run in range(first, first + RUNS_TOGETHER):
        for at in conditions(regimes.clean(regime, run, runs)):
            given = Given(at.id, MapRecord(healthy.draw(at), at.events, at.measured), "")
            for watch in watches:
                watch.take(given)
    return {title: asdict(tally) for title, tally in tallies.items()}
