"""What the maps of a lumisection are judged by beside themselves."""

from collections.abc import Sequence
from dataclasses import replace

from caloscope.bundle import Bundle
from caloscope.detectors.base import Observation
from caloscope.pipeline.ambient import Ambient
from caloscope.pipeline.book import Book, Page
from caloscope.pipeline.coherent import common_shift
from caloscope.pipeline.gate import Gate
from caloscope.pipeline.lane import Lane
from caloscope.pipeline.state import Given
from caloscope.pipeline.told import LABEL, TABLE, key_of
from caloscope.records import Conditions


class Surroundings:
    """What is told of a lumisection, and what its maps show together.

    `gate` holds what an operator may set, and may be another from now on.
    """

    def __init__(self, book: Book, bundles: Sequence[Bundle], label: str, gate: Gate) -> None:
        self.gate = gate
        self._book = book
        self._label = label
        self._producers = {bundle.card.map: bundle.spec.producer for bundle in bundles}

    def ambients(self, page: Page, lanes: Sequence[Lane]) -> dict[Lane, Ambient]:
        """What the maps of lanes are judged by beside themselves."""
        if not lanes:
            return {}
        conditions, retriggered = page.conditions, self._book.retriggered(page)
        return {
            lane: Ambient(
                conditions,
                self.gate.accepted(lane.bundle),
                self._shift(page, lane.bundle.card.map),
                retriggered,
            )
            for lane in lanes
        }

    def told(self, page: Page, conditions: Conditions | None) -> Page:
        """The page with what is told of its lumisection, by labels and by people as they are set now."""
        told = {name: said for name, said in page.told.items() if name not in (TABLE, LABEL)}
        if (state := self.gate.of_label(self._label)) is not None:
            told[LABEL] = Conditions(state, source=LABEL)
        if conditions is not None and conditions != Conditions(source=conditions.source):
            told[key_of(conditions)] = conditions
        table = None if self.gate.table is None else self.gate.table(page.id)
        if table is not None:
            told[TABLE] = replace(table, source=TABLE)
        return replace(page, told=told)

    def shown(self, page: Page, new: Sequence[tuple[Lane, Given]]) -> tuple[Page, dict[Lane, Observation]]:
        """The page with what maps show of the conditions, and what maps are to their detectors.

        What was made of a map once need not be made again.
        """
        seen: dict[Lane, Observation] = {}
        levels, events = dict(page.levels), dict(page.events)
        for lane, given in new:
            name, record = lane.bundle.card.map, given.record
            if record is not None and record.events is not None and not record.cumulative:
                events.setdefault(name, record.events // max(1, record.span))
            observation = lane.observation(given)
            if observation is None:
                continue
            seen[lane] = observation
            # What is in commissioning must not move what the others say.
            silent = lane.bundle.standing.state == "commissioning"
            if not silent and (level := lane.level(observation)) is not None:
                levels[name] = level
        return replace(page, levels=levels, events=events), seen

    def _shift(self, page: Page, name: str) -> float:
        """By how much all maps are off together, as far as it excuses this one."""
        mine = {other for other, of in self._producers.items() if of == self._producers[name]}
        own = {other: level for other, level in page.levels.items() if other in mine}
        several = self._book.several
        everything = page.levels if several(page.levels) else {}
        return common_shift(own if several(own) else {}, everything, page.levels.get(name))
