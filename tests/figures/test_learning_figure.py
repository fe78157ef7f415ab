"""The learning curve of one epoch is seen, too."""

from io import BytesIO

import numpy as np
from PIL import Image

from caloscope.figures import learning_figure, style


def blue(epochs: int) -> int:
    """Pixels in the colour of the held-out loss, those of the legend included."""
    curve = [
        {"number": number, "learned": 2.0 / number, "held": 3.0 / number, "rate": 1e-3, "seconds": 1.0}
        for number in range(1, epochs + 1)
    ]
    with Image.open(BytesIO(learning_figure("x", curve))) as image:
        drawn = np.asarray(image.convert("RGB")).astype(int)
    wanted = np.array([int(style.BLUE[at : at + 2], 16) for at in (1, 3, 5)])
    shown = (np.abs(drawn - wanted).max(axis=2) < 8) & (np.arange(drawn.shape[1]) < drawn.shape[1] * 0.6)
    return int(shown[: int(drawn.shape[0] * 0.75)].sum())


def test_few_epochs_are_points() -> None:
    assert blue(1) > 50
    assert blue(2) > blue(1)
