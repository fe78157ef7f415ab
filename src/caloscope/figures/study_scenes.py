"""Examples of a study on paper: input, expectation, evidence, verdict and truth, one row an example."""

# ruff: noqa: D102 (what properties are stands in the docstring of their class)

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from caloscope.figures import style
from caloscope.figures.maps import axis_title
from caloscope.figures.study_drawn import Printed, printed
from caloscope.geometry import View
from caloscope.records import Mask

_TITLES: Final = ("counts", "expected", "evidence", "verdict", "truth")
_FLAGS: Final = (
    ListedColormap(["#e3ebf2", style.VERMILLION]),
    ListedColormap(["#e3ebf2", style.BLACK]),
)
_RINGED, _SMALL = 12, 40
"""Cells that are ringed at most, and bins along an axis from which on a single one would not be seen."""

_EVIDENCE: Final = LinearSegmentedColormap.from_list(
    "evidence", [(0, "#f4f6f8"), (0.3, "#fbd3ab"), (0.6, "#e8873f"), (0.85, "#9c3b07"), (1, "#401700")]
)


class Scene(Protocol):
    """Planes `(y, x)`, NaN where nothing is known; `top` and `worst` end the colours."""

    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def exists(self) -> Mask: ...
    @property
    def counts(self) -> NDArray[np.float64]: ...
    @property
    def expected(self) -> NDArray[np.float64]: ...
    @property
    def evidence(self) -> NDArray[np.float64]: ...
    @property
    def flagged(self) -> NDArray[np.float64]: ...
    @property
    def faulty(self) -> NDArray[np.float64]: ...
    @property
    def top(self) -> float: ...
    @property
    def worst(self) -> float: ...


def scenes_figure(title: str, scenes: Sequence[Scene], view: View) -> Printed:
    """One row for each example."""
    ratio = min(1.1, max(0.5, view.y.bins / view.x.bins))
    with style.look():
        figure = style.new(13.0, (2.0 * ratio + 0.75) * len(scenes) + 0.45)
        style.headline(figure, title)
        parts = np.asarray(figure.subfigures(len(scenes), 1, squeeze=False)).ravel()
        for part, scene in zip(parts, scenes, strict=True):
            _draw(part, scene, view)
        return printed(figure)


def _draw(part: SubFigure, scene: Scene, view: View) -> None:
    words = f"{scene.title}: {scene.note}".replace("$", r"\$")
    part.suptitle(words, x=0.01, ha="left", fontsize=9, fontweight="bold")
    row = part.subplots(1, len(_TITLES))
    planes = (scene.counts, scene.expected, scene.evidence, scene.flagged, scene.faulty)
    for number, (axes, values) in enumerate(zip(row, planes, strict=True)):
        _plane(part, axes, view, scene, number, values)
        axes.set_title(_TITLES[number], fontsize=8.5, fontweight="normal")
        axes.set_xlabel(axis_title(view.x))
    row[0].set_ylabel(axis_title(view.y))


def _plane(
    part: SubFigure, axes: Axes, view: View, scene: Scene, number: int, values: NDArray[np.float64]
) -> None:
    place = (view.x.low, view.x.high, view.y.low, view.y.high)
    told: dict[str, Any] = {"extent": place, "origin": "lower", "interpolation": "nearest"}
    told["aspect"] = "equal" if view.x.bins == view.y.bins else "auto"
    unknown = np.where(scene.exists & ~np.isfinite(values), 1.0, np.nan)
    axes.imshow(unknown, cmap=ListedColormap([style.ABSENT]), vmin=0, vmax=1, **told)
    if number >= 3:
        _flags(axes, view, number, values, told)
        return
    colours, top = (_EVIDENCE, scene.worst) if number == 2 else (colormaps["viridis"], scene.top)
    low = float(np.nanmin(np.append(values, 0.0)))
    image = axes.imshow(values, cmap=colours, vmin=low, vmax=top, **told)
    part.colorbar(image, ax=axes, pad=0.01)


def _flags(axes: Axes, view: View, number: int, values: NDArray[np.float64], told: dict[str, Any]) -> None:
    """Verdict or truth; a few cells that would be overlooked are ringed."""
    axes.imshow(values, cmap=_FLAGS[number - 3], vmin=0, vmax=1, **told)
    if (values == 1.0).sum() <= _RINGED and max(values.shape) >= _SMALL:
        y, x = np.nonzero(values == 1.0)
        across = view.x.low + (x + 0.5) * (view.x.high - view.x.low) / view.x.bins
        along = view.y.low + (y + 0.5) * (view.y.high - view.y.low) / view.y.bins
        ring = style.VERMILLION if number == 3 else style.BLACK
        axes.plot(across, along, "o", ms=7, mfc="none", mec=ring)
