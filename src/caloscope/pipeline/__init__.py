"""The only way to score a lumisection, live or in a replay."""

from collections.abc import Sequence
from dataclasses import replace

from caloscope.bundle import Bundle
from caloscope.detectors.base import Observation
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.incidents.shape import members
from caloscope.pipeline.coherent import coherent
from caloscope.pipeline.lane import Lane
from caloscope.pipeline.state import Given
from caloscope.pipeline.timeline import Standing
from caloscope.records import Lumisection, MapResult, Mask
from caloscope.store import Store

__all__ = ["ConflictError", "Pipeline"]


class ConflictError(SourceError):
    """Maps came with other counts than before; `results` are those of the lumisection's other maps."""

    def __init__(self, lumisection: Lumisection, maps: Sequence[str], results: Sequence[MapResult]) -> None:
        where = f"{lumisection.run}:{lumisection.lumi}"
        found = f"other counts for {', '.join(sorted(set(maps)))} in {where}"
        super().__init__(lumisection.source, Fault.CONFLICT, found, "what was seen first")
        self.results = tuple(results)


class Pipeline:
    """Takes lumisections in any order and records what the bundles say of them.

    Every map advances by itself in (run, lumi) order. What was recorded before is taken up from the store's
    checkpoints; the same lumisection again changes nothing.

    `take` records each lumisection at once. A replay calls `score` for many and then `commit`, which puts all
    of them into the store in one transaction: what was not committed has not happened, and is to be taken
    again. The store says the same in both cases.
    """

    def __init__(self, store: Store, bundles: Sequence[Bundle], label: str) -> None:
        self._store = store
        self._lanes = [Lane(store, bundle, label) for bundle in bundles]
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
            if entries:
                self._store.record_all(entries)
        except BaseException:
            self.forget()
            raise
        self._masks = None
        for lane in self._lanes:
            lane.recorded()

    def forget(self) -> None:
        """Go back to what is in the store: the same lumisections may be taken again."""
        self._masks = None
        for lane in self._lanes:
            lane.recall()

    def _score(self, lumisection: Lumisection) -> tuple[list[MapResult], list[str]]:
        """The results, and the maps that came with other counts than before."""
        results: list[MapResult] = []
        conflicts: list[str] = []
        arrived = [(lane, given) for lane in self._lanes if (given := lane.given(lumisection)) is not None]
        new = [(lane, given, standing) for lane, given in arrived if _news(standing := lane.standing(given))]
        shift, seen = _coherent(arrived) if new else (0.0, {})
        for lane, given, standing in new:
            name = lane.bundle.card.map
            if standing is Standing.CONFLICT:
                conflicts.append(name)
                continue
            told, masked = replace(given, coherent=shift), self._masked(lane.bundle)
            results += lane.score(told, masked, seen.get(lane), late=standing is Standing.LATE)
        return results, conflicts

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


def _coherent(arrived: Sequence[tuple[Lane, Given]]) -> tuple[float, dict[Lane, Observation]]:
    """By how much all maps that came together are off as a whole; 0 where all are of one view.

    Also what those maps are to their detectors: what was made of them once need not be made again.
    """
    if len({lane.bundle.card.view for lane, _ in arrived}) < 2:
        return 0.0, {}
    levels: dict[str, float] = {}
    seen: dict[Lane, Observation] = {}
    for lane, given in arrived:
        observation = lane.observation(given)
        if observation is not None:
            seen[lane] = observation
            # What is in commissioning must not move what the others say.
            silent = lane.bundle.standing.state == "commissioning"
            level = None if silent else lane.level(observation)
            if level is not None:
                levels[lane.bundle.card.map] = level
    return coherent(levels), seen


def _require_counts(lumisection: Lumisection) -> None:
    for name, record in lumisection.maps.items():
        if not record.is_counts:
            where = f"{lumisection.source or lumisection.label}: found real numbers for {name}"
            raise UsageError(f"{where} in {lumisection.run}:{lumisection.lumi}, expected counts")
