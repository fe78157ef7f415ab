"""The picture of a calibration shows what was asked, what was seen, and how counts are spread."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageColor

from caloscope.calibrate import Check, Pit
from caloscope.calibrate.pit import BINS
from caloscope.decide import CLASSES
from caloscope.figures import calibration_figure
from caloscope.figures.calibration import line_of

ASKED = np.array([0.1, 1.0, 10.0, 100.0])


def check(*, independent: bool) -> Check:
    shares = {"cell_low": 0.9 * ASKED, "map_high": 0.1 * ASKED}
    seen = {"cell_low": np.array([0, 1, 8, 95]), "map_high": np.array([0, 0, 0, 7])}
    return Check(ASKED, shares, seen, 3_700, independent)


@pytest.mark.parametrize("panels", [1, 2])
@pytest.mark.parametrize("spread", [True, False])
def test_a_calibration_is_a_picture(panels: int, spread: bool) -> None:
    checks = [check(independent=place == 1) for place in range(panels)]
    counts = np.full((3, BINS), 1_000, np.int64)
    means = np.array([[1.0, 20.0], [20.0, 300.0], [300.0, 4_000.0]])
    pit = Pit(counts, means, 40, neighbours=True) if spread else None
    drawn = calibration_figure("title", "subtitle", checks, pit)
    with Image.open(BytesIO(drawn)) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (900, max(1_050, 750 * panels + (510 if spread else 0)), 3)
    assert pixels.min() < 40
    assert (pixels[:, -2:] == 255).all()
    assert (pixels[-10:] == 255).all(), "the legend is cut off"
    assert drawn == calibration_figure("title", "subtitle", checks, pit)


def test_nothing_seen_is_drawn_as_a_bound() -> None:
    nothing = Check(ASKED, {"score": ASKED}, {"score": np.zeros(4, np.int64)}, 100, independent=False)
    assert calibration_figure("title", "", [nothing], None).startswith(b"\x89PNG")


@pytest.mark.parametrize("classes", [CLASSES, ("cell_low", "map_high"), ("region_high", "patch_low")])
def test_a_class_has_its_own_colour_whatever_else_is_drawn(classes: tuple[str, ...]) -> None:
    seen = {name: np.array([0, 2 + place, 9, 40]) for place, name in enumerate(classes)}
    shares = {name: (0.3 + 0.1 * place) * ASKED for place, name in enumerate(classes)}
    drawn = calibration_figure("title", "", [Check(ASKED, shares, seen, 3_700, independent=False)], None)
    colours = {"cell": "#0072B2", "region": "#D55E00", "patch": "#009E73", "map": "#CC79A7"}
    with Image.open(BytesIO(drawn)) as image:
        there = {colour for _, colour in image.convert("RGB").getcolors(10_000) or []}
    for place, colour in colours.items():
        shown = any(name.startswith(place) for name in classes)
        assert (ImageColor.getrgb(colour) in there) is shown, place
        assert line_of(f"{place}_low")["color"] == line_of(f"{place}_high")["color"] == colour
        assert line_of(f"{place}_low")["ls"] != line_of(f"{place}_high")["ls"]
