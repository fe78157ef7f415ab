"""Simulated runs in which something breaks: when the oracle finds it, and when each detector does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.detection import regimes
from benchmarks.scoring import score
from caloscope.bundle import Bundle
from caloscope.faults import Clock, Schedule
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Code, Counts, LumiId, MapRecord, Mask
from caloscope.simulate import Conditions, Healthy, conditions
from caloscope.study.oracle import Follow, Hunt, Oracle
from caloscope.study.rows import Row, on_view

ORACLE: Final = "oracle"
COVERED: Final = 0.5
"""Share of the faulty cells that must be flagged."""

Delays = dict[str, dict[str, int | None]]
"""By row and detector: lumisections from the onset to the first flag, 1 in the first; None: not found."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A run up to the onset: its lumisections, and the state of each detector after them."""

    seen: tuple[tuple[Conditions, Counts], ...]
    rest: tuple[Conditions, ...]
    states: Mapping[str, State]
    last: Mapping[str, Scored]


class Trials:
    """All rows of a map in one regime, each run shared by its rows up to the onset of the fault."""

    def __init__(
        self,
        oracle: Oracle,
        regime: regimes.Regime,
        rows: Sequence[Row],
        limits: Mapping[str, float],
        bundles: Mapping[str, Bundle],
    ) -> None:
        self._oracle, self._regime = oracle, regime
        self._hunts = [Hunt(oracle, row) for row in rows]
        self._limits = limits
        self._scorers = {title: Scorer(bundle, "benchmark") for title, bundle in bundles.items()}

    def run(self, number: int) -> Delays:
        """The trials of one run."""
        start = self._start(number)
        return {hunt.row.key: self._row(hunt, start, number, place) for place, hunt in enumerate(self._hunts)}

    @property
    def _healthy(self) -> Healthy:
        return self._oracle.healthy

    def _start(self, number: int) -> Start:
        longest = max(hunt.row.window for hunt in self._hunts)
        course = list(conditions(regimes.trial(self._regime, number, longest)))
        before = [at for at in course if at.lumi <= regimes.WARM_UP]
        seen = tuple((at, self._healthy.draw(at)) for at in before)
        states = {title: scorer.initial() for title, scorer in self._scorers.items()}
        last: dict[str, Scored] = {}
        for at, counts in seen:
            for title, scorer in self._scorers.items():
                last[title] = score(scorer, _given(at, counts), states[title])
                states[title] = last[title].state
        return Start(seen, tuple(course[len(before) :]), states, last)

    def _row(self, hunt: Hunt, start: Start, number: int, place: int) -> dict[str, int | None]:
        """One fault, in a place that is drawn, until all have found it or the window is over."""
        rng = np.random.default_rng([regimes.SEED, number, place, *self._regime.name.encode()])
        members = hunt.places[int(rng.integers(len(hunt.places)))]
        cells = on_view(members, self._healthy.view)
        follow = Follow(hunt, members, self._limits[hunt.row.key])
        early = [follow.found(at, *self._oracle.standard(at, counts)) for at, counts in start.seen]
        hunting = {ORACLE} if not early[-1] else set()
        hunting |= {title for title, scored in start.last.items() if not _flagged(scored, cells)}
        found: dict[str, int | None] = dict.fromkeys((ORACLE, *self._scorers))
        states = dict(start.states)
        for at, counts in self._faulty(hunt.row, cells, start):
            for title in sorted(hunting):
                if title == ORACLE:
                    there = follow.found(at, *self._oracle.standard(at, counts))
                else:
                    scored = score(self._scorers[title], _given(at, counts), states[title])
                    states[title], there = scored.state, _flagged(scored, cells)
                if there:
                    found[title] = at.lumi - regimes.WARM_UP
                    hunting.discard(title)
            if not hunting:
                break
        return found

    def _faulty(self, row: Row, cells: Mask, start: Start) -> Iterator[tuple[Conditions, Counts]]:
        """The lumisections from the onset on, as long as the row looks."""
        first, onset = start.seen[0][0], regimes.WARM_UP + 1
        name = self._healthy.spec.name
        clock = Clock.of([LumiId(first.run, onset + row.window)])
        schedule = Schedule([row.fault(name, cells, onset)], name, self._healthy.view, clock)
        for at in start.rest:
            if at.lumi < onset + row.window:
                yield at, self._healthy.draw(at, schedule.at(at.id))


def _given(at: Conditions, counts: Counts) -> Given:
    return Given(at.id, MapRecord(counts, at.events, at.measured), "")


def _flagged(scored: Scored, cells: Mask) -> bool:
    """Whether so many of the cells have an unmasked flag."""
    return bool((scored.result.codes[cells] == Code.BAD).mean() >= COVERED)
