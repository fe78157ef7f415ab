"""One map in one lumisection through all stages: prepare, detector, evidence, decide, incidents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from caloscope import incidents, prepare
from caloscope.bundle import Bundle
from caloscope.decide import codes_of, unknown_codes
from caloscope.detectors.base import Answer, Expectation, NotKnown, Observation
from caloscope.evidence import EvidenceState, onset_of
from caloscope.pipeline.answers import expected_of, with_answer
from caloscope.pipeline.ask import ask, observed
from caloscope.pipeline.coherent import shifted
from caloscope.pipeline.gain import gained
from caloscope.pipeline.gate import closed, still_due
from caloscope.pipeline.judge import Arrived, Judgement, judge, marked
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.stopwatch import Stopwatch
from caloscope.records import (
    Cell,
    Codes,
    Incident,
    LumiId,
    MapResult,
    Mask,
    Quality,
    Reason,
    ResultKey,
)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What one step brings: the result, the state after it, and the incidents that it touched.

    `peaks` is the largest evidence of each class of places in this lumisection (or `score`, the largest
    score), empty where nothing was judged.
    """

    result: MapResult
    state: State
    incidents: tuple[Incident, ...] = ()
    peaks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """Scores one map with one bundle. It keeps nothing between calls: state comes in and goes out."""

    bundle: Bundle
    label: str

    def initial(self) -> State:
        """The state before anything was seen."""
        return State({}, EvidenceState.empty(self.bundle.view))

    def owner(self) -> incidents.Owner:
        """Whose incidents these are."""
        return incidents.Owner(self.label, self.bundle.card.map, self.bundle.hash)

    def key(self, given: Given) -> ResultKey:
        """The key of the result of a lumisection."""
        return ResultKey(self.label, given.id.run, given.id.lumi, self.bundle.card.map, self.bundle.hash)

    def never_alive(self) -> Mask:
        """Cells that exist and that the detector never saw alive."""
        return np.asarray(self.bundle.view.exists & ~self.bundle.detector.alive)

    def score(
        self, given: Given, state: State, masked: Mask, observation: Observation | None = None
    ) -> Scored:
        """Score one lumisection; never raises for what a source or a detector does.

        What grows through the run is differenced first. A detector that fails leaves the state as it was and
        the map UNKNOWN(DETECTOR_FAILED). `observation` is what the record is to a detector, where that was
        made already.
        """
        watch = Stopwatch()
        gain, baselines = gained(given, state.baselines, self.bundle.view)
        state = replace(state, baselines=baselines)
        if isinstance(gain, NotKnown):
            scored = Scored(self.unknown(given, gain, masked), state)
        else:
            given = replace(given, record=gain.record, companions=gain.companions)
            if observation is None:
                observation = observed(self.bundle, given, gain.record)
            arrived = Arrived(given, gain.record, observation.counts, masked)
            watch.lap("prepare")
            scored = self._score_record(arrived, observation, state, watch)
        return replace(scored, result=replace(scored.result, seconds=watch.total(), stages=watch.stages))

    def unknown(self, given: Given, why: NotKnown, masked: Mask) -> MapResult:
        """The result of a lumisection that could not be judged."""
        codes = unknown_codes(self.bundle.view.exists, masked, self.never_alive())
        result = self._result(given, Quality.UNKNOWN, codes)
        return replace(result, reason=why.reason, detail=why.detail, image_events=why.image_events)

    def _asked(self, arrived: Arrived, observation: Observation, state: State) -> tuple[Answer, State]:
        """What the detector says in these conditions, and the state with what it remembers.

        Conditions that the bundle did not learn leave no trace in what it remembers.
        """
        given = arrived.given
        answer, memory = ask(self.bundle, observation, state.memory)
        shut = closed(given.conditions, given.accepted, self.bundle.view)
        if shut is not None:
            due = still_due(answer, arrived.counts, given.conditions, self.bundle.view)
            return replace(shut, guess=due), state
        state, coherent = replace(state, memory=memory, coherent=given.coherent), state.coherent
        if isinstance(answer, Expectation) and given.retriggered:
            answer = replace(answer, unsettled=True, retriggered=True)
        return shifted(answer, given.coherent, coherent), state

    def _score_record(
        self, arrived: Arrived, observation: Observation, before: State, watch: Stopwatch
    ) -> Scored:
        given, masked = arrived.given, arrived.masked
        answer, state = self._asked(arrived, observation, before)
        watch.lap("detector")
        judgement, evidence = judge(self.bundle, arrived, answer, state.evidence)
        watch.lap("evidence")
        failed = isinstance(judgement, NotKnown) and judgement.reason is Reason.DETECTOR_FAILED
        state = replace(state, memory=before.memory if failed else state.memory, evidence=evidence)
        if isinstance(judgement, NotKnown):
            return Scored(self.unknown(given, judgement, masked), state)
        flags = self._flags(arrived, judgement, answer)
        tracks, touched = incidents.follow(state.tracks, flags, self.bundle.view, self.owner())
        watch.lap("incidents")
        absent = judgement.reason is Reason.ABSENT
        # Where only absences are seen, what is open elsewhere may be over or not.
        bad = bool((judgement.flagged & ~masked).any()) if absent else _any_open(tracks)
        codes = codes_of(
            judgement.flagged, judgement.testable, self.bundle.view.exists, masked, self.never_alive()
        )
        result = self._result(given, Quality.BAD if bad else Quality.GOOD, codes)
        if not bad and absent and isinstance(answer, NotKnown):
            result = replace(result, quality=Quality.UNKNOWN, reason=answer.reason)
        result = replace(
            result,
            evidence=judgement.evidence.value.astype(np.float32),
            direction=judgement.evidence.direction,
            flag_reason=judgement.reason,
            image_events=arrived.record.events,
        )
        result = marked(with_answer(result, answer), given, judgement, answer)
        return Scored(result, replace(state, tracks=tracks), touched, judgement.evidence.peaks)

    def _flags(self, arrived: Arrived, judgement: Judgement, answer: Answer) -> incidents.Flags:
        return incidents.Flags(
            id=arrived.given.id,
            flagged=judgement.flagged,
            direction=judgement.evidence.direction,
            evidence=judgement.evidence.value,
            counts=arrived.counts,
            expected=expected_of(answer, arrived.counts.shape),
            testable=judgement.testable,
            seen=judgement.seen,
            masked=arrived.masked,
            onset=_onsets(judgement),
            reason=judgement.reason,
            span=arrived.record.span,
        )

    def _result(self, given: Given, quality: Quality, codes: Codes) -> MapResult:
        record = given.record
        if record is not None and record.cumulative:
            record = None  # what was counted since the start of the run is not what this lumisection holds
        return MapResult(
            key=self.key(given),
            quality=quality,
            reason=None,
            counts=None if record is None else record.counts.astype(np.uint32, copy=False),
            codes=codes,
            never_alive=self.never_alive(),
            events=None if record is None else record.events,
            pileup=None if record is None else prepare.known_pileup(record.pileup),
            span=1 if record is None else record.span,
            content=given.content,
            began_at=given.began_at,
            source=given.source,
        )


def _any_open(tracks: Sequence[incidents.Track]) -> bool:
    """Whether an incident is open that somebody should know of."""
    return any(track.is_open and not track.incident.masked for track in tracks)


def _onsets(judgement: Judgement) -> dict[Cell, LumiId]:
    if not judgement.flagged.any():
        return {}
    stamps = judgement.evidence.onset
    where = np.nonzero(judgement.flagged & (stamps > 0))
    cells = zip(*(axis.tolist() for axis in where), strict=True)
    return {cell: onset_of(stamp) for cell, stamp in zip(cells, stamps[where].tolist(), strict=True)}
