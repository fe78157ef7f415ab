"""What a map counts on average, found from the data themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.dataset import DataSet
from caloscope.errors import UsageError
from caloscope.faults.change import Array
from caloscope.faults.effect import capacity
from caloscope.faults.fault import Fault
from caloscope.geometry import View
from caloscope.readers.maps.plateau import plateau_events
from caloscope.records import Counts, Floats, LumiId, MapRecord, MapTruth, Mask

_ONLY_LESS: Final = frozenset({"dead", "factor", "scrambled"})
"""Kinds that add no counts, so that nobody need know how many events there were; nor do drifts down."""


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """A map's cells as they are when nothing is wrong.

    `rate` (float64, the view's shape) are counts per event, averaged over the data set; per lumisection where
    it tells no number of events. `knows_events` says which. `numbers` is the highest fault number in the
    truth there is.
    """

    view: View
    noise: str
    rate: Array
    knows_events: bool
    numbers: int

    def expected(self, counts: Counts, truth: MapTruth | None) -> Array:
        """Mean counts in one lumisection, float64, the faults included that are in it.

        The rates give the ratios of cells, and the sum of the sound ones gives the scale: so pileup, which
        changes the sum most, needs not be known. Where none is sound all do whose factor is known. Counts in
        bins without a cell, such as those of HO in HCAL's fourth depth, mean nothing here. Cells that count
        in every event, as HF does, follow no pileup: they have no part in the scale.
        """
        factor = np.ones(counts.shape, np.float32) if truth is None else truth.factor
        known, full = np.isfinite(factor), self._full()
        mean = np.zeros(counts.shape)
        mean[known] = self.rate[known] * factor[known]
        sound = self.view.exists & (factor == 1.0)
        mean[full & sound] = 0.0
        some = sound & ~full if mean[sound].any() else self.view.exists & known
        total = float(mean[some].sum())
        mean *= float(counts[some].sum(dtype=np.float64)) / total if total > 0.0 else 0.0
        # Of a cell that is dead when healthy and counts none the less, its own counts are all that is known.
        mean[~known] = counts[~known]
        mean[full & sound] = counts[full & sound]
        return mean

    def _full(self) -> Mask:
        """Cells that count in every event."""
        if self.noise != "binomial" or not self.knows_events:
            return np.zeros(self.view.shape, np.bool_)
        return np.asarray(self.rate >= 1.0 - 1e-9)

    def most(self, record: MapRecord, where: LumiId, faults: list[Fault]) -> float:
        """The most that a cell can count; infinity where nobody knows and no fault asks.

        Raises `UsageError` for faults that add counts where the number of events is not known.
        """
        events = record.events
        if events is None and self.view.name == "HCAL":
            events = plateau_events(record.counts[0])
        if events is not None:
            # Counts above what the events allow would be a mistake of the source: they are left as they are.
            found = record.counts[self.view.exists].max(initial=0)
            return max(capacity(self.view, events, self.noise), float(found))
        adding = [fault.kind for fault in faults if _adds(fault)]
        if adding:
            place = f"{self.view.name}: events of lumisection {where.run}:{where.lumi} are not known"
            raise UsageError(f"{place}, expected them for a fault of kind {adding[0]!r}, which adds counts")
        return float("inf")


def _adds(fault: Fault) -> bool:
    return fault.kind not in _ONLY_LESS and not (fault.kind == "drift" and fault.size <= 0.0)


def average(data: DataSet, name: str, view: View, heard: Callable[[], None]) -> Average:
    """The averages of a map, in one pass over its rows; `heard` is called for each.

    A row counts with its events, and a cell that is known to be faulty with the part that the fault has left.
    """
    present, events = data.present(name), data.events(name)
    knows = bool((present & (events > 0)).any())
    counts, weights = np.zeros(view.shape), np.zeros(view.shape)
    numbers = 0
    for row in range(len(data)):
        weight = float(events[row]) if knows else 1.0
        if present[row] and weight > 0.0:
            truth = data.map_truth(name, row)
            numbers = numbers if truth is None else max(numbers, int(np.abs(truth.fault.astype(int)).max()))
            _add(counts, weights, data.counts(name, row, row + 1)[0], weight, truth)
        heard()
    rate = np.divide(counts, weights, out=np.zeros(view.shape), where=(weights > 0.0) & view.exists)
    return Average(view, data.maps[name].noise, rate, knows, numbers)


def _add(
    counts: Array, weights: Array, found: Counts | Floats, weight: float, truth: MapTruth | None
) -> None:
    if truth is None:
        counts += found
        weights += weight
        return
    known = np.isfinite(truth.factor)
    counts[known] += found[known]
    weights[known] += weight * truth.factor[known]
