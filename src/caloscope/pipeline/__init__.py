"""The only way to score a lumisection, live or in a replay."""

from collections.abc import Sequence
from dataclasses import replace

from caloscope.bundle import Bundle
from caloscope.errors import UsageError
from caloscope.incidents.shape import members
from caloscope.pipeline.book import Book, Page
from caloscope.pipeline.conflict import ConflictError
from caloscope.pipeline.dark import dark
from caloscope.pipeline.gate import Gate
from caloscope.pipeline.lane import Lane
from caloscope.pipeline.pending import together
from caloscope.pipeline.surroundings import Surroundings
from caloscope.pipeline.timeline import Standing
from caloscope.records import LumiId, Lumisection, MapResult, Mask
from caloscope.store import Entry, Store

__all__ = ["ConflictError", "Gate", "Pipeline"]


class Pipeline:
    """Takes lumisections in any order and records what the bundles say of them.

    Every map advances by itself in (run, lumi) order. What was recorded before is taken up from the store's
    checkpoints; the same lumisection again changes nothing. What becomes known of the conditions of a
    lumisection, or of its other maps, after it was scored, has it scored again.

    `take` records each lumisection at once. A replay calls `score` for many and then `commit`, which puts all
    of them into the store in one transaction: what was not committed has not happened, and is to be taken
    again. The store says the same in both cases.
    """

    def __init__(self, store: Store, bundles: Sequence[Bundle], label: str, gate: Gate | None = None) -> None:
        self._store = store
        self._lanes = [Lane(store, bundle, label) for bundle in bundles]
        self._book = Book(store, label, {bundle.card.map: bundle.card.view for bundle in bundles})
        self._around = Surroundings(self._book, bundles, label, Gate() if gate is None else gate)
        self._masks: dict[str, Mask] | None = None

    def take(self, lumisection: Lumisection) -> list[MapResult]:
        """Score one lumisection on every map that it brings or should have brought, and record it.

        Answers with the new results, those scored again included, once they are in the store. Raises
        `ConflictError` after all other maps are done, when a map came before with another content, and
        `UsageError`, before anything is done, for real numbers: there is no likelihood for them.
        """
        try:
            results = self.score(lumisection)
        except ConflictError:
            self.commit()
            raise
        self.commit()
        return results

    def score(self, lumisection: Lumisection) -> list[MapResult]:
        """The same as `take`, but nothing is recorded before the next `commit`.

        The masks are those that were in force at the first lumisection after the last `commit`.
        """
        _require_counts(lumisection)
        try:
            results, conflicts = self._score(lumisection)
        except BaseException:
            self.forget()
            raise
        if conflicts:
            raise ConflictError(lumisection, conflicts, results)
        return results

    def commit(self) -> None:
        """Record all that was scored since the last time; raises `StoreError`, and then nothing of it is."""
        try:
            entries = [entry for lane in self._lanes for entry in lane.entries()]
            if rows := self._book.rows():
                entries.append(Entry(lumis=rows))
            if entries:
                self._store.record_all(together(entries))
        except BaseException:
            self.forget()
            raise
        self._masks = None
        self._book.recorded()
        for lane in self._lanes:
            lane.recorded()

    def forget(self) -> None:
        """Go back to what is in the store: the same lumisections may be taken again."""
        self._masks = None
        self._book.recall()
        for lane in self._lanes:
            lane.recall()

    def retune(self, gate: Gate) -> list[MapResult]:
        """Judge by other settings from now on; nothing is recorded before the next `commit`.

        Thresholds are those of the time at which a lumisection came. Of the conditions that people tell, the
        lumisections that can be scored again are scored again where they changed.
        """
        self._around.gate = gate
        results: list[MapResult] = []
        for lumi_id in sorted({step for lane in self._lanes for step in lane.kept}):
            page = self._around.told(self._book.page(lumi_id), None)
            results += self._settle(page, skip=())
        return results

    def _score(self, lumisection: Lumisection) -> tuple[list[MapResult], list[str]]:
        """The results, and the maps that came with other counts than before."""
        arrived = [(lane, given) for lane in self._lanes if (given := lane.given(lumisection)) is not None]
        new = [(lane, given, standing) for lane, given in arrived if _news(standing := lane.standing(given))]
        conflicts = [lane.bundle.card.map for lane, _, standing in new if standing is Standing.CONFLICT]
        new = [each for each in new if each[2] is not Standing.CONFLICT]
        page = self._around.told(self._book.page(lumisection.id), lumisection.conditions)
        page, seen = self._around.shown(page, [(lane, given) for lane, given, _ in new])
        results: list[MapResult] = []
        ambients = self._around.ambients(page, [lane for lane, _, _ in new])
        for lane, given, standing in new:
            raised = self._around.gate.raised.get(lane.bundle.card.map, 0.0)
            told = replace(ambients[lane].given(given), raised=raised, source=lumisection.source)
            late = standing is Standing.LATE
            results += lane.score(told, self._masked(lane.bundle), seen.get(lane), late=late)
        if new or page != self._book.page(lumisection.id):
            self._see(page, results)
            results += self._settle(self._book.page(page.id), skip=[lane for lane, _, _ in new])
        return results, conflicts

    def _settle(self, page: Page, skip: Sequence[Lane]) -> list[MapResult]:
        """Keep a page, and score those lanes again whose answer rests on what it said before."""
        results: list[MapResult] = []
        others = [lane for lane in self._lanes if lane not in skip]
        for lane, ambient in self._around.ambients(page, others).items():
            results += lane.again(page.id, ambient)
        self._see(page, results)
        after = self._book.next_told(page.id) if page.conditions.trigger else None
        if after is not None:
            for lane, ambient in self._around.ambients(after, self._lanes).items():
                results += lane.again(after.id, ambient)
            self._see(self._book.page(page.id), results)
        return results

    def _see(self, page: Page, results: Sequence[MapResult]) -> None:
        """Keep a page, and whether maps saw beam in the lumisections that were scored."""
        self._book.put(page)
        for lumi_id in sorted({LumiId(result.key.run, result.key.lumi) for result in results}):
            here = [each for each in results if (each.key.run, each.key.lumi) == lumi_id]
            before = self._book.page(lumi_id)
            self._book.put(replace(before, dark=dark(here, before.dark)))

    def _masked(self, bundle: Bundle) -> Mask:
        """The cells of a map that are masked, looked up once until the next `commit`."""
        if self._masks is None:
            self._masks = {}
            rows = self._store.masks()
            for name, shape in {lane.bundle.card.map: lane.bundle.view.shape for lane in self._lanes}.items():
                cells = [cell for row in rows if row.map == name for cell in row.cells]
                self._masks[name] = members(cells, shape)
        return self._masks[bundle.card.map]


def _news(standing: Standing) -> bool:
    return standing is not Standing.SAME


def _require_counts(lumisection: Lumisection) -> None:
    for name, record in lumisection.maps.items():
        if not record.is_counts:
            where = f"{lumisection.source or lumisection.label}: found real numbers for {name}"
            raise UsageError(f"{where} in {lumisection.run}:{lumisection.lumi}, expected counts")
