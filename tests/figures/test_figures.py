"""Pictures are PNG files, always the same, and none of them needs more than arrays."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
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


def pixels(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
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


@pytest.mark.parametrize("name", ["EB", "HCAL"])
def test_a_fault_is_shown_with_infinite_factors_too(name: str) -> None:
    on = view(name, "2017")
    healthy = np.where(on.exists, 100.0, 0.0)
    factor = np.ones(on.shape)
    cells = np.argwhere(on.exists)[:3]
    factor[tuple(cells[0])], factor[tuple(cells[1])] = 0.0, np.inf
    assert pixels(fault_pictures(on, [Scene("dead", healthy, healthy * 2, factor)], "title")).ndim == 3


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
