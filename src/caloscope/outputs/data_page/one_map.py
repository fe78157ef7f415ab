"""The part of the page of a data set that shows one map: its pictures, and tables that say the same."""

from collections.abc import Callable
from html import escape

import numpy as np

from caloscope.dataset import DataSet
from caloscope.errors import SourceError
from caloscope.geometry import View
from caloscope.outputs.data_page.cells import MAX_SIDE
from caloscope.outputs.data_page.document import Column, figure, table
from caloscope.outputs.data_page.facts import text
from caloscope.outputs.data_page.figures import occupancy, profile
from caloscope.outputs.data_page.planes import Plane, axis_of, planes
from caloscope.outputs.data_page.scales import short
from caloscope.outputs.data_page.sums import MapSums, add_up
from caloscope.outputs.data_page.timeline import thinning
from caloscope.outputs.data_page.trends import Trend, trend_figure, trends

MOST_CELLS = 100
"""Cells that are named one by one."""


def map_section(
    data: DataSet, name: str, anchor: str, views: Callable[[str, str], View], most_planes: int
) -> str:
    """Everything about one map, with `anchor` as its place on the page."""
    head = (
        f'<section class="map" id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{escape(text(name))}</h2>'
    )
    try:
        if not data.present(name).any():
            return f'{head}<p class="note">No lumisection holds this map.</p></section>\n'
        sums = add_up(data, name, views)
        return f"{head}{_occupancy(sums, most_planes)}{_trends(data, sums)}</section>\n"
    except SourceError as error:
        line = text(f"{error.fault}: found {error.found}, expected {error.expected}")
        return f'{head}<p class="unread">This map could not be read. {escape(line)}</p></section>\n'


def _occupancy(sums: MapSums, most: int) -> str:
    drawn = planes(sums, most)
    what = _quantity(sums)
    shown = profile(sums, drawn) if sums.mean.ndim == 1 else occupancy(sums, drawn)
    notes = f"<h3>{escape(what)}</h3>{_caption(sums, drawn)}"
    words = f"{what}. " + " ".join(_words(plane) for plane in drawn)
    numbers = table(f"{what}, in numbers", _COLUMNS, [_row(plane, sums) for plane in drawn])
    side = ' class="side"' if shown.width < 900 else ""
    return f"{notes}<div{side}>{figure(shown, words)}<div>{numbers}{_dead(sums, drawn)}</div></div>"


def _quantity(sums: MapSums) -> str:
    if sums.per == "record":
        return "Mean value of each bin"
    return f"Mean occupancy of each cell per {sums.per}"


def _caption(sums: MapSums, drawn: list[Plane]) -> str:
    """What the picture is of, and the legend of its colours."""
    notes = [f"Over {sums.rows:,} rows of the data set"]
    if sums.per == "lumisection":
        notes.append("events are not known, so it is per lumisection")
    if sums.mean.ndim == 3 and len(drawn) < len(sums.mean) and sums.view is None:
        notes.append(f"the first {len(drawn)} of {len(sums.mean)} planes")
    if max(sums.mean.shape[-2:]) > MAX_SIDE and sums.mean.ndim > 1:
        notes.append("bins averaged in blocks to fit the page")
    note = f'<p class="note">{escape("; ".join(notes))}.</p>'
    if sums.mean.ndim == 1:
        return f'{note}<ul class="legend"><li>× on the axis: bins that are zero in every row</li></ul>'
    kinds = {plane.scale.logarithmic for plane in drawn if plane.scale is not None}
    scale = " or ".join(["logarithmic" if kind else "linear" for kind in sorted(kinds)]) or "none"
    never = sum(int(plane.never.sum()) for plane in drawn)
    nothing = "no counts" if sums.info.kind == "counts" else "nothing but zero"
    items = [
        f'<li><span class="swatch scale"></span>1st to 99th percentile of each plane, {scale} scale</li>',
        f'<li><span class="swatch never"></span>{nothing} in any row: {never:,} '
        f"{'cells' if sums.view else 'bins'}{', ringed where they are few' if never else ''}</li>",
    ]
    if sums.view is not None:
        items.append('<li><span class="swatch none"></span>no cell of this map</li>')
    return f'{note}<ul class="legend">{"".join(items)}</ul>'


