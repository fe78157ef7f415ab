"""The records that travel through Caloscope, and the words they are written in.

Axis order is numpy `([depth,] y, x)` everywhere; bin 1 of a ROOT axis is index 0.
All records are frozen: a stage answers with a new one and never changes what it was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.uint32]
Floats: TypeAlias = NDArray[np.float32]
Content: TypeAlias = NDArray[np.uint32 | np.float32]
"""Counts, or the real numbers of a source that was taken `as_float`; the dtype says which."""
Codes: TypeAlias = NDArray[np.int8]
Mask: TypeAlias = NDArray[np.bool_]
Cell: TypeAlias = tuple[int, ...]
"""Index of one cell in its view: `(y, x)`, or `(depth index, y, x)`, all zero-based."""

LUMISECTION_SECONDS = 23.3
"""Length of a lumisection: 2^18 LHC orbits."""


class Code(IntEnum):
    """Quality of one cell (CMSSW `DQWorkerClient.h`); lower is worse."""

    ABSENT = -1
    BAD = 0
    GOOD = 1
    UNKNOWN = 2
    MASKED_BAD = 3
    MASKED_GOOD = 4
    MASKED_UNKNOWN = 5


class Quality(StrEnum):
    """Quality of a map, or of everything, in one lumisection. What nobody scored is UNKNOWN."""

    BAD = "BAD"
    GOOD = "GOOD"
    UNKNOWN = "UNKNOWN"


class Reason(StrEnum):
    """Why a map or a cell has the answer that it has."""

    # why a map is UNKNOWN
    NOT_SCORED = "NOT_SCORED"
    WARM_UP = "WARM_UP"
    FEW_EVENTS = "FEW_EVENTS"
    NO_EVENTS = "NO_EVENTS"
    NO_BEAM = "NO_BEAM"
    NO_PILEUP = "NO_PILEUP"
    MAP_MISSING = "MAP_MISSING"
    LATE = "LATE"
    NO_BASELINE = "NO_BASELINE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    RAMP = "RAMP"
    COSMICS = "COSMICS"
    HEAVY_IONS = "HEAVY_IONS"
    SPECIAL = "SPECIAL"
    POWER_OFF = "POWER_OFF"
    DETECTOR_FAILED = "DETECTOR_FAILED"
    # why a cell is flagged
    EVIDENCE = "EVIDENCE"
    EMPTY_MAP = "EMPTY_MAP"
    ABSENT = "ABSENT"
    NEVER_ALIVE = "NEVER_ALIVE"
    # why a scored map is degraded, though not UNKNOWN; the last one is an operator's wish
    EVENTS_ESTIMATED = "EVENTS_ESTIMATED"
    PILEUP_ESTIMATED = "PILEUP_ESTIMATED"
    THRESHOLDS_RAISED = "THRESHOLDS_RAISED"


class LumiState(StrEnum):
    """What the accelerator and the data taking were like in a lumisection.

    RAMP: beams are there, but not in stable collisions (injection, ramp, squeeze, adjust, dump). SPECIAL:
    scans and machine development, where rates mean something else. UNTOLD: nobody says, nor do the maps.
    """

    COLLISIONS = "COLLISIONS"
    RAMP = "RAMP"
    NO_BEAM = "NO_BEAM"
    COSMICS = "COSMICS"
    HEAVY_IONS = "HEAVY_IONS"
    SPECIAL = "SPECIAL"
    UNTOLD = "UNTOLD"


class Direction(StrEnum):
    """Whether a cell counts too little or too much."""

    LOW = "low"
    HIGH = "high"


class Severity(IntEnum):
    """How much of the detector an incident covers; higher is worse."""

    CELL = 1
    CLUSTER = 2
    REGION = 3
    MAP = 4


class LumiId(NamedTuple):
    """One lumisection of one run; sorts in time order."""

    run: int
    lumi: int


class ResultKey(NamedTuple):
    """What a result belongs to; `label` is the primary dataset or stream, `bundle` a bundle's hash."""

    label: str
    run: int
    lumi: int
    map: str
    bundle: str


