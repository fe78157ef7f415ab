"""The frozen records that the store takes and hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from caloscope.errors import Fault
from caloscope.records import Cell, LumiId, LumiState, Quality, Reason, ResultKey

FileStatus: TypeAlias = Literal["STARTED", "DONE", "PARTIAL", "WAITING", "QUARANTINED"]
"""*STARTED*: being read now, or by a monitor that died meanwhile: the next one takes it up again.
*PARTIAL*: read in part. *WAITING*: not read for a reason that can heal; it is tried again. *DONE* and
*QUARANTINED* are final.
"""

ChangeKind: TypeAlias = Literal["result", "incident", "file", "mask", "bundle", "conditions", "run"]

LumiOrigin: TypeAlias = Literal["told", "label", "maps", "assumed"]
"""Who says what state a lumisection was in: a source, the name of the data set, the maps, nobody."""

BundleState: TypeAlias = Literal["commissioning", "active", "retired"]
"""*commissioning*: for experts, no verdict depends on it; *retired*: it scores no more."""


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A bundle that has scored into this store.

    `hash` is its identity, `name` the folder's name for people. `view`, `era` and `calorimeter` (the TOML
    text of a calorimeter that is not one of the built-in ones, else None) say which geometry its cells are
    on. `card` is the bundle's card as plain JSON values. `state` is what it is used for, set `state_by` whom,
    `state_at` (seconds since 1970, UTC; None where nobody ever did) and for what `state_reason`; it holds for
    all that the bundle ever scored.
    """

    hash: str
    name: str
    map: str
    detector: str
    view: str
    era: str
    noise: str
    calorimeter: str | None = None
    card: Mapping[str, object] = field(default_factory=dict)
    state: BundleState = "active"
    state_by: str = ""
    state_reason: str = ""
    state_at: float | None = None

    @property
    def speaks(self) -> bool:
        """Whether verdicts may depend on what it says."""
        return self.state != "commissioning"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result without its arrays.

    `bad_cells` counts code 0, `masked_cells` code 3 (flagged, but known). `flag_reason` is the reason of the
    flagged cells that were alive once. `scored_at` is seconds since 1970, UTC, `seconds` what scoring took,
    `stages` the seconds of each of its stages. `source` names the file that it was made from, `version` is
    that of the Caloscope that made it; both are empty where a store of an older schema did not say.
    """

    key: ResultKey
    quality: Quality
    reason: Reason | None
    flag_reason: Reason
    events: int | None
    image_events: int | None
    pileup: float | None
    span: int
    degraded: tuple[Reason, ...]
    bad_cells: int
    masked_cells: int
    scored_at: float
    seconds: float
    content: str
    detail: str
    began_at: float | None
    source: str = ""
    stages: Mapping[str, float] = field(default_factory=dict)
    version: str = ""

    @property
    def id(self) -> LumiId:
        """Its place in time."""
        return LumiId(self.key.run, self.key.lumi)


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flagged cell in one lumisection, or one map that is UNKNOWN in it.

    `depth` is the physical depth, None on a view without depths; `y` and `x` are zero-based indices.
    `direction` is "low" or "high", empty where the detector does not know. For an UNKNOWN map `code` is 2
    and `depth`, `y`, `x` and `evidence` are None; `reason` is NOT_SCORED where nobody scored the lumisection.
    `detail` is what else is said of the map in that lumisection: why it is UNKNOWN, that thresholds were
    raised.
    """

    label: str
    run: int
    lumi: int
    map: str
    depth: int | None
    y: int | None
    x: int | None
    code: int
    evidence: float | None
    direction: str
    reason: Reason | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What became of one source file; path, size and modification time identify it.

    `lumis` is the number of lumisections taken from it, `noted_at` (seconds since 1970, UTC) is set by the
    store. `attempts` is how often it was tried, `next_try` (seconds since 1970, UTC) when it is tried again,
    None where it is not. `seconds` is what all took, `stages` the seconds of each stage; `version`, that of
    the Caloscope that took it, is set by the store where it is empty.
    """

    path: str
    size: int
    mtime_ns: int
    status: FileStatus
    fault: Fault | None = None
    detail: str = ""
    lumis: int = 0
    seconds: float = 0.0
    noted_at: float | None = None
    attempts: int = 1
    next_try: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class LumiRow:
    """The conditions of one lumisection, as all that is known of it tells them.

    `origin` is who says the `state`, `detail` why in words. `off` names partitions whose high voltage or
    front end is off, `trigger` the setting of the trigger, `fill` the LHC's. By map: `events`, and `levels`,
    the level of the whole map against what was expected, relative (0 = as expected, -0.2 = a fifth too
    little). `shift` is what all maps do together, relative. `book` is JSON, and the pipeline's affair.
    """

    label: str
    run: int
    lumi: int
    state: LumiState
    origin: LumiOrigin
    detail: str = ""
    off: tuple[str, ...] = ()
    trigger: str = ""
    fill: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    shift: float = 0.0
    book: str = ""

    @property
    def id(self) -> LumiId:
        """Its place in time."""
        return LumiId(self.run, self.lumi)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run that was met; times are seconds since 1970, UTC, by the clock of whoever noted them.

    `ended_at` is None while nobody said that it is over, `ended_by` says who did: a marker, the next run.
    """

    label: str
    run: int
    first_seen: float
    last_seen: float
    ended_at: float | None = None
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class MaskRow:
    """Cells of a map that are known to be bad. Times are seconds since 1970, UTC; `until` None = for ever."""

    id: int
    map: str
    cells: tuple[Cell, ...]
    author: str
    reason: str
    created_at: float
    until: float | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Something in the store changed; `id` ascends for ever. Fields that do not apply are None."""

    id: int
    kind: ChangeKind
    label: str | None
    run: int | None
    lumi: int | None
    map: str | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one pipeline after one lumisection; what `blob` holds is the pipeline's affair."""

    label: str
    map: str
    bundle: str
    run: int
    lumi: int
    blob: bytes
