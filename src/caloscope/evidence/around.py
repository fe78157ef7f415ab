"""Cells given what somebody else makes of their surroundings, instead of the covariance."""

from dataclasses import replace

import numpy as np

from caloscope.detectors.base import Array, Surroundings
from caloscope.evidence.layout import Layout
from caloscope.evidence.residuals import Residuals
from caloscope.records import Mask

LEAST = 0.01
"""Share of a cell's variance that surroundings always leave."""


class SurroundingsError(Exception):
    """Who should know the surroundings of cells failed, or said what cannot be used."""


def given_around(found: Residuals, around: Surroundings | None, layout: Layout) -> Residuals:
    """The same residuals, but for cells given their neighbours: these as `around` has them, if it is there.

    Cells that are left out say nothing of others there either. Common modes are part of what cells around
    show, so nothing else is taken out. Raises `SurroundingsError` where `around` does not know.
    """
    if around is None:
        return found
    cells = found.cells
    asked = layout.on_view(cells.testable & ~found.out)
    expected, left = _told(around, layout.on_view(cells.z.astype(np.float64)), asked)
    precision = (1.0 / np.maximum(layout.of_cells(left), LEAST)).astype(np.float32)
    given = (cells.z - layout.of_cells(expected).astype(np.float32)) * precision
    return replace(found, given=given * cells.testable, precision=precision)


def _told(around: Surroundings, residual: Array, asked: Mask) -> tuple[Array, Array]:
    """The answer of what may be anybody's code and network."""
    try:
        expected, left = around.given(residual, asked)
    except Exception as error:
        raise SurroundingsError(" ".join(f"{type(error).__name__}: {error}".split())) from error
    for name, values in (("expected residual", expected), ("share of variance", left)):
        if values.shape != residual.shape:
            raise SurroundingsError(f"{name} of shape {values.shape}, expected {residual.shape}")
        if not np.isfinite(values).all():  # cells that are left out are judged, too
            raise SurroundingsError(f"{name} is no number in some cells")
    return expected, left
