"""A list of numbers, real against simulated, and how far apart they are in standard deviations."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from caloscope.figures import style

_REACH = 6.0
_PLACES = (_REACH + 0.7, _REACH + 2.7, _REACH + 6.2)


@dataclass(frozen=True, slots=True)
class Row:
    """One number: real, mean and standard deviation of the replicas, and the verdict with its p-value."""

    title: str
    real: float
    mean: float
    deviation: float
    verdict: str
    good: bool = True

    @property
    def pull(self) -> float:
        """Real less simulated in standard deviations of the replicas."""
        return (self.real - self.mean) / self.deviation if self.deviation > 0 else 0.0


def draw_rows(axes: Axes, rows: Sequence[Row]) -> None:
    """One line a number; a mark at the edge stands for anything further out."""
    axes.set_title(
        "Numbers: real (point) against simulated (bars: 1 and 2 standard deviations of the replicas)"
    )
    axes.set_xlim(-_REACH - 8.5, _REACH + 14.0)
    axes.set_ylim(len(rows) - 0.4, -0.9)
    for side in ("top", "left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False, right=False, top=False, bottom=False, labelleft=False, labelbottom=False)
    for place, text in zip(_PLACES, ("real", "simulated", "verdict"), strict=True):
        axes.text(place, -0.75, text, va="center", color=style.PALE, fontsize=8)
    axes.axvline(0, color=style.BLUE, lw=1.0, ls="--", ymax=0.95)
    for line, row in enumerate(rows):
        _draw_row(axes, line, row)


def _draw_row(axes: Axes, line: int, row: Row) -> None:
    axes.text(-_REACH - 0.4, line, row.title, ha="right", va="center", fontsize=8.5)
    axes.barh(line, 4, 0.62, -2, color=style.SKY, alpha=0.3)
    axes.barh(line, 2, 0.62, -1, color=style.SKY, alpha=0.6)
    pull = max(-_REACH, min(_REACH, row.pull))
    outside = abs(row.pull) > _REACH
    shape = (">" if pull > 0 else "<") if outside else "o"
    axes.plot(pull, line, shape, color=style.BLACK if row.good else style.VERMILLION, ms=5.5)
    axes.text(_PLACES[0], line, _short(row.real), va="center", fontsize=8.5)
    axes.text(_PLACES[1], line, f"{_short(row.mean)} ± {_short(row.deviation)}", va="center", fontsize=8.5)
    colour, weight = (style.PALE, "normal") if row.good else (style.VERMILLION, "bold")
    axes.text(_PLACES[2], line, row.verdict, va="center", fontsize=8.5, color=colour, weight=weight)


def _short(value: float) -> str:
    """Three figures, never in powers of ten."""
    size = abs(value)
    digits = 1 if size >= 100 else 2 if size >= 10 else 3
    return f"{value:.{digits}f}"
