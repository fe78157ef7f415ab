"""Faults that a simulation can be given: which cells, what happens to them, and when."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.records import Cell, Mask

Kind: TypeAlias = Literal["dead", "factor", "hot"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong with cells of one map.

    `where` is the name of a region or the index of one cell. *dead*: nothing is counted any more. *factor*:
    the mean count is multiplied by `factor`. *hot*: in an HCAL channel noise fills `factor` of the events
    that the signal leaves free, so that a channel never counts more than once an event; in an ECAL tower the
    mean is multiplied by `factor`. `onset` is the first faulty lumisection, `end` the first healthy one.
    """

    map: str
    where: str | Cell
    kind: Kind
    factor: float = 0.0
    onset: int = 1
    end: int | None = None

    def active(self, lumi: int) -> bool:
        """Whether the fault is there in this lumisection."""
        return self.onset <= lumi and (self.end is None or lumi < self.end)

    def cells(self, view: View) -> Mask:
        """The faulty cells. Raises `UsageError` when there is no such region or cell."""
        if isinstance(self.where, str):
            for region in view.regions:
                if region.name == self.where:
                    return region.members
            raise UsageError(f"{view.name}: no region {self.where!r}, expected one of the view's")
        mask = np.zeros(view.shape, np.bool_)
        if len(self.where) != mask.ndim or min(self.where) < 0:
            raise UsageError(f"{view.name}: no cell {self.where}, expected one inside {view.shape}")
        try:
            mask[self.where] = True
        except IndexError as error:
            found = f"{view.name}: no cell {self.where}"
            raise UsageError(f"{found}, expected one inside {view.shape}") from error
        if not (mask & view.exists).any():
            raise UsageError(f"{view.name}: no cell at {self.where}, expected one that exists")
        return mask


def faulty_mean(mean: NDArray[np.float64], faults: list[Fault], view: View) -> NDArray[np.float64]:
    """Mean counts of an over-dispersed map with these faults in it."""
    mean = mean.copy()
    for fault in faults:
        mean[fault.cells(view)] *= 0.0 if fault.kind == "dead" else fault.factor
    return mean


def faulty_probability(p: NDArray[np.float64], faults: list[Fault], view: View) -> NDArray[np.float64]:
    """Probabilities of a binomial map with these faults in it; never above one."""
    p = p.copy()
    for fault in faults:
        cells = fault.cells(view)
        if fault.kind == "hot":
            p[cells] += (1.0 - p[cells]) * fault.factor
        else:
            p[cells] *= 0.0 if fault.kind == "dead" else fault.factor
    return np.clip(p, 0.0, 1.0)
