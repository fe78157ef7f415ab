"""Pictures are PNG files, always the same, and none of them needs more than arrays."""

import subprocess
import sys
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from caloscope.figures import (
    Panel,
    Row,
    Scene,
    Shown,
    Verdict,
    comparison,
    fault_pictures,
    map_figure,
    overview,
)
from caloscope.geometry import view


def pixels(png: bytes) -> NDArray[np.uint8]:
    assert png.startswith(b"\x89PNG")
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def panel(kind: str = "curve", labels: tuple[str, ...] = ()) -> Panel:
    values = np.array([1.0, np.nan, 3.0])
    x = (0.0, 1.0, 2.0) if kind == "curve" else (0.0, 1.0, 2.0, 3.0)
    flat = np.array([1.0, 2.0, 3.0])
    band = np.stack([flat - 0.5, flat + 0.5])
    if kind == "distribution":
        return Panel("rest", "distribution", x, flat, flat, band, "p = 0.3, agrees", logarithmic=True)
    return Panel("a curve", "curve", x, values, flat, band, "p = 0.001, differs", good=False, labels=labels)


def test_a_comparison_is_a_picture_of_its_panels_and_numbers() -> None:
    panels = [panel(), panel("distribution"), panel(labels=("0,1", "1,0", "EB+")), panel()]
    rows = [Row("inside", 1.0, 1.1, 0.1, "p = 0.4"), Row("far out", 9.0, 1.1, 0.1, "p = 0.01", good=False)]
    made = comparison("title", "subtitle", panels, rows)
    drawn = pixels(made)
    assert drawn.shape[1] == 1800
    assert drawn.min() < 20
    assert drawn.max() == 255
    assert made == comparison("title", "subtitle", panels, rows)


@pytest.mark.parametrize("name", ["EB", "EE+", "HCAL", "HO"])
def test_maps_of_every_view_leave_absent_cells_grey(name: str) -> None:
    on = view(name, "2017")
    values = np.where(on.exists, 300.0, np.nan)
    png = map_figure(on, [Shown("counts", values, 0.0, 400.0)], "title")
    assert len(png) < 250_000
    drawn = pixels(png).reshape(-1, 3)
    grey = (np.abs(drawn.astype(int) - 0xD4).max(axis=1) <= 1).mean()
    assert (grey > 0.01) == (name != "EB")


@cache
def fault_picture(name: str, first: int, factor: float) -> NDArray[np.int64]:
    """Pixels of the picture of a fault of three cells, the first of them `first` in C order of one plane."""
    on = view(name, "2017")
    plane = np.argwhere(on.exists[0] if on.depths else on.exists)
    healthy, factors = np.where(on.exists, 100.0, 0.0), np.ones(on.shape)
    for y, x in plane[first:][:3]:
        factors[(0, y, x) if on.depths else (y, x)] = factor
    scene = Scene("a fault", healthy, healthy * np.minimum(factors, 5.0), factors)
    return pixels(fault_pictures(on, [scene], "title")).astype(np.int64)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        *((name, factor) for name in ("EB", "EE+", "HCAL", "HO") for factor in (0.0, 3.0)),
        *(("EE+", 0.5), ("HCAL", np.inf)),
    ],
)
def test_a_fault_is_drawn_where_it_is(name: str, factor: float) -> None:
    sound = fault_picture(name, 0, 1.0)
    centres = []
    for first in (0, -3):
        drawn = fault_picture(name, first, factor)
        # few colours are kept, so the edges of letters may differ too
        healthy, faulty, truth = np.array_split(np.abs(drawn - sound).max(axis=2) > 50, 3, axis=1)
        assert healthy.sum() < 0.25 * faulty.sum()
        assert 40 < faulty.sum() < 0.03 * faulty.size
        assert 40 < truth.sum() < 0.03 * truth.size
        centres.append([np.median(np.argwhere(part), axis=0) for part in (faulty, truth)])
        brighter = (drawn - sound)[:, -truth.shape[1] :][truth].mean()
        assert (brighter > 0) == (factor > 1.0)
    (low_y, low_x), (high_y, high_x) = np.moveaxis(np.array(centres), 2, 1)
    assert (high_y < low_y - 100).all()  # rows of pixels count downwards
    assert (high_x > low_x).all()


def test_verdicts_are_told_apart_in_grey() -> None:
    def shade(kind: str) -> float:
        png = overview("t", ["row"], ["column"], {(0, 0): Verdict(kind, "")})  # type: ignore[arg-type]
        drawn = pixels(png).mean(axis=2)
        return float(drawn[drawn.shape[0] // 2 - 20 : drawn.shape[0] // 2 + 20].mean())

    agrees, slight, differs = (shade(kind) for kind in ("agrees", "differs slightly", "differs"))
    assert agrees - slight > 2
    assert slight - differs > 2


def test_without_matplotlib_one_line_says_what_is_missing() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from caloscope.errors import UsageError\n"
        "try:\n    import caloscope.figures\n"
        "except UsageError as error:\n    print(error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        answer.stdout == "pictures need matplotlib, which is not installed: pip install 'caloscope[plots]'\n"
    )
