"""All verdicts on one page: statistics down, samples across."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from caloscope.figures import style

Kind = Literal["agrees", "differs slightly", "differs"]

_COLOURS: dict[str, tuple[str, str]] = {
    "agrees": ("#dbeaf4", style.INK),
    "differs slightly": ("#f6d58a", style.INK),
    "differs": (style.VERMILLION, "white"),
}


class Verdict(NamedTuple):
    """What one cell of the page says."""

    kind: Kind
    text: str


def overview(
    title: str, rows: Sequence[str], columns: Sequence[str], verdicts: dict[tuple[int, int], Verdict]
) -> bytes:
    """A PNG of a table; `verdicts` by place of row and column, nothing where there is none."""
    with style.look():
        figure = style.new(3.6 + 1.02 * len(columns), 1.5 + 0.27 * len(rows))
        axes = figure.add_subplot()
        style.headline(figure, title)
        for (row, column), verdict in verdicts.items():
            _fill(axes, row, column, verdict)
        _frame(axes, rows, columns)
        legend = [Patch(color=_COLOURS[kind][0], label=kind) for kind in _COLOURS]
        axes.legend(handles=legend, loc="upper center", bbox_to_anchor=(0.5, -0.005), ncols=3)
        return style.png(figure)


def _fill(axes: Axes, row: int, column: int, verdict: Verdict) -> None:
    ground, ink = _COLOURS[verdict.kind]
    axes.add_patch(Rectangle((column + 0.03, row + 0.06), 0.94, 0.88, color=ground, lw=0))
    weight = "bold" if verdict.kind == "differs" else "normal"
    place = (column + 0.5, row + 0.5)
    axes.text(*place, verdict.text, ha="center", va="center", fontsize=8, color=ink, weight=weight)


def _frame(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_yticks([n + 0.5 for n in range(len(rows))], list(rows))
    axes.set_xticks([n + 0.5 for n in range(len(columns))], list(columns), fontsize=8)
    axes.tick_params(length=0, top=False, right=False, labeltop=True, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)
