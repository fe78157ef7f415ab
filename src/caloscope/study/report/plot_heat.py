"""Heat maps with their numbers in the tiles, as Plotly draws them."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from caloscope.outputs.data_page.plotly import BASE_AXIS, INK, LINE, WIDTH, Figure, Json, base, plotly_text
from caloscope.study.report.charts import Grid, Heat, Tile
from caloscope.study.report.plot_lines import LETTER, cut, title_of

ONE_SIDED: Final = ((0.0, "#ffffff"), (0.5, "#fbd3ab"), (1.0, "#e8873f"))
TWO_SIDED: Final = ((0.0, "#6fb1de"), (0.5, "#ffffff"), (1.0, "#e8873f"))
"""Light enough that black print is read on every colour; blue and orange differ for all eyes."""

_NONE: Final = "#eceff2"
_HIGH, _TOP, _RIGHT, _BAR = 35, 30, 26, 92


@dataclass(frozen=True, slots=True)
class _Room:
    """Pixels around and in the tiles of one grid, and how many grids stand in a row."""

    left: int
    tile: int
    bottom: int
    columns: int
    rows: int
    tiles: tuple[int, int]
    slanted: bool

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of one grid with what is around."""
        return self.left + self.tile * self.tiles[0] + _RIGHT, _TOP + _HIGH * self.tiles[1] + self.bottom

    @property
    def bar(self) -> int:
        """Pixels of the colour bar: as high as one grid, or two."""
        return _HIGH * self.tiles[1] + (self.size[1] if self.rows > 1 else 0)


def heat_figure(heat: Heat) -> Figure:
    """All grids on one scale of colours."""
    room = _room(heat)
    wide, high = room.size
    width, height = room.columns * wide + _BAR, room.rows * high
    layout: Json = {**base(width, height), "annotations": [], "plot_bgcolor": _NONE}
    colours = TWO_SIDED if heat.two_sided else ONE_SIDED
    layout["coloraxis"] = {
        "cmin": heat.low,
        "cmax": heat.high,
        "colorscale": [list(each) for each in colours],
        "colorbar": _bar(heat, (width - _BAR) / width, room.bar / height, _TOP / height),
    }
    data = []
    for number, grid in enumerate(heat.grids):
        row, column = divmod(number, room.columns)
        left, top = column * wide + room.left, row * high + _TOP
        right, low = left + room.tile * room.tiles[0], top + _HIGH * len(grid.rows)
        box = (left / width, right / width, 1 - low / height, 1 - top / height)
        end = "" if number == 0 else str(number + 1)
        layout[f"xaxis{end}"] = _axis(heat.x_title, grid.columns) | {
            "domain": list(box[:2]),
            "anchor": f"y{end}",
        }
        layout[f"xaxis{end}"] |= {"tickangle": -38 if room.slanted else 0}
        layout[f"yaxis{end}"] = _axis(heat.y_title, grid.rows) | {
            "domain": list(box[2:]),
            "anchor": f"x{end}",
        }
        layout[f"yaxis{end}"] |= {"range": [len(grid.rows) - 0.5, -0.5]}
        layout["annotations"].append(title_of(grid.title, box))
        data.append(_trace(grid, end))
    return Figure(data, layout, width, height)


def _room(heat: Heat) -> _Room:
    columns = max(len(grid.columns) for grid in heat.grids)
    rows = max(len(grid.rows) for grid in heat.grids)
    left = round(_longest([row for grid in heat.grids for row in grid.rows]) * LETTER)
    left += 34 if heat.y_title else 14
    names = _longest([column for grid in heat.grids for column in grid.columns])
    tile = min(88, max(48, (WIDTH - _BAR - left - _RIGHT) // columns))
    slanted = names * LETTER > tile - 4
    bottom = (round(names * LETTER * 0.66) + 18 if slanted else 24) + (30 if heat.x_title else 6)
    beside = max(1, min(len(heat.grids), (WIDTH - _BAR) // (left + tile * columns + _RIGHT)))
    return _Room(left, tile, bottom, beside, ceil(len(heat.grids) / beside), (columns, rows), slanted)


def _longest(names: list[str]) -> int:
    return max(len(cut(name)) for name in names)


def _axis(title: str, names: tuple[str, ...]) -> Json:
    return {
        **BASE_AXIS,
        "ticks": "",
        "title": {"text": title, "standoff": 6, "font": {"size": 12, "color": INK}},
        "tickvals": list(range(len(names))),
        "ticktext": [plotly_text(cut(name)) for name in names],
        "range": [-0.5, len(names) - 0.5],
        "showline": True,
        "linecolor": LINE,
        "mirror": True,
    }


def _trace(grid: Grid, end: str) -> Json:
    texts = [[_text(tile) for tile in row] for row in grid.tiles]
    return {
        "type": "heatmap",
        "z": [[None if tile is None else tile.value for tile in row] for row in grid.tiles],
        "text": texts,
        "texttemplate": "%{text}",
        "textfont": {"size": 12, "color": INK},
        "xaxis": f"x{end}",
        "yaxis": f"y{end}",
        "xgap": 1,
        "ygap": 1,
        "coloraxis": "coloraxis",
        "hoverinfo": "skip",
    }


def _text(tile: Tile | None) -> str:
    if tile is None:
        return ""
    below = f"<span style='font-size:9px'>{plotly_text(tile.interval)}</span>"
    return f"{plotly_text(tile.text)}<br>{below}"


def _bar(heat: Heat, x: float, length: float, top: float) -> Json:
    return {
        "x": x,
        "xanchor": "left",
        "y": 1 - top,
        "yanchor": "top",
        "len": length,
        "ypad": 0,
        "thickness": 12,
        "outlinewidth": 1,
        "outlinecolor": LINE,
        "tickvals": [value for value, _ in heat.ticks],
        "ticktext": [words for _, words in heat.ticks],
        "tickfont": {"size": 11, "color": INK},
        "title": {"text": heat.scale, "side": "right", "font": {"size": 12, "color": INK}},
    }
