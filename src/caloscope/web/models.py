"""The JSON that the page and other clients get, as FastAPI documents it."""

from typing import Literal

from pydantic import BaseModel, Field

from caloscope.records import Quality
from caloscope.store import BundleState

Grid = list[list[int | None]]
"""Rows (y) of columns (x); null where there is no cell."""

FloatGrid = list[list[float | None]]

State = Literal["open", "closed", "later"]
"""An incident in a lumisection: going on, over, or not yet begun."""


class Place(BaseModel):
    """One lumisection of one run of one label."""

    label: str
    run: int
    lumi: int


class MapStatus(BaseModel):
    """What one bundle says of its map in one lumisection."""

    map: str
    slug: str
    bundle: str = Field(description="hash of the bundle")
    bundle_name: str
    title: str = Field(description="the detector; where a map has several bundles, the bundle's name")
    detector: str
    state: BundleState = Field(default="active", description="in commissioning it is no part of the verdict")
    state_by: str = Field(default="", description="who set the state")
    state_reason: str = ""
    state_at: float | None = Field(default=None, description="seconds since 1970, UTC")
    threshold: float | None = Field(default=None, description="of a single cell, in nats or its own unit")
    quality: Quality
    reason: str | None = None
    detail: str = ""
    degraded: list[str] = Field(
        default_factory=list,
        description="fallbacks that were used; THRESHOLDS_RAISED: by an operator, `detail` says by how much",
    )
    events: int | None = None
    image_events: int | None = Field(default=None, description="events behind what the detector looked at")
    pileup: float | None = None
    span: int = 1
    bad_cells: int = 0
    masked_cells: int = 0
    scored_at: float | None = Field(default=None, description="seconds since 1970, UTC")


class Status(BaseModel):
    """One lumisection at a glance."""

    label: str | None
    run: int | None
    lumi: int | None
    quality: Quality
    reason: str
    reasons: list[str] = Field(description="the parts of `reason`, what is worst first")
    maps: list[MapStatus] = Field(description="those that the quality rests on")
    commissioning: list[MapStatus] = Field(default_factory=list, description="in commissioning, if asked for")
    in_commissioning: int = Field(default=0, description="bundles in commissioning that answered lately")
    labels: list[str]
    latest: Place | None = Field(description="the newest lumisection with a verdict, of this label")
    last_verdict_at: float | None = Field(description="when the newest lumisection was scored")
    now: float = Field(description="this server's clock, seconds since 1970, UTC")
    recent: bool = Field(description="the newest lumisection began within the last hour: these are live data")
    stale: bool = Field(
        description="there is no verdict, or data are live and the last is older than a minute"
    )
    open_incidents: int = Field(description="open in this lumisection, without what is masked")
    quarantined: int
    waiting: int = Field(description="files that are tried again")
    run_ended_at: float | None = Field(description="when the newest run was said to be over, else null")
    run_ended_by: str = Field(default="", description="a marker, or the next run")
    last_change: int = Field(description="give it to /api/changes?since=")
    store: str


class Runs(BaseModel):
    """The runs of a label, and the lumisections of one of them with their quality."""

    label: str | None
    labels: list[str]
    runs: list[int]
    run: int | None
    lumis: list[int]
    qualities: list[Quality]


class AxisModel(BaseModel):
    """One axis of a map; `low` and `high` are the outer edges."""

    name: str
    title: str
    low: float
    high: float
    values: list[int]
    circular: bool


class BundleModel(BaseModel):
    """A bundle that scores a map."""

    hash: str
    name: str
    detector: str
    era: str
    noise: str
    state: BundleState
    geometry: str = Field(description="version of the geometry; the same version, the same cells")


class MapModel(BaseModel):
    """A map with its axes and the bundles that score it."""

    map: str
    slug: str
    x: AxisModel
    y: AxisModel
    depths: list[int]
    cells: int = Field(description="number of cells that exist")
    bundles: list[BundleModel]


class Cells(BaseModel):
    """Names of the cells of one plane of a map, and which region each is part of."""

    map: str
    geometry: str
    depth: int | None
    names: list[list[str | None]]
    regions: list[str] = Field(description="names of the regions that `region` points into")
    region: Grid


class MapPlane(BaseModel):
    """One map in one lumisection: one depth of it, or all depths laid over each other.

    With `depth` null on a map that has depths, `counts` and `expected` are sums over depths and everything
    else belongs to the worst cell, whose physical depth is in `worst_depth`.
    """

    label: str
    run: int
    lumi: int
    depth: int | None
    status: MapStatus
    kept: list[int] | None = Field(
        default=None,
        description="set where this map was thinned out, and has no grids: the nearest that have theirs",
    )
    codes: Grid | None
    counts: Grid | None
    expected: FloatGrid | None
    evidence: FloatGrid | None = Field(description="log-likelihood ratio in nats; with `scores` the score")
    scores: bool = Field(default=False, description="the detector scores: it expects no counts")
    reconstruction: FloatGrid | None = Field(default=None, description="the network's, 1 in the mean")
    direction: Grid | None
    worst_depth: Grid | None


class IncidentModel(BaseModel):
    """An incident; lumisections as [run, lumi]."""

    id: str
    label: str
    map: str
    slug: str
    bundle: str
    bundle_title: str | None = Field(description="the bundle's name, where its map has several")
    commissioning: bool = Field(default=False, description="its bundle is in commissioning: for experts")
    hardware: str
    direction: str
    factor: float | None = Field(description="observed over expected counts")
    opened: tuple[int, int]
    last: tuple[int, int]
    onset: tuple[int, int]
    closed: tuple[int, int] | None
    lumis: int | None = Field(description="length in lumisections, null across runs")
    severity: str
    reason: str
    peak_evidence: float | None
    masked: bool = Field(description="all that was flagged of it was masked, in the lumisection asked for")
    masked_later: bool = Field(default=False, description="it was not masked then, and is by now")
    standing: bool
    state: State | None = Field(description="what it was in the lumisection asked for")
    lumis_then: int | None = Field(description="its length up to there, where it was open then; else null")
    cell_count: int
    depths: list[int] = Field(description="physical depths that it touches")
    cells: list[list[int]] | None = Field(
        default=None, description="indices; only where one incident is asked for"
    )
