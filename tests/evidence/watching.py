"""Maps to be watched in tests: simulated, with their true mean and the covariance that belongs to it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.config.catalogue import load
from caloscope.detectors.base import Array, Covariance, Expectation
from caloscope.evidence import Evidence, EvidenceState, Layout, Thresholds, Told, layout_of, weigh
from caloscope.faults import Fault
from caloscope.faults.fault import Where
from caloscope.geometry import View, view
from caloscope.records import Cell, LumiId, Mask
from caloscope.simulate import DEFAULT, STEADY, Fill, Healthy, Stability, conditions, healthy, simulated

THRESHOLDS = Thresholds(14.0, 15.0, 14.0, 14.0, 15.0, 16.0, 10.0, 10.0)
"""About one false incident in 3,700 lumisections of an endcap."""

NEAREST = 24


def vecchia(correlation: Array, place: Array) -> sparse.csr_array:
    """A sparse inverse: each cell regressed on the cells before it that are most like it (Vecchia 1988)."""
    n = len(correlation)
    rows, columns, values, rest = [], [], [], np.ones(n)
    for i in range(1, n):
        near = np.argsort(((place[:i] - place[i]) ** 2).sum(axis=1), kind="stable")[:NEAREST]
        weights = np.linalg.solve(correlation[np.ix_(near, near)], correlation[near, i])
        rest[i] = 1.0 - weights @ correlation[near, i]
        rows += [i] * len(near)
        columns += near.tolist()
        values += weights.tolist()
    upper = sparse.eye_array(n) - sparse.coo_array((values, (rows, columns)), shape=(n, n))
    return sparse.csr_array(upper.T @ sparse.diags_array(1.0 / rest) @ upper)


def covariance_of(matrix: sparse.csr_array, common: float = 0.01, **changes: float) -> Covariance:
    """The inverse of a correlation matrix as a detector gives it, all cells in one group."""
    n = matrix.shape[0]
    matrix.sort_indices()
    return Covariance(
        matrix.data.astype(np.float32),
        matrix.indices.astype(np.int32),
        matrix.indptr.astype(np.int32),
        np.zeros(n, np.int32),
        np.array([common]),
        **changes,
    )


@dataclass(frozen=True, eq=False)
class Known:
    """A simulated map of which all is known."""

    name: str
    view: View
    healthy: Healthy
    steady: Healthy
    covariance: Covariance
    dispersion: Array
    testable: Mask

    @property
    def layout(self) -> Layout:
        return layout_of(self.view)

    def expectation(self, mean: Array, events: float, error: float = 0.008) -> Expectation:
        return Expectation(
            noise=self.healthy.noise,
            mean=mean,
            dispersion=self.dispersion,
            testable=self.testable,
            relative_error=np.full(self.view.shape, error),
            trials=events if self.healthy.noise == "binomial" else 0.0,
            covariance=self.covariance,
        )

    def region(self, name: str) -> Mask:
        return next(region.members for region in self.view.regions if region.name == name)


@lru_cache
def known(name: str, stability: Stability = DEFAULT) -> Known:
    """EE+, EB or another map of CMS."""
    on, spec = view(name, "2018"), load()[f"{name}/digi"]
    map_, steady = (healthy(spec, on, 1, stability=each) for each in (stability, STEADY))
    at = next(iter(conditions(Fill(1, 1, 5))))
    matrix, mean = steady.covariance(at), steady.expected(at)[on.exists]
    own = np.diag(matrix)
    tested = (mean > 0) & (own > 0)
    deviation = np.sqrt(np.where(tested, own, 1.0))
    correlation = np.where(
        np.outer(tested, tested), matrix / np.outer(deviation, deviation), np.eye(len(mean))
    )
    layout = layout_of(on)
    together = covariance_of(vecchia(correlation, np.argwhere(on.exists).astype(np.float64)))
    dispersion = np.where(tested, own / np.where(tested, mean, 1.0), 1.0)
    fano = layout.on_view(np.maximum(dispersion, 1.0))
    return Known(spec.name, on, map_, steady, together, fano, layout.on_view(tested))


class Drawn(NamedTuple):
    """A simulated lumisection: counts, true mean, that of a detector that never changes, and events."""

    id: LumiId
    counts: Array
    mean: Array
    nominal: Array
    events: int


@dataclass
class Watch:
    """Lumisections weighed one after the other; `flags` of each in `evidence`."""

    map: Known
    thresholds: Thresholds = THRESHOLDS
    masked: Mask | None = None
    coherent: float = 0.0
    nominal: bool = False
    state: EvidenceState = field(init=False)
    evidence: list[Evidence] = field(default_factory=list)
    ids: list[LumiId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = EvidenceState.empty(self.map.view)
        if self.masked is None:
            self.masked = np.zeros(self.map.view.shape, np.bool_)

    def told(self, id_: LumiId, counts: NDArray[np.generic], expectation: Expectation) -> Evidence:
        assert self.masked is not None
        told = Told(id_, counts.astype(np.float64), expectation, self.masked, self.coherent)
        found, self.state = weigh(self.state, told, self.map.layout, self.thresholds)
        self.evidence.append(found)
        self.ids.append(id_)
        return found

    def run(self, fills: Fill | Sequence[Fill], faults: Sequence[Fault] = ()) -> "Watch":
        """Simulate and weigh; the mean is the true one, or the `nominal` one of a steady detector."""
        for each in drawn(self.map, fills, faults):
            mean = each.nominal if self.nominal else each.mean
            self.told(each.id, each.counts, self.map.expectation(mean, each.events))
        return self

    def flagged(self, besides: Iterable[Cell] = ()) -> NDArray[np.bool_]:
        """`(lumi, *view)`, but for some cells."""
        found = np.array([each.flagged for each in self.evidence])
        for cell in besides:
            here = np.zeros(found.shape[1:], np.bool_)
            here[cell] = True
            found &= ~here
        return found

    def of(self, cell: Cell) -> NDArray[np.bool_]:
        """Flags of a cell, `(lumi,)`."""
        return np.array([each.flagged[cell] for each in self.evidence], np.bool_)

    def of_all(self, cells: Iterable[Cell]) -> NDArray[np.bool_]:
        """Flags of some cells, `(lumi, cell)`."""
        return np.stack([self.of(cell) for cell in cells], axis=1)


def off(map_name: str, where: Where, factor: float, onset: int = 1, end: int | None = None) -> Fault:
    """Counts are so many times what they should be."""
    return Fault(map_name, where, "hot" if factor > 1 else "factor", factor, onset=onset, end=end)


def drawn(map_: Known, fills: Fill | Sequence[Fill], faults: Sequence[Fault] = ()) -> Iterator[Drawn]:
    """Simulated lumisections with the mean of healthy detector."""
    for each in simulated(fills, {map_.name: map_.healthy}, faults, with_truth=False):
        at = each.conditions
        counts = each.lumisection.maps[map_.name].counts.astype(np.float64)
        yield Drawn(at.id, counts, map_.healthy.expected(at), map_.steady.expected(at), at.events)


def fill(lumis: int, **changes: Any) -> Fill:
    """A calm run with 500 events a lumisection."""
    return replace(Fill(1, lumis, 5), **changes)


def healthy_cells(map_: Known, number: int, least: float = 0.5) -> list[Cell]:
    """Some cells that count as much as others, inside the map."""
    rate = map_.healthy.rate
    inside = [tuple(int(i) for i in cell) for cell in np.argwhere(rate > least * np.median(rate[rate > 0]))]
    return inside[:: max(1, len(inside) // number)][:number]


def rising(flags: NDArray[np.bool_]) -> int:
    """Times that a flag appears."""
    before = np.concatenate([np.zeros_like(flags[:1]), flags[:-1]])
    return int((flags & ~before).sum())
