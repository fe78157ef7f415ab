"""One bundle on one stream: its timeline and its part of the store."""

from collections.abc import Mapping

from caloscope import incidents, prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import NeedsCompanions, Observation, scores
from caloscope.pipeline.ambient import Ambient
from caloscope.pipeline.ask import ask
from caloscope.pipeline.brought import brought
from caloscope.pipeline.checkpoint import encode
from caloscope.pipeline.coherent import level_of
from caloscope.pipeline.pending import Pending
from caloscope.pipeline.recalled import recalled
from caloscope.pipeline.registered import row_of
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.pipeline.timeline import Advance, Standing, Step, Timeline
from caloscope.records import (
    Incident,
    LumiId,
    Lumisection,
    MapResult,
    Mask,
    Reason,
)
from caloscope.store import Checkpoint, Entry, Store


class Lane:
    """One bundle on one stream.

    What it scores waits until `entries` are in the store and `recorded` says so; after a failure `recall`
    goes back to what is in the store.
    """

    def __init__(self, store: Store, bundle: Bundle, label: str) -> None:
        self.bundle = bundle
        self._store = store
        self._scorer = Scorer(bundle, label)
        self._label = label
        store.register_bundle(row_of(bundle))
        self._pending = Pending()
        self._known: tuple[int, dict[int, tuple[str, Reason | None]]] = (-1, {})
        self._timeline = self._recall_timeline()
        # Steps that the store has as they are, and whether with their states.
        self._saved = {step: step.state is not None for step in self._timeline.steps}
        self._standing_since = self._recall_standing()

    def given(self, lumisection: Lumisection) -> Given | None:
        """What the lumisection brings for this map; None where it has nothing to do with it."""
        return brought(lumisection, self.bundle)

    def standing(self, given: Given) -> Standing:
        """How it stands to the timeline, and to what is on record where it is older than that."""
        standing = self._timeline.standing(given)
        if standing is not Standing.LATE:
            return standing
        known = self._known_in(given.id.run).get(given.id.lumi)
        if known is None:
            return Standing.LATE
        content, reason = known
        if content == given.content or given.record is None:
            return Standing.SAME
        return Standing.LATE if reason is Reason.MAP_MISSING else Standing.CONFLICT

    def observation(self, given: Given) -> Observation | None:
        """What a map of counts is to its detector; None where one is not enough to tell the map's level.

        That takes a detector that expects counts and looks at this map alone, and counts that do not grow.
        """
        record, detector = given.record, self.bundle.detector
        if record is None or record.cumulative or not record.is_counts:
            return None
        if isinstance(detector, NeedsCompanions) or scores(detector):
            return None
        return prepare.observe(given.id, record, self.bundle.view)

    def level(self, observation: Observation) -> float | None:
        """By how much the map is off as a whole, as if nothing had been before it: maps come in any order."""
        answer, _ = ask(self.bundle, observation, {})
        return level_of(observation.counts, answer)

    def score(
        self, given: Given, masked: Mask, observation: Observation | None = None, *, late: bool
    ) -> tuple[MapResult, ...]:
        """Score it; what follows from it waits for the store."""
        timeline = self._timeline
        advance = timeline.late(given, masked) if late else timeline.advance(given, masked, observation)
        touched = advance.incidents if late else (*advance.incidents, *self._standing_incident(advance))
        self._pending.add(advance.results, touched, advance.revised_from)
        run, known = self._known
        known |= {r.key.lumi: (r.content, r.reason) for r in advance.results if r.key.run == run}
        return advance.results

    @property
    def kept(self) -> tuple[LumiId, ...]:
        """The lumisections that can be scored again."""
        return tuple(step.given.id for step in self._timeline.steps)

    def again(
        self,
        lumi_id: LumiId,
        ambient: Ambient,
    ) -> tuple[MapResult, ...]:
        """Score a lumisection again where what is known beside its map would have it judged otherwise."""

        def change(given: Given) -> Given:
            view = self.bundle.view
            if given.record is None or Ambient.of(given).means(view) == ambient.means(view):
                return given
            return ambient.given(given)

        advance = self._timeline.again(lumi_id, change)
        if advance is None:
            return ()
        touched = (*advance.incidents, *self._standing_incident(advance))
        self._pending.add(advance.results, touched, advance.revised_from)
        return advance.results

    def entries(self) -> list[Entry]:
        """What waits for the store, with the states after it."""
        return self._pending.entries(self._checkpoints()) if self._pending else []

    def recorded(self) -> None:
        """What waited is in the store."""
        if self._pending:
            whole = self._whole()
            steps = self._timeline.steps
            self._saved = {step: step.given.id in whole or self._saved.get(step, False) for step in steps}
            self._pending = Pending()

    def recall(self) -> None:
        """Go on from what the store knows: what is not in it has not happened."""
        self._pending = Pending()
        self._known = (-1, {})
        self._timeline = self._recall_timeline()
        self._saved = {step: step.state is not None for step in self._timeline.steps}
        self._standing_since = self._recall_standing()

    def _recall_timeline(self) -> Timeline:
        """The timeline as the store knows it."""
        return Timeline(self._scorer, recalled(self._store, self.bundle, self._label))

    def _recall_standing(self) -> LumiId | None:
        """Since when the store knows of the cells that were never alive."""
        known = self._store.incidents(label=self._label, map=self.bundle.card.map, bundle=self.bundle.hash)
        return next((incident.opened for incident in known if incident.standing), None)

    def _known_in(self, run: int) -> Mapping[int, tuple[str, Reason | None]]:
        """What is known of the lumisections of a run, looked up once for many of them."""
        if self._known[0] != run:
            found = self._store.contents(self._label, run, self.bundle.card.map, self.bundle.hash)
            self._known = run, found | self._pending.contents(run)
        return self._known[1]

    def _checkpoints(self) -> list[Checkpoint]:
        """The steps that the store does not have as they are.

        States are large: the last one is written, and the first where nothing before it can be known again.
        """
        whole = self._whole()
        return [
            self._checkpoint(step, with_state=step.given.id in whole)
            for step in self._timeline.steps
            if step not in self._saved or (step.given.id in whole and not self._saved[step])
        ]

    def _whole(self) -> set[LumiId]:
        """Steps whose states must be in the store."""
        steps = self._timeline.steps
        return {step.given.id for step in (steps[:1] if self._timeline.is_full else ()) + steps[-1:]}

    def _checkpoint(self, step: Step, *, with_state: bool) -> Checkpoint:
        run, lumi = step.given.id
        blob = encode(step.given, step.state if with_state else None)
        return Checkpoint(self._label, self.bundle.card.map, self.bundle.hash, run, lumi, blob)

    def _standing_incident(self, advance: Advance) -> list[Incident]:
        """The cells that were never alive, from the first lumisection on.

        Told once, again when an earlier lumisection arrives, and where a revision dropped it from the store.
        """
        first = advance.results[0].key
        since = min(LumiId(first.run, first.lumi), self._standing_since or LumiId(first.run, first.lumi))
        dropped = advance.revised_from is not None and advance.revised_from <= since
        if since == self._standing_since and not dropped:
            return []
        self._standing_since = since
        incident = incidents.standing(self._scorer.never_alive(), self._scorer.owner(), since)
        return [] if incident is None else [incident]
