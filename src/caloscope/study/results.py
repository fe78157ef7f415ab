"""What a study brings, line by line, ready to be written as tables and drawn."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Interval(NamedTuple):
    """A measured value with the ends of its 95 % interval; NaN where it was not measured."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 1, scale: float = 1.0) -> str:
        """`value (low to high)`, each multiplied by `scale`."""
        value, low, high = (f"{scale * each:.{digits}f}" for each in self)
        return f"{value} ({low} to {high})"


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Setting:
    """Which detector, learned from what, and judged on what.

    `matrix` is the name of the part of the study; `detector`, `trained` and `tested` are titles of detectors
    and samples; `lumis` is the number of lumisections learned from, `faulty` the share of them with a fault
    that nobody knew of, `seed` that of the training.
    """

    matrix: str
    detector: str
    trained: str
    tested: str
    lumis: int
    faulty: float
    seed: int


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One kind of fault as one detector saw it, or the oracle (`detector` is `oracle` there).

    `fault` is its title, `place` what it falls on (`cell`, `patch`, `map`, or a kind of region), `factor`
    what it does to counts. `found` is the share of the trials found within `window` lumisections; `delay` the
    median delay in lumisections, infinite where less than half were found; `mean_delay` the mean of what the
    window leaves of it. The rest is taken `after` lumisections: `cell_auc` and `cell_ap` are areas under ROC
    and precision-recall curves of cells, `map_auc` and `map_ap` those of whole maps (1 = perfect), `fdr` the
    false discovery rate at 99 % detection of cells (higher is worse), `precision` the share of flagged cells
    that are faulty, `localised` how often the worst cell of the map is a faulty one, `judged` how often
    there was a verdict at all.
    """

    setting: Setting
    fault: str
    place: str
    factor: float
    window: int
    trials: int
    after: int
    found: Interval
    delay: Interval
    mean_delay: Interval
    cell_auc: Interval = NOTHING
    cell_ap: Interval = NOTHING
    map_auc: Interval = NOTHING
    map_ap: Interval = NOTHING
    fdr: Interval = NOTHING
    precision: Interval = NOTHING
    localised: Interval = NOTHING
    judged: Interval = NOTHING


@dataclass(frozen=True, slots=True)
class CleanLine:
    """Lumisections with nothing wrong: `rate` is false incidents in 3,700 of them, `asked` the aim.

    Where several rates were asked for, excursions above the thresholds of each class are counted instead.
    """

    setting: Setting
    asked: float
    lumis: int
    judged: int
    incidents: int
    rate: Interval


@dataclass(frozen=True, slots=True)
class CostLine:
    """What a detector costs: seconds of training, milliseconds a lumisection, numbers learned, bytes kept."""

    setting: Setting
    training_seconds: float
    inference_ms: float
    parameters: int
    size: int


@dataclass(frozen=True, slots=True)
class RankLine:
    """A detector's place in one part of a study.

    `slower` is the geometric mean over faults of its mean delay over the oracle's, or in lumisections where
    there is no oracle (1 = as good as can be, higher is worse); `found` the share of all trials that were
    found; `false` the rate of false incidents.
    """

    setting: Setting
    slower: Interval
    found: Interval
    faults: int
    false: Interval


@dataclass(frozen=True, slots=True)
class Points:
    """A curve: ROC of cells (`roc`: false against true positive rate), or precision against recall (`pr`)."""

    setting: Setting
    fault: str
    kind: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A detector that could not be trained, and why."""

    setting: Setting
    why: str


@dataclass(frozen=True, slots=True)
class Results:
    """All that a study brought, and what made it: its own text, versions, and the seconds that it took."""

    title: str
    about: str
    map: str
    rate: float
    faults: tuple[FaultLine, ...] = ()
    clean: tuple[CleanLine, ...] = ()
    costs: tuple[CostLine, ...] = ()
    ranking: tuple[RankLine, ...] = ()
    curves: tuple[Points, ...] = ()
    text: str = ""
    seconds: float = 0.0
    cells: int = 0
    made_with: dict[str, str] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    calibration: tuple[CleanLine, ...] = ()
