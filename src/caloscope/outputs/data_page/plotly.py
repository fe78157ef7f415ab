"""What all figures of the page of a data set share, in the words of Plotly."""

import base64
import html
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

WIDTH = 1204
"""Pixels of a figure that takes the whole page."""

INK, MUTED, LINE = "#17212b", "#526170", "#aab4be"

Json: TypeAlias = dict[str, Any]

FONT: Final[Json] = {
    "family": "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "size": 12,
    "color": INK,
}

BASE_AXIS: Final[Json] = {
    "showgrid": False,
    "zeroline": False,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": LINE,
    "tickfont": {"size": 11, "color": INK},
    "fixedrange": True,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What Plotly draws: traces and layout, and its size in pixels."""

    data: list[Json]
    layout: Json
    width: int
    height: int


def plotly_text(words: str) -> str:
    """Words as Plotly shows them letter for letter; it knows some markup."""
    return html.escape(words, quote=False)


def base(width: int, height: int) -> Json:
    """The layout of an empty figure."""
    return {
        "width": width,
        "height": height,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "font": FONT,
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {"font": {"size": 12}},
    }


def numbers(values: NDArray[Any], kind: str = "f4") -> Json:
    """An array of one or two dimensions as Plotly takes it without a text for each number."""
    packed = np.ascontiguousarray(values, f"<{kind}")
    coded = {"dtype": kind, "bdata": base64.b64encode(packed.tobytes()).decode()}
    return coded if values.ndim == 1 else coded | {"shape": ", ".join(map(str, values.shape))}
