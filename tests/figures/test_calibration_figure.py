"""The picture of a calibration shows what was asked, what was seen, and how counts are spread."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from caloscope.calibrate import Check, Pit
from caloscope.calibrate.pit import BINS
from caloscope.figures import calibration_figure

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
    assert pixels.shape == (900, 750 * panels + (510 if spread else 0), 3)
    assert pixels.min() < 40
    assert drawn == calibration_figure("title", "subtitle", checks, pit)


def test_nothing_seen_is_drawn_as_a_bound() -> None:
    nothing = Check(ASKED, {"score": ASKED}, {"score": np.zeros(4, np.int64)}, 100, independent=False)
    assert calibration_figure("title", "", [nothing], None).startswith(b"\x89PNG")
