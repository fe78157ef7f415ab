"""The only way to score a lumisection, live or in a replay."""

import hashlib
from collections.abc import Sequence
from typing import cast

import numpy as np

from caloscope import incidents
from caloscope.bundle import Bundle
from caloscope.detectors.base import NeedsCompanions
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.incidents.shape import members
from caloscope.pipeline.state import Given, decode, encode
from caloscope.pipeline.step import Scorer
from caloscope.pipeline.timeline import Advance, Standing, Step, Timeline
from caloscope.records import Incident, LumiId, Lumisection, MapRecord, MapResult, Mask, Reason
from caloscope.store import BundleRow, Checkpoint, Store

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
    """

    def __init__(self, store: Store, bundles: Sequence[Bundle], label: str) -> None:
        self._store = store
        self._label = label
        self._lanes = [_Lane(store, bundle, label) for bundle in bundles]

    def take(self, lumisection: Lumisection) -> list[MapResult]:
        """Score one lumisection on every map that it brings or should have brought.

        Answers with the new results, those scored again included, once they are in the store. Raises
        `ConflictError` after all other maps are done, when a map came before with another content, and
        `UsageError`, before anything is done, for real numbers: there is no likelihood for them.
        """
        _require_counts(lumisection)
        results: list[MapResult] = []
        conflicts: list[str] = []
        for lane in self._lanes:
            given = lane.given(lumisection)
            if given is None:
                continue
            match lane.standing(given):
                case Standing.SAME:
                    continue
                case Standing.CONFLICT:
                    conflicts.append(lane.bundle.card.map)
                case standing:
                    results += lane.take(given, late=standing is Standing.LATE)
        if conflicts:
            raise ConflictError(lumisection, conflicts, results)
        return results


class _Lane:
    """One bundle on one stream: its timeline and its part of the store."""

    def __init__(self, store: Store, bundle: Bundle, label: str) -> None:
        self.bundle = bundle
        self._store = store
        self._scorer = Scorer(bundle, label)
        self._label = label
        store.register_bundle(_row(bundle))
        self._timeline = self._recall()
        self._standing_since = self._recall_standing()

    def given(self, lumisection: Lumisection) -> Given | None:
        """What the lumisection brings for this map; None where it has nothing to do with it."""
        name = self.bundle.card.map
        record = lumisection.maps.get(name)
        if record is None and name not in lumisection.missing:
            return None
        detector = self.bundle.detector
        wanted = detector.companions if isinstance(detector, NeedsCompanions) else ()
        companions = {n: lumisection.maps[n] for n in wanted if n in lumisection.maps}
        return Given(lumisection.id, record, _digest(record, companions), lumisection.began_at, companions)

    def standing(self, given: Given) -> Standing:
        """How it stands to the timeline, and to the store where it is older than the timeline goes."""
        standing = self._timeline.standing(given)
        if standing is not Standing.LATE:
            return standing
        known = self._store.result(self._scorer.key(given))
        if known is None:
            return Standing.LATE
        if known.content == given.content or given.record is None:
            return Standing.SAME
        return Standing.LATE if known.reason is Reason.MAP_MISSING else Standing.CONFLICT

    def take(self, given: Given, *, late: bool) -> list[MapResult]:
        """Score it and put all that follows from it into the store in one transaction."""
        masked = self._masked()
        advance = self._timeline.late(given, masked) if late else self._timeline.advance(given, masked)
        touched = advance.incidents if late else (*advance.incidents, *self._standing_incident(advance))
        checkpoints = [self._checkpoint(step) for step in advance.steps]
        try:
            self._store.record(advance.results, touched, checkpoints, advance.revised_from)
        except BaseException:
            # What is not in the store has not happened: the same lumisection may be taken again.
            self._timeline, self._standing_since = self._recall(), self._recall_standing()
            raise
        return list(advance.results)

    def _recall(self) -> Timeline:
        """The timeline as the store knows it; from the beginning where its states are of another make."""
        saved = self._store.checkpoints(self._label, self.bundle.card.map, self.bundle.hash)
        steps = [Step(*decode(checkpoint.blob)) for checkpoint in saved]
        shape = self._scorer.initial().evidence.sums.shape
        fits = all(step.state.evidence.sums.shape == shape for step in steps)
        return Timeline(self._scorer, steps if fits else [])

    def _recall_standing(self) -> LumiId | None:
        """Since when the store knows of the cells that were never alive."""
        known = self._store.incidents(label=self._label, map=self.bundle.card.map, bundle=self.bundle.hash)
        return next((incident.opened for incident in known if incident.standing), None)

    def _masked(self) -> Mask:
        rows = self._store.masks(self.bundle.card.map)
        return members([cell for row in rows for cell in row.cells], self.bundle.view.shape)

    def _checkpoint(self, step: Step) -> Checkpoint:
        run, lumi = step.given.id
        blob = encode(step.given, step.state)
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


def _require_counts(lumisection: Lumisection) -> None:
    for name, record in lumisection.maps.items():
        if not record.is_counts:
            where = f"{lumisection.source or lumisection.label}: found real numbers for {name}"
            raise UsageError(f"{where} in {lumisection.run}:{lumisection.lumi}, expected counts")


def _digest(record: MapRecord | None, companions: dict[str, MapRecord]) -> str:
    """Digest of what was read for a map: counts, what is told about them, companions included."""
    total = hashlib.sha256()
    for name, each in (("", record), *sorted(companions.items())):
        if each is not None:
            grows = "|grows" if each.cumulative else ""
            told = f"{name}|{each.events}|{each.pileup}|{each.span}|{each.counts.shape}{grows}"
            total.update(told.encode())
            total.update(np.ascontiguousarray(each.counts).tobytes())
    return total.hexdigest()[:16]


def _row(bundle: Bundle) -> BundleRow:
    card = bundle.card
    return BundleRow(
        hash=bundle.hash,
        name=card.name,
        map=card.map,
        detector=card.detector,
        view=card.view,
        era=card.era,
        noise=bundle.spec.noise,
        calorimeter=bundle.calorimeter,
        card=cast("dict[str, object]", card.model_dump(mode="json")),
    )
