"""The order of one map: states advance in (run, lumi) order, whatever order lumisections arrive in.

The last 20 steps are kept. A late lumisection among them rewinds to the state before it and scores all that
follow again, so that the answers depend on the set of lumisections alone. Steps of an earlier life may come
without their states, which are large: what is needed of them is scored again from the last state before.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from caloscope.detectors.base import NotKnown, Observation
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scorer
from caloscope.records import Incident, LumiId, MapResult, Mask, Reason

KEPT = 20
"""Steps that can be rewound."""


class Standing(Enum):
    """How a lumisection that has just arrived stands to what is known."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"
    LATE = "late"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One lumisection that was scored and the state after it, None where that was not kept."""

    given: Given
    state: State | None


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """What one arrival changed: results in order, and every incident touched.

    `revised_from` is the first lumisection scored again, None where the arrival was the newest.
    """

    results: tuple[MapResult, ...]
    incidents: tuple[Incident, ...] = ()
    revised_from: LumiId | None = None


class Timeline:
    """The states of one map under one bundle. `steps` are the last ones, of an earlier life perhaps."""

    def __init__(self, scorer: Scorer, steps: Sequence[Step] = ()) -> None:
        self.scorer = scorer
        self._steps = list(steps)
        # With a full set of steps what came before the first is gone; with fewer it was the beginning.
        self._base: State | None = None if self.is_full else scorer.initial()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that can be rewound, ascending; where it is full the first and the last have a state."""
        return tuple(self._steps)

    @property
    def is_full(self) -> bool:
        """Whether there are as many steps as are kept: what was before the first is gone."""
        return len(self._steps) >= KEPT

    def standing(self, given: Given) -> Standing:
        """Whether this lumisection is new, known already, in conflict, or too late."""
        place = self._place(given.id)
        if place < len(self._steps) and self._steps[place].given.id == given.id:
            known = self._steps[place].given
            if known.content == given.content or given.record is None:
                return Standing.SAME
            return Standing.NEW if known.record is None else Standing.CONFLICT
        return Standing.LATE if place == 0 and self._base is None else Standing.NEW

    def advance(self, given: Given, masked: Mask, observation: Observation | None = None) -> Advance:
        """Score a new lumisection, and again those that come after it, each under the masks of its time.

        `observation` is what it is to a detector, where that was made already.
        """
        place = self._place(given.id)
        replaced = place < len(self._steps) and self._steps[place].given.id == given.id
        # A missing map changed nothing: what takes its place starts from the state that it left.
        state = self._after(place) if replaced else self._before(place)
        return self._from(place, replace(given, masked=masked), state, observation, replaced=replaced)

    def again(self, id: LumiId, change: Callable[[Given], Given]) -> Advance | None:  # noqa: A002 - the field's word
        """Score a lumisection and what comes after it once more, as other things are known of it now.

        None where `change` changes nothing, where the lumisection is not among those that are kept, and where
        what was before it is gone.
        """
        place = self._place(id)
        if place >= len(self._steps) or self._steps[place].given.id != id:
            return None
        before = self._steps[place].given
        given = change(before)
        if given is before or (place == 0 and self._base is None):
            return None
        return self._from(place, given, self._before(place), None, replaced=True)

    def _from(
        self, place: int, given: Given, state: State, observation: Observation | None, *, replaced: bool
    ) -> Advance:
        """Score from a place on, beginning with what is given there."""
        newest = place == len(self._steps)
        rest = [step.given for step in self._steps[place + int(replaced) :]]
        del self._steps[place:]
        results: list[MapResult] = []
        # What closed or opened again later than this may not do so any more: it is told as it was here.
        before = () if newest else state.tracks
        touched: dict[str, Incident] = {track.incident.id: track.incident for track in before}
        for number, each in enumerate((given, *rest)):
            mine = _no_mask(self.scorer) if each.masked is None else each.masked
            scored = self.scorer.score(each, state, mine, observation if number == 0 else None)
            state = scored.state
            results.append(scored.result)
            touched |= {incident.id: incident for incident in scored.incidents}
            self._steps.append(Step(each, state))
        self._forget()
        return Advance(tuple(results), tuple(touched.values()), None if newest else given.id)

    def late(self, given: Given, masked: Mask) -> Advance:
        """The answer to a lumisection that came too late; nothing else changes."""
        why = NotKnown(Reason.LATE, f"older than the last {KEPT} lumisections; it stays outside the evidence")
        if given.record is None:
            why = NotKnown(Reason.MAP_MISSING)
        return Advance((self.scorer.unknown(given, why, masked),))

    def _place(self, lumi_id: LumiId) -> int:
        return bisect_left(self._steps, lumi_id, key=lambda step: step.given.id)

    def _before(self, place: int) -> State:
        if place > 0:
            return self._after(place - 1)
        return self._base if self._base is not None else self.scorer.initial()

    def _after(self, place: int) -> State:
        """The state after a step, scored again where it was not kept."""
        step = self._steps[place]
        if step.state is not None:
            return step.state
        # One by one from the last state that there is, for a recursion might go as deep as there are steps.
        first = place
        while first > 0 and self._steps[first - 1].state is None:
            first -= 1
        state = self._before(first)
        for number in range(first, place + 1):
            given = self._steps[number].given
            mine = _no_mask(self.scorer) if given.masked is None else given.masked
            state = self.scorer.score(given, state, mine).state
            self._steps[number] = Step(given, state)
        return state

    def _forget(self) -> None:
        if self.is_full:
            gone = len(self._steps) - KEPT
            self._after(gone)  # while there is what it follows from
            self._base = None
            del self._steps[:gone]


def _no_mask(scorer: Scorer) -> Mask:
    return np.zeros(scorer.bundle.view.shape, np.bool_)
