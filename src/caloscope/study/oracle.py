"""The yardstick: a likelihood ratio that knows the detector and the fault, but neither where it is nor when.

Gaussian, with the true mean, the true covariance and the true factor and shape of the fault; a cumulative sum
for every place where it could be. All places together make one false excursion in 3,700 lumisections: the
threshold is found on simulated clean ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.faults.active import Active
from caloscope.records import Counts
from caloscope.simulate import Conditions, Fill, Healthy, conditions
from caloscope.study.excursions import Excursions, height
from caloscope.study.precision import Floats32, Precision, precision
from caloscope.study.rows import Indices, Row, places

BATCH = 64


class Oracle:
    """Knows one simulated map; `at` are conditions that its covariance is taken at and scaled from."""

    def __init__(self, healthy: Healthy, at: Conditions) -> None:
        self.healthy, self._at = healthy, at
        self._exists = healthy.view.exists
        self.precision: Precision = precision(healthy, at)
        self._mean = healthy.expected(at)[self._exists]
        self._binomial = healthy.noise == "binomial"
        self._varies = np.zeros(len(self._mean), np.bool_)
        for block in self.precision.blocks:
            self._varies[block.cells] = True

    @property
    def unit(self) -> Floats32:
        """Means of the cells that exist in units of their standard deviations, in its own conditions."""
        return np.asarray(self._mean / np.sqrt(self._variance(self._mean, self._at.events)), dtype=np.float32)

    def standard(self, at: Conditions, counts: Counts) -> tuple[Floats32, Floats32]:
        """Residuals and means of the cells that exist, both in units of the counts' standard deviation."""
        mean = self.healthy.expected(at)[self._exists]
        spread = np.sqrt(self._variance(mean, at.events))
        residual = counts[self._exists] - mean
        return (residual / spread).astype(np.float32), (mean / spread).astype(np.float32)

    def changes(self, row: Row) -> Array:
        """By which part of its mean each cell that exists would change, were the fault there."""
        return changes(self.healthy, self._at, row)

    @property
    def at(self) -> Conditions:
        """The conditions that its covariance was taken at."""
        return self._at

    def _variance(self, mean: Array, events: int) -> Array:
        """In ECAL it goes with the mean; channels of HCAL are binomial, but for those that count always."""
        if not self._binomial:
            ratio = np.divide(mean, self._mean, out=np.ones_like(mean), where=self._mean > 0)
            return np.asarray(self.precision.variance * ratio)
        binomial = np.maximum(mean * (1.0 - mean / max(events, 1)), 1e-9)
        return np.where(self._varies, binomial, self.precision.variance)


def changes(healthy: Healthy, at: Conditions, row: Row) -> Array:
    """By which part of its mean each cell that exists would change, were the fault there."""
    exists, alive = healthy.view.exists, healthy.rate > 0
    mean = healthy.expected(at)[exists]
    active = Active(row.fault(healthy.spec.name, alive, onset=1), 1, alive, 1.0, 1, 1.0)
    found = healthy.expected(at, [active])[exists]
    change = np.zeros(len(found))
    np.divide(found - mean, mean, out=change, where=mean > 0)
    return change


def where(healthy: Healthy, at: Conditions, row: Row) -> tuple[Indices, ...]:
    """Where a fault can be: where it changes what it touches nearly as much as its factor says."""
    found = places(healthy.view, row, healthy.rate > 0)
    if row.factor <= 1.0:
        return found
    change, enough = changes(healthy, at, row), 0.9 * (row.factor - 1.0)
    return tuple(members for members in found if change[members].min() >= enough)


