"""A view of any shape in which all cells exist, cut into two regions of hardware."""

import numpy as np

from caloscope.geometry import Axis, Region, View


def plain(shape: tuple[int, ...], *, circular: bool = False) -> View:
    """`(y, x)` or `(depth, y, x)`; `circular` says that x goes round."""
    depths = tuple(range(1, shape[0] + 1)) if len(shape) == 3 else ()
    rows, columns = shape[-2:]
    left = np.zeros(shape, np.bool_)
    left[..., : columns // 2] = True
    regions = (Region("left", "half", left), Region("right", "half", ~left))
    y = Axis("iy", "iy", 0.5, rows + 0.5, tuple(range(1, rows + 1)))
    x = Axis("ix", "ix", 0.5, columns + 0.5, tuple(range(1, columns + 1)), circular)
    exists = np.ones(shape, np.bool_)
    return View("plain", "2018", y, x, depths, exists, regions, str, lambda cell: {})
