"""How long a study will take, from what its cells took so far, or from what such work usually takes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from caloscope.study.cells import Clean, Fit, Trials, Yardstick
from caloscope.study.fitting import recipe_of
from caloscope.study.kept import Kept
from caloscope.study.schedule import Cell, Judged, is_done
from caloscope.study.simulated import LONG_RUN, WARM_UP
from caloscope.training import NETWORKS

_MS: Final = {"EB": 9.0, "HCAL": 25.0, "HO": 9.0}
_MS_USUAL: Final = 4.0
"""Milliseconds to simulate and judge a lumisection, on one core."""

_MINUTES: Final = 10.0
"""Of training a network whose recipe has no limit."""

_LOOKED: Final = 0.5
"""Share of its window that a fault is looked for, on average."""

KINDS: Final = {
    Fit: "detectors to train and calibrate",
    Yardstick: "thresholds of the oracle",
    Clean: "portions of clean runs",
    Trials: "portions of trials",
}


@dataclass(frozen=True, slots=True)
class Amount:
    """Cells of one kind: how many there are, how many are measured, and seconds that the others take."""

    kind: str
    cells: int
    done: int
    seconds: float


def amounts(places: Sequence[Judged], kept: Kept) -> list[Amount]:
    """By kind of cell; seconds are those of one core."""
    found: dict[type[Cell], dict[str, Cell]] = defaultdict(dict)
    for cell in (each for place in places for each in place.cells):
        found[type(cell)][cell.key] = cell
    return [_amount(kind, found[kind], kept) for kind in KINDS if kind in found]


def _amount(kind: type[Cell], cells: dict[str, Cell], kept: Kept) -> Amount:
    took: dict[str, list[float]] = defaultdict(list)
    missing = []
    for key, cell in cells.items():
        if not is_done(cell, key, kept):
            missing.append(cell)
        elif (result := kept.read(key)) is not None:
            took[_alike(cell)].append(float(result.get("took", 0.0)))
    seconds = sum(_expected(cell, took.get(_alike(cell), ())) for cell in missing)
    return Amount(KINDS[kind], len(cells), len(cells) - len(missing), seconds)


def _alike(cell: Cell) -> str:
    """What cells have in common that take about as long."""
    fit = cell if isinstance(cell, Fit) else getattr(cell, "fit", None)
    row = cell.row.key if isinstance(cell, Trials) else ""
    return f"{fit.detector.kind} {fit.detector.bundle} {fit.lumis}" + row if fit else f"oracle {row}"


def _expected(cell: Cell, took: Iterable[float]) -> float:
    """Seconds of one cell."""
    known = list(took)
    return sum(known) / len(known) if known else _usual(cell)


def _usual(cell: Cell) -> float:
    each = _MS.get(cell.sample.map.partition("/")[0], _MS_USUAL) / 1e3
    match cell:
        case Fit():
            network = cell.detector.kind in NETWORKS
            learning = 60.0 * (recipe_of(cell).minutes or _MINUTES) if network else each * cell.lumis
            return learning + each * cell.calibrated_on
        case Clean():
            return each * cell.many * LONG_RUN
        case Yardstick():
            return each * cell.lumis / 4.0
        case Trials():
            return each * cell.many * (WARM_UP + _LOOKED * cell.row.window)