class BinRange(NamedTuple):
    """Binning of one axis of a histogram that no view describes: title, number of bins, outer edges."""

    title: str
    bins: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class MapRecord:
    """One map as it was read for one lumisection.

    `counts` has the view's shape and holds every bin as read, cells that do not exist included; it is uint32,
    or float32 where real numbers were asked for (`as_float`). `events` and `pileup` are None where the
    source did not say. `span` is the number of lumisections the counts cover: this one and the `span` - 1
    before it. `cumulative` counts (and events) grow since some earlier moment, mostly the start of the run,
    and mean nothing until the ones before are subtracted. `axes`, one per axis of `counts` in its order,
    describe a map that is no view's and are empty for all others.
    """

    counts: Content
    events: int | None = None
    pileup: float | None = None
    span: int = 1
    cumulative: bool = False
    axes: tuple[BinRange, ...] = ()

    @property
    def is_counts(self) -> bool:
        """Whether the content is counts, not real numbers."""
        return self.counts.dtype.kind == "u"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one source says of the conditions of a lumisection; all that it does not say stays empty.

    `off` names the partitions of the detector whose high voltage or front end is off (`EB+`, `HBHEa`, `HO`),
    `trigger` the trigger's setting (a key, a prescale column), of which only a change means something, `fill`
    the LHC's fill. `source` says who says so, `detail` what, in words.
    """

    state: LumiState = LumiState.UNTOLD
    off: frozenset[str] = frozenset()
    trigger: str = ""
    fill: int | None = None
    source: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Lumisection:
    """All that one source holds of one lumisection.

    `missing` names the maps that the source's producer should have brought and did not, `unusable` those that
    it brought and that cannot be used; why, the reader says at the end of the source.
    `assumptions` says in words what the reader had to assume (era, lumi number ...).
    `began_at` is seconds since 1970, UTC, None where unknown. `partial`: other sources may hold the rest of
    its events, and the parts add up. `simulated`: the source says that its counts are no experiment's.
    `era` is that which the source says it is of, empty where it says none. `conditions` is what it says of
    them, None where it says nothing; a source may hold them and no map.
    """

    label: str
    run: int
    lumi: int
    maps: Mapping[str, MapRecord]
    missing: frozenset[str] = frozenset()
    source: str = ""
    began_at: float | None = None
    assumptions: tuple[str, ...] = ()
    partial: bool = False
    unusable: frozenset[str] = frozenset()
    simulated: bool = False
    era: str = ""
    conditions: Conditions | None = None

    @property
    def id(self) -> LumiId:
        """Its place in time."""
        return LumiId(self.run, self.lumi)


@dataclass(frozen=True, slots=True, eq=False)
class MapTruth:
    """What is truly wrong with one map in one lumisection, known because it was made so.

    `factor`, float32 in the view's shape: the counts expected with the faults over those expected without,
    1 where nothing is wrong, 0 where a cell is dead, infinity where a healthy cell never counts and a faulty
    one does. `fault`, int16 in the same shape: the number of the fault that changes the cell, from 1 in the
    order of the truth's faults, 0 for none; negative where the cell itself is sound and only feels a broken
    neighbour.
    """

    factor: Floats
    fault: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Incident:
    """Flags of one map that belong together.

    `opened` and `last` are the first and last lumisection with a flag; `closed` is the one in which it
    was found cured, None while open. `onset` is an estimate, never after `opened`. `factor` is observed
    over expected counts since then, None where no count was expected (a detector that scores). `standing`
    marks cells that were never alive in the reference: such an incident is known from the start, masked,
    and makes no map BAD. An incident may close and come back in the same run: each of `gaps` begins with the
    lumisection in which it was found cured and ends before the one in which it was there again.
    """

    id: str
    label: str
    map: str
    bundle: str
    hardware: str
    cells: tuple[Cell, ...]
    opened: LumiId
    last: LumiId
    onset: LumiId
    closed: LumiId | None
    direction: Direction
    reason: Reason
    severity: Severity
    factor: float | None
    peak_evidence: float
    masked: bool = False
    standing: bool = False
    gaps: tuple[tuple[LumiId, LumiId], ...] = ()

    def is_over(self, here: LumiId) -> bool:
        """Whether it was cured in a lumisection that is not before it opened."""
        closed = self.closed is not None and self.closed <= here
        return closed or any(cured <= here < back for cured, back in self.gaps)

    @property
    def lumis(self) -> int | None:
        """Lumisections from the first flag to the last, gaps left out; None where that is not in one run."""
        return self.lumis_until(self.last) if self.opened.run == self.last.run else None

    def lumis_until(self, here: LumiId) -> int:
        """The same up to a lumisection of the run in which it opened."""
        gaps = sum(back.lumi - cured.lumi for cured, back in self.gaps if back <= here)
        return here.lumi - self.opened.lumi + 1 - gaps


@dataclass(frozen=True, slots=True, eq=False)
class MapResult:
    """The answer for one map in one lumisection.

    `codes` (`Code`), `evidence` (nats, larger of the two directions, high = worse), `direction`
    (-1 low, +1 high, 0 none) and `expected` (counts) have the view's shape. `score` is a detector's own
    score where it has one (the loss of an autoencoder), `reconstruction` what a network made of the input.
    Flagged cells carry `flag_reason`, those in `never_alive` carry NEVER_ALIVE. `image_events` is the number
    of events behind what the detector looked at (a sum over lumisections for some), `seconds` what it took.
    For an UNKNOWN result `reason` says why, and the arrays hold what is known (codes UNKNOWN or ABSENT).
    `degraded` lists the fallbacks that were used; THRESHOLDS_RAISED among them says that an operator had
    raised the thresholds, and `detail` by how much. `content` is a digest of what was read, `source` names
    the file. `stages` holds the seconds of each stage (`prepare`, `detector`, `evidence`, `incidents`).
    """

    key: ResultKey
    quality: Quality
    reason: Reason | None
    counts: Counts | None
    codes: Codes
    evidence: Floats | None = None
    direction: Codes | None = None
    expected: Floats | None = None
    score: Floats | None = None
    reconstruction: Floats | None = None
    flag_reason: Reason = Reason.EVIDENCE
    never_alive: Mask | None = None
    events: int | None = None
    image_events: int | None = None
    pileup: float | None = None
    span: int = 1
    degraded: tuple[Reason, ...] = ()
    content: str = ""
    detail: str = ""
    began_at: float | None = None
    seconds: float = 0.0
    source: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def badness(self) -> Floats | None:
        """Evidence of each cell, or the detector's own score; None where nothing was judged."""
        return self.evidence if self.score is None else self.score

    @property
    def bad_cells(self) -> int:
        """Number of cells flagged and not masked."""
        return int(np.count_nonzero(self.codes == Code.BAD))
