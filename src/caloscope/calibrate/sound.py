"""Good lumisections without the cells that were bad in them already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.bundle import Bundle
from caloscope.calibrate.apply import out_of_reach, thresholds_of
from caloscope.calibrate.formula import formula_thresholds
from caloscope.calibrate.watch import Tell, Watched, watch
from caloscope.detectors.base import scores
from caloscope.pipeline.state import Given
from caloscope.records import Cell, Mask

STANDING: Final = 10
"""Lumisections, far above the formula's threshold, after which a cell is bad and no chance."""

OFTEN: Final = 0.3
"""Share of its lumisections above threshold that makes a cell bad."""

_PASSES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What was seen with thresholds out of reach, and the cells that were left out of it as bad already."""

    watched: Watched
    left_out: tuple[Cell, ...]

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """The cells that were left out, in the view's shape."""
        masked = np.zeros(shape, np.bool_)
        for cell in self.left_out:
            masked[cell] = True
        return masked


def watch_sound(bundle: Bundle, given: Sequence[Given], tell: Tell | None = None) -> Sound:
    """Score good lumisections; cells found bad are masked and all is scored again.

    A cell is bad that is above the formula's threshold (one false incident a day) in 30 % of its
    lumisections, or 5 nats above it in 10 of them: chance does not last. For a detector that scores the
    first of these holds, with the threshold that it has.
    """
    scoring = scores(bundle.detector)
    formula = (
        thresholds_of(bundle) if scoring else formula_thresholds(bundle.view, bundle.detector.alive, 1.0)
    )
    beyond = out_of_reach(bundle, formula)
    threshold = max(formula.values()) if scoring else formula["cell_low"]
    masked = np.zeros(bundle.view.shape, np.bool_)
    for _ in range(_PASSES):
        watched = watch(beyond, given, masked, threshold, tell)
        bad = _bad(watched, lasting=not scoring) & ~masked
        if not bad.any():
            break
        masked |= bad
    else:
        watched = watch(beyond, given, masked, threshold, tell)
    return Sound(watched, tuple(tuple(int(i) for i in cell) for cell in np.argwhere(masked)))


def _bad(watched: Watched, *, lasting: bool) -> Mask:
    """Cells that were bad already, on the view's shape."""
    often = (watched.above[0] > OFTEN * watched.judged) & (watched.judged >= STANDING)
    return np.asarray(often | (watched.above[1] >= STANDING) if lasting else often)
