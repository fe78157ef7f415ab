"""What was measured beside what was printed."""

from dataclasses import dataclass
from math import isnan
from typing import Final

from caloscope.study.ml4dqm.protocols import Protocol
from caloscope.study.ml4dqm.tasks import Task
from caloscope.study.results import Interval

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Line:
    """One detector on one task in one protocol; `detector` is the task's network, or `reference`.

    `confusion` counts images, rows what they are, columns what was said, both as the task's classes.
    `accuracy` (Wilson), `auc` of bad against good (lumisections drawn again) and `localised`, the share of
    faulty images whose worst cell is faulty (NaN: nobody says which), hold 95 %. `void` faulty images change
    no channel that there is; `unjudged` images got no verdict, and count as wrong; `learned` images, or
    lumisections, were learned from in `epochs`.
    """

    task: Task
    protocol: Protocol
    detector: str
    images: int
    accuracy: Interval
    auc: Interval
    confusion: tuple[tuple[int, ...], ...]
    localised: Interval
    void: int
    unjudged: int
    parameters: int
    learned: int
    epochs: int
    seconds: float

    @property
    def accuracy_beside(self) -> str:
        """Where the accuracy lies beside the printed one: `same` where the interval holds that."""
        return beside(self.accuracy, self.task.printed.accuracy)

    @property
    def auc_beside(self) -> str:
        """The same of the area."""
        return beside(self.auc, self.task.printed.auc)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All lines, and what they say in words."""

    lines: tuple[Line, ...]
    sentences: tuple[str, ...] = ()


def beside(found: Interval, printed: float) -> str:
    """`same`, `better` or `worse` than what was printed; empty where one of the two is not known."""
    if isnan(printed) or isnan(found.value):
        return ""
    if found.low - _ROUNDING <= printed <= found.high + _ROUNDING:
        return "same"
    return "better" if found.low > printed else "worse"
