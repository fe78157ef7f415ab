"""Heat maps of a study on paper, with numbers and their intervals in the tiles."""

from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.image import AxesImage

from caloscope.figures import style
from caloscope.figures.study_drawn import Grid, Heat, Printed, printed

# Light enough that black print is read on every colour; blue and orange differ for all eyes.
_ONE_SIDED: Final = ("#ffffff", "#fbd3ab", "#e8873f")
_TWO_SIDED: Final = ("#6fb1de", "#ffffff", "#e8873f")
_NONE: Final = "#eceff2"

_TILE, _HIGH, _LETTER, _WIDEST = 0.72, 0.36, 0.075, 14.0
"""Inches of a tile, of a letter of a name, and of the whole."""


def heat_figure(heat: Heat) -> Printed:
    """All grids, as many in a row as have room."""
    tiles = max(len(grid.columns) for grid in heat.grids)
    rows = max(len(grid.rows) for grid in heat.grids)
    left = _LETTER * max(len(row) for grid in heat.grids for row in grid.rows) + 0.35
    names = _LETTER * max(len(column) for grid in heat.grids for column in grid.columns)
    wide, high = left + _TILE * tiles, _HIGH * rows + 0.55 + (0.75 * names if names > _TILE else 0.2)
    beside = max(1, min(len(heat.grids), int((_WIDEST - 1.0) / wide)))
    lines = -(-len(heat.grids) // beside)
    with style.look():
        figure = style.new(max(6.0, beside * wide + 1.0), lines * high + 0.5)
        style.headline(figure, heat.title.replace("$", r"\$"))
        every = []
        for number, grid in enumerate(heat.grids):
            axes = figure.add_subplot(lines, beside, number + 1)
            image = _draw(axes, heat, grid, names > _TILE)
            every.append(axes)
        bar = figure.colorbar(image, ax=every, pad=0.01, aspect=30, fraction=0.04)
        bar.set_ticks([value for value, _ in heat.ticks], labels=[words for _, words in heat.ticks])
        bar.set_label(heat.scale)
        return printed(figure)


def _draw(axes: Axes, heat: Heat, grid: Grid, slanted: bool) -> AxesImage:
    colours = LinearSegmentedColormap.from_list(
        "study", list(_TWO_SIDED if heat.two_sided else _ONE_SIDED)
    ).with_extremes(bad=_NONE)
    values = np.array([[np.nan if tile is None else tile.value for tile in row] for row in grid.tiles])
    image = axes.imshow(values, cmap=colours, vmin=heat.low, vmax=heat.high, aspect="auto")
    for row, tiles in enumerate(grid.tiles):
        for column, tile in enumerate(tiles):
            if tile is not None:
                axes.text(column, row, tile.text, ha="center", va="bottom", fontsize=7.5)
                axes.text(
                    column, row + 0.12, tile.interval, ha="center", va="top", fontsize=5.6, color=style.INK
                )
    turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(range(len(grid.columns)), [_plain(name) for name in grid.columns], **turned)
    axes.set_yticks(range(len(grid.rows)), [_plain(name) for name in grid.rows])
    axes.tick_params(length=0, top=False, right=False)
    axes.set_xticks(np.arange(0.5, len(grid.columns) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(grid.rows) - 1), minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="white", lw=0.8)
    axes.set_title(_plain(grid.title))
    axes.set_xlabel(heat.x_title)
    axes.set_ylabel(heat.y_title)
    return image


def _plain(words: str) -> str:
    return words.replace("$", r"\$")
