"""One look for all pictures: light, readable in print and in grey, safe for colour-blind eyes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageColor  # comes with matplotlib

# Okabe and Ito's colours.
BLACK: Final = "#000000"
BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"

INK: Final = "#222222"
PALE: Final = "#6b6b6b"
ABSENT: Final = "#d4d4d4"
"""Where there is no cell, or nothing is known."""

SERIES: Final = (BLACK, BLUE, SKY, VERMILLION, GREEN, PURPLE, INK, PALE, ABSENT)
"""Colours that mean something, and are the same in every picture."""

DPI: Final = 150
_COLOURS: Final = 255
_KEPT: Final = 16
"""So many colours, the most frequent ones and all of `SERIES`, are kept as they are."""
_PACKED: Final = np.array([65_536, 256, 1], np.int32)

_LOOK: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "caloscope",
}


@contextmanager
def look() -> Iterator[None]:
    """Inside it, pictures look as all of Caloscope's do; settings of the caller are left alone."""
    with mpl.rc_context(_LOOK):
        yield


def new(width: float, height: float) -> Figure:
    """An empty figure of so many inches, free of any window system."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def headline(figure: Figure, title: str, subtitle: str = "") -> None:
    """A title at the top left, in bold, and below it what is said more softly."""
    figure.suptitle(f"{title}\n" if subtitle else title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    if subtitle:
        below = 1.0 - 0.33 / figure.get_figheight()
        figure.text(0.01, below, subtitle, ha="left", va="top", color=PALE).set_in_layout(False)


def png(figure: Figure) -> bytes:
    """The figure as a PNG file of few colours, a third of the usual size; always the same bytes."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    drawn.seek(0)
    small = io.BytesIO()
    with Image.open(drawn) as image:
        _of_few_colours(image.convert("RGB")).save(small, format="png", optimize=True)
    return small.getvalue()


def _of_few_colours(image: Image.Image) -> Image.Image:
    """The picture with at most `_COLOURS`; a thin line keeps its own, which averaging would make grey."""
    counted = cast("list[tuple[int, tuple[int, ...]]]", image.getcolors(image.width * image.height) or [])
    often = [colour for _, colour in sorted(counted, reverse=True)]
    there = set(often)
    named = [colour for colour in map(ImageColor.getrgb, SERIES) if colour in there]
    kept = list(dict.fromkeys([*named, *often]))[:_KEPT]
    rest = image.quantize(_COLOURS - len(kept), dither=Image.Dither.NONE).getpalette() or []
    palette = Image.new("P", (1, 1))
    own = [part for colour in kept for part in colour]
    palette.putpalette((own + rest)[: 3 * _COLOURS])
    few = image.quantize(palette=palette, dither=Image.Dither.NONE)
    # What is nearest is found coarsely there: white would become nearly white.
    shown, places = np.asarray(image).astype(np.int32) @ _PACKED, np.array(few)
    for place, colour in enumerate(kept):
        places[shown == np.dot(colour, _PACKED)] = place
    found = Image.fromarray(places)
    found.putpalette(few.getpalette() or [])
    return found