_COLUMNS = [
    Column("plane", False),
    *map(Column, ("cells", "no counts", "lowest", "1 %", "median", "99 %", "highest")),
]


def _row(plane: Plane, sums: MapSums) -> list[str]:
    cells, never = int(plane.exists.sum()), int(plane.never.sum())
    alive = plane.alive
    levels = np.percentile(alive, (0, 1, 50, 99, 100)).tolist() if alive.size else []
    shown = [short(level) for level in levels] or ["–"] * 5
    return [plane.name or text(sums.info.name), f"{cells:,}", f"{never:,}", *shown]


def _words(plane: Plane) -> str:
    """One plane in words, for those who cannot see it."""
    alive = plane.alive
    what = plane.name or "The map"
    level = f"median {short(float(np.median(alive)))}" if alive.size else "nothing known"
    return f"{what}: {level}, {int(plane.never.sum()):,} of {int(plane.exists.sum()):,} cells without counts."


def _dead(sums: MapSums, drawn: list[Plane]) -> str:
    """The cells that never counted, by name, and what stands in bins that are no cells."""
    parts = []
    names = [
        _name(sums, plane, cell) for plane in drawn for cell in np.argwhere(plane.never)[: MOST_CELLS + 1]
    ]
    number = sum(int(plane.never.sum()) for plane in drawn)
    if names:
        items = "".join(f"<li>{escape(name)}</li>" for name in names[:MOST_CELLS])
        more = f'<p class="note">and {number - MOST_CELLS:,} more</p>' if number > MOST_CELLS else ""
        what = "cell" if sums.view else "bin"
        title = f"{number:,} {what}{'s' if number > 1 else ''} without counts in any row"
        parts.append(f'<details><summary>{title}</summary><ul class="cells">{items}</ul>{more}</details>')
    if sums.outside:
        parts.append(
            f'<p class="note">Bins that are no cells of this map hold {short(sums.outside)} counts more; '
            "they are neither drawn nor added.</p>"
        )
    return "".join(parts)


def _name(sums: MapSums, plane: Plane, cell: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> str:
    index = tuple(cell.tolist()) if plane.index is None else (plane.index, *cell.tolist())
    if sums.view is not None:
        return sums.view.describe(index)
    titles = [axis_of(sums, which).title for which in range(len(index))]
    return ", ".join(f"{title} bin {bin_}" for title, bin_ in zip(titles, index, strict=True))


def _trends(data: DataSet, sums: MapSums) -> str:
    shown = trends(data, sums)
    if not shown:
        return ""
    drawn = trend_figure(data, sums, shown)
    spans = data.spans(sums.info.name)[data.present(sums.info.name)]
    many = thinning(len(data.runs))
    notes = ['<li><span class="swatch gap"></span>no lumisection of this map</li>']
    if (spans > 1).any():
        notes.append(
            f"<li>A row over several lumisections is drawn over all of them, as their mean: "
            f"{int((spans > 1).sum()):,} rows, up to {int(spans.max())} LS</li>"
        )
    if many > 1:
        notes.append(f"<li>Each step is the mean of {many} rows</li>")
    title = "Against lumisection"
    words = f"{title}: " + "; ".join(_said(trend) for trend in shown)
    numbers = table("The lines in numbers", _TREND_COLUMNS, [_trend_row(trend) for trend in shown])
    return f'<h3>{title}</h3><ul class="legend">{"".join(notes)}</ul>{figure(drawn, words)}{numbers}'


_TREND_COLUMNS = [
    Column("quantity", False),
    *map(Column, ("known in rows", "lowest", "median", "highest")),
]


def _trend_row(trend: Trend) -> list[str]:
    over = trend.range
    return [trend.name, f"{over.known:,}", short(over.low), short(over.middle), short(over.high)]


def _said(trend: Trend) -> str:
    over = trend.range
    return f"{trend.name} from {short(over.low)} to {short(over.high)}, median {short(over.middle)}"
