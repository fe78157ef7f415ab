"""Who knows the surroundings of cells is not believed blindly, of cells that are left out neither."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors.base import Array
from caloscope.evidence import EvidenceState, SurroundingsError, Told, weigh
from caloscope.records import LumiId, Mask

from .watching import THRESHOLDS, drawn, fill, known

CELL = (9, 5)


class Around:
    """Knows nothing of one cell, and that the others are as they are expected."""

    def given(self, residual: Array, asked: Mask) -> tuple[Array, Array]:
        """No number for the cell."""
        expected = np.where(asked, 0.0, 0.0) * residual
        expected[CELL] = np.nan
        return expected, np.ones(residual.shape)


def test_no_number_for_a_cell_that_is_left_out_is_no_answer() -> None:
    endcap = known("EE+")
    masked = np.zeros(endcap.view.shape, np.bool_)
    masked[CELL] = True
    each = next(iter(drawn(endcap, [fill(1)], [])))
    expected = replace(endcap.expectation(each.mean, each.events), surroundings=Around())
    told = Told(LumiId(1, 1), each.counts, expected, masked)
    with pytest.raises(SurroundingsError, match="expected residual is no number"):
        weigh(EvidenceState.empty(endcap.view), told, endcap.layout, THRESHOLDS)
