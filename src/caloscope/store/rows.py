"""The frozen records that the store takes and hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from caloscope.errors import Fault
from caloscope.records import Cell, LumiId, Quality, Reason, ResultKey

FileStatus: TypeAlias = Literal["DONE", "QUARANTINED", "PARTIAL"]
ChangeKind: TypeAlias = Literal["result", "incident", "file", "mask", "bundle"]

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
    flagged cells that were alive once. `scored_at` is seconds since 1970, UTC, `seconds` what scoring took.
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


@dataclass(frozen=True, slots=True)
class FileRow:
    """What became of one source file; path, size and modification time identify it.

    `lumis` is the number of lumisections taken from it, `noted_at` (seconds since 1970, UTC) is set by the
    store.
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