@dataclass(frozen=True, eq=False)
class Hunt:
    """The oracle on the hunt for one kind of fault, everywhere."""

    oracle: Oracle
    row: Row

    @cached_property
    def change(self) -> Array:
        """By which part of its mean each cell would change."""
        return self.oracle.changes(self.row)

    @cached_property
    def places(self) -> tuple[Indices, ...]:
        """Where the fault can be: where it changes what it touches nearly as much as its factor says."""
        return where(self.oracle.healthy, self.oracle.at, self.row)

    def ratio(self, members: Indices, z: Floats32, unit: Floats32) -> float:
        """Log-likelihood ratio of the fault in these cells against none, in nats."""
        shift = self._shift(members, unit)
        y, own = self.oracle.precision.times_in(members, np.stack([z, shift], axis=1)).T
        return float(shift[members] @ (y - 0.5 * own))

    def ratios(self, y: Floats32, unit: Floats32) -> Floats32:
        """The same at all places, from P z; both arguments and the answer have lumisections as columns."""
        change = self.change.astype(np.float32)[:, np.newaxis]
        if self.row.shape == "cell":
            cells = np.concatenate(self.places) if self.places else np.empty(0, np.int64)
            shift = (change * unit)[cells]
            diagonal = self.oracle.precision.diagonal.astype(np.float32)[cells, np.newaxis]
            return np.asarray(shift * (y[cells] - 0.5 * diagonal * shift))
        squares = self._parts @ unit**2
        information = self._information[:, np.newaxis] * squares
        return np.asarray(self._parts @ (change * unit * y) - 0.5 * information, dtype=np.float32)

    @cached_property
    def _parts(self) -> sparse.csr_array:
        rows = np.repeat(np.arange(len(self.places)), [len(each) for each in self.places])
        columns = np.concatenate(self.places) if self.places else np.empty(0, np.int64)
        shape = (len(self.places), len(self.change))
        return sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)

    @cached_property
    def _information(self) -> NDArray[np.float32]:
        """Of each place, over the sum of its squared means: that changes with conditions, this hardly."""
        unit = self.oracle.unit
        found = []
        for members in self.places:
            shift = self._shift(members, unit)
            own = self.oracle.precision.times_in(members, shift)
            found.append(shift[members] @ own / np.square(unit[members]).sum())
        return np.array(found, np.float32)

    def _shift(self, members: Indices, unit: Floats32) -> Floats32:
        """What the fault would move, in these cells; zero elsewhere."""
        shift = np.zeros(len(unit), np.float32)
        shift[members] = self.change[members] * unit[members]
        return shift


def thresholds(
    oracle: Oracle, rows: Sequence[Row], fills: Iterable[Fill], per_day: float = 1.0
) -> dict[str, float]:
    """For each row, by key, the height that all its places pass `per_day` times in 3,700 clean LS."""
    hunts = [Hunt(oracle, row) for row in rows]
    excursions = [[Excursions(len(hunt.places)) for _ in range(hunt.row.period)] for hunt in hunts]
    clean = [at for fill in fills for at in conditions(fill) if at.events > 0]
    for first in range(0, len(clean), BATCH):
        batch = clean[first : first + BATCH]
        pairs = [oracle.standard(at, oracle.healthy.draw(at)) for at in batch]
        z, unit = (np.stack(each, axis=1) for each in zip(*pairs, strict=True))
        y = oracle.precision.times(z)
        for hunt, phases in zip(hunts, excursions, strict=True):
            for at, ratios in zip(batch, hunt.ratios(y, unit).T, strict=True):
                phases[at.lumi % hunt.row.period].see(ratios)
    found = {}
    for hunt, phases in zip(hunts, excursions, strict=True):
        peaks = np.sort(np.concatenate([each.peaks() for each in phases]))[::-1]
        found[hunt.row.key] = height(peaks, len(clean), per_day)
    return found


class Follow:
    """The oracle's sum in the place of one fault, for each phase that it could have."""

    def __init__(self, hunt: Hunt, members: Indices, threshold: float) -> None:
        self._hunt, self._members, self._threshold = hunt, members, threshold
        self._sums = [0.0] * hunt.row.period

    def found(self, at: Conditions, z: Floats32, unit: Floats32) -> bool:
        """Add one lumisection; whether a sum is above the threshold after it."""
        phase = at.lumi % self._hunt.row.period
        self._sums[phase] = max(0.0, self._sums[phase] + self._hunt.ratio(self._members, z, unit))
        return max(self._sums) > self._threshold
