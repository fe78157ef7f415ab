"""The contract of a detector: what it is shown, and the two questions that it may answer.

A detector sees one map, one lumisection at a time, in order. It answers either *what count do you expect
here?* (`Expectation`) or *how bad is it?* (`Score`), or says that it does not know yet (`NotKnown`). What it
must remember from one lumisection to the next it hands back as arrays, so that the pipeline can save it,
rewind it and restart it; a detector itself never changes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from caloscope.records import LumiId, Mask, Reason

Noise: TypeAlias = Literal["binomial", "overdispersed"]
Array: TypeAlias = NDArray[np.float64]
Memory: TypeAlias = Mapping[str, NDArray[np.generic]]
"""What a detector remembers, as named arrays; empty at the start."""

Settings: TypeAlias = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One map in one lumisection, checked and ready to be judged.

    `counts` is float64 `([depth,] y, x)`, integers in value, zero in cells that do not exist.
    `events` and `pileup` are None where the source did not say. `companions` holds the counts of other maps
    of the same lumisection, by map name, for a detector that asked for them (`NeedsCompanions`); one that
    the source did not bring is not in it. All of it may cover `span` lumisections, this one and those before.
    """

    id: LumiId
    counts: Array
    events: int | None
    pileup: float | None
    companions: Mapping[str, Array] = field(default_factory=dict)
    span: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """How the cells of a map that exist, n of them in C order, fluctuate together.

    `data`, `indices` and `indptr` are the compressed rows of the inverse P of their correlation matrix,
    `(n, n)`, symmetric and positive definite: for residuals z in units of their standard deviations,
    (Pz)_i / P_ii is the residual of cell i given all others, and 1 / P_ii its variance. Cells of one `group`,
    `(n,)`, -1 for none, go up and down together from one lumisection to the next, by an rms `common`,
    `(groups,)`, of their rate (overdispersed) or hazard -log(1 - p) (binomial). A region of hardware changes
    from run to run by a relative rms of `region_change`, the whole map by `map_change`, of the same.
    """

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    group: NDArray[np.int32]
    common: Array
    region_change: float = 0.02
    map_change: float = 0.01


class Surroundings(Protocol):
    """What is known of each cell from the cells around it, where that is more than a covariance tells."""

    def given(self, residual: Array, asked: Mask) -> tuple[Array, Array]:
        """The residual that is expected of each cell, and the share of its variance that is left.

        `residual` is that of each cell by itself, in standard deviations; cells that are not `asked` say
        nothing, and no cell has a say in its own. All arrays have the view's shape.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """The count distribution expected in each cell of a healthy detector, given events and pileup.

    All arrays have the view's shape; cells that do not exist or were never alive have `testable` false.
    `noise` names the family. *binomial*: counts out of `trials` with probability `mean / trials`, and
    `dispersion` is the intraclass correlation rho of a beta-binomial: variance = binomial (1 + (N - 1) rho).
    *overdispersed*: variance = `dispersion` x `mean` (a Fano factor, >= 1). `relative_error` is the relative
    rms by which the rate (or hazard) behind `mean` may be off for a whole run, given the neighbours where
    there is a `covariance`: what the training did not know, and what changes from run to run. `degraded`
    lists the fallbacks used. Where there are `surroundings` single cells are judged by these, and regions by
    the `covariance`. `unsettled`: conditions have just changed, and the level of the whole map has to be
    learned again; `retriggered`: as another trigger or prescale is in force, which may change it by much;
    `reshaped`: cells too have to be learned again.
    """

    noise: Noise
    mean: Array
    dispersion: Array
    testable: Mask
    relative_error: Array
    trials: float = 0.0
    degraded: tuple[Reason, ...] = ()
    covariance: Covariance | None = None
    unsettled: bool = False
    retriggered: bool = False
    reshaped: bool = False
    surroundings: Surroundings | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How bad each cell is, in the detector's own unit; high = worse, above `threshold` = flagged.

    `accumulated` says that `value` already gathers several lumisections: then `threshold` is applied
    unchanged and nothing more is summed. Else what is beyond `allowance`, in the unit of `value`, adds up
    from one lumisection to the next, to what is `remembered` at most: healthy ones have to be below it on
    average. Where it is infinite each lumisection stands for itself. `direction` (-1 low, +1 high) where the
    detector knows it. `image_events` is the number of events behind the picture that was judged.
    """

    value: Array
    threshold: float
    testable: Mask
    accumulated: bool
    allowance: float = math.inf
    remembered: float = math.inf
    reconstruction: Array | None = None
    direction: NDArray[np.int8] | None = None
    image_events: int | None = None
    degraded: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NotKnown:
    """The detector cannot judge this lumisection, and why.

    `guess`, in the view's shape, holds the mean counts of a healthy map of about this size, where something
    of the kind can be said: a cell that counts nothing where many counts are due is absent, whatever the
    conditions.
    """

    reason: Reason
    detail: str = ""
    image_events: int | None = None
    guess: Array | None = None


Answer: TypeAlias = Expectation | Score | NotKnown


@runtime_checkable
class Detector(Protocol):
    """What every detector does. Instances are immutable; all that changes travels in `Memory`."""

    name: ClassVar[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        ...

    @property
    def alive(self) -> Mask:
        """Cells that it has seen alive; the other cells of the view are NEVER_ALIVE to it."""
        ...

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """Judge one lumisection; answers with what to remember for the next one."""
        ...

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        ...

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        ...

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept; `model` is the ONNX file where there is one.

        Raises `BundleError` when something is missing or does not fit.
        """
        ...


def scores(detector: Detector) -> bool:
    """Whether a detector scores: then its threshold is one of its own settings."""
    return "threshold" in detector.settings()


@runtime_checkable
class NeedsCompanions(Protocol):
    """A detector that must see other maps of the same producer and lumisection beside its own."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Names of those maps (`EE-/digi`); empty when it needs none as it is set up."""
        ...
