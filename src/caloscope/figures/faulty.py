"""What a fault looks like: the healthy map, the faulty one, and the truth behind it, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from caloscope.figures import style
from caloscope.figures.maps import FACTOR, Shown, axis_title, draw_map
from caloscope.geometry import View

_VISIBLE = 0.03
_MOST_OUTLINED = 0.3
"""Share of the cells above which a line around what has changed says nothing."""

Number = TypeVar("Number", np.float64, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One fault on one view; all arrays have the view's shape.

    `healthy` and `faulty` are counts of the same lumisection, `factor` is the truth: faulty over healthy
    expectation.
    """

    title: str
    healthy: NDArray[np.float64]
    faulty: NDArray[np.float64]
    factor: NDArray[np.float64]


def fault_pictures(view: View, scenes: Sequence[Scene], title: str) -> bytes:
    """A PNG with one row a fault; of a deep view the depth that the fault changes most is shown."""
    square = view.x.bins == view.y.bins
    high = 3.3 if square else 2.1 if view.x.bins > 1.5 * view.y.bins else 3.0
    with style.look():
        figure = style.new(12.0, high * len(scenes) + 0.5)
        style.headline(figure, title)
        parts = np.asarray(figure.subfigures(len(scenes), 1, squeeze=False)).ravel()
        for part, scene in zip(parts, scenes, strict=True):
            _draw(part, view, scene)
        return style.png(figure)


def _draw(part: SubFigure, view: View, scene: Scene) -> None:
    depth = _depth(view, scene)
    exists = _plane(view.exists, depth)
    top = float(np.percentile(_plane(scene.healthy, depth)[exists], 99.0)) * 1.15
    where = "" if depth is None else f", depth {view.depths[depth]}"
    part.suptitle(f"{scene.title}{where}", x=0.01, ha="left", fontsize=10, fontweight="bold")
    row = part.subplots(1, 3)
    changed = np.abs(np.nan_to_num(scene.factor, posinf=9.0) - 1.0) > _VISIBLE
    outlined = changed if changed.sum() < _MOST_OUTLINED * view.exists.sum() else None
    for axes, name, values in ((row[0], "healthy", scene.healthy), (row[1], "faulty", scene.faulty)):
        shown = Shown(name, values, 0.0, max(top, 1.0), outlined=outlined if name == "faulty" else None)
        mesh = draw_map(axes, view, _plane(values, depth), shown, depth)
        axes.set_title(name, fontsize=9, fontweight="normal")
        part.colorbar(mesh, ax=axes, label="counts in one LS", pad=0.01, extend="max")
    shown = Shown("truth", scene.factor, 0.0, 2.0, "factor", FACTOR)
    mesh = draw_map(row[2], view, _plane(np.minimum(scene.factor, 1e9), depth), shown, depth)
    row[2].set_title("truth: expected counts, faulty over healthy", fontsize=9, fontweight="normal")
    part.colorbar(mesh, ax=row[2], label="factor", pad=0.01, extend="max")
    for axes in row:
        axes.set_xlabel(axis_title(view.x))
    row[0].set_ylabel(axis_title(view.y))


def _plane(values: NDArray[Number], depth: int | None) -> NDArray[Number]:
    return values if depth is None else values[depth]


def _depth(view: View, scene: Scene) -> int | None:
    if not view.depths:
        return None
    change = np.where(view.exists, np.minimum(np.abs(scene.factor - 1.0), 5.0), 0.0)
    return int(np.argmax(change.sum((1, 2))))
