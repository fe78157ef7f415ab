"""Good lumisections without what was bad in them: cells that always were, and faults that nobody noticed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.bundle import Bundle, Told
from caloscope.calibrate.apply import out_of_reach, thresholds_of
from caloscope.calibrate.brief import STANDING, Brief, brief
from caloscope.calibrate.formula import formula_thresholds
from caloscope.calibrate.named import span
from caloscope.calibrate.watch import Tell, Watched, watch
from caloscope.detectors.base import scores
from caloscope.pipeline.state import Given
from caloscope.records import Cell, Incident, Mask

OFTEN: Final = 0.3
"""Share of its lumisections above threshold that makes a cell bad."""

_PASSES: Final = 3
_TOLD: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What was seen with thresholds out of reach.

    `watched` is without the faults `unnoticed`, `seen` with them; `left_out` are cells that were left out of
    both as bad already.
    """

    watched: Watched
    seen: Watched
    left_out: tuple[Cell, ...]
    unnoticed: tuple[Incident, ...]

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """The cells that were left out, in the view's shape."""
        masked = np.zeros(shape, np.bool_)
        for cell in self.left_out:
            masked[cell] = True
        return masked

    @property
    def not_good(self) -> int:
        """Lumisections that were judged, and left out as not good."""
        return self.seen.lumis - self.watched.lumis

    def told(self) -> dict[str, Told]:
        """What a bundle's card says of lumisections that were left out, the worst fault first."""
        if not self.not_good:
            return {}
        worst = sorted(self.unnoticed, key=lambda each: -each.peak_evidence)[:_TOLD]
        return {
            "not_good": self.not_good,
            "not_good_in": [f"{each.hardware[:100]} {each.direction} in {span(each)}" for each in worst],
        }


def watch_sound(bundle: Bundle, given: Sequence[Given], tell: Tell | None = None) -> Sound:
    """Score good lumisections; cells found bad are masked and all is scored again.

    A cell is bad that is above the formula's threshold (one false incident a day) in 30 % of its
    lumisections, or 5 nats above it in 10 of them: chance does not last. For a detector that scores the
    first of these holds, with the threshold that it has; one that expects also shows what `brief` leaves out.
    """
    scoring = scores(bundle.detector)
    formula = (
        thresholds_of(bundle) if scoring else formula_thresholds(bundle.view, bundle.detector.alive, 1.0)
    )
    beyond = out_of_reach(bundle, formula)
    threshold = max(formula.values()) if scoring else formula["cell_low"]
    masked = np.zeros(bundle.view.shape, np.bool_)
    for number in range(_PASSES + 1):
        seen = watch(beyond, given, masked, threshold, tell)
        faults = brief(bundle, seen, thresholds_of(beyond))
        bad = _bad(seen, faults, lasting=not scoring) & ~masked
        if number == _PASSES or not bad.any():
            break
        masked |= bad
    left_out = tuple(tuple(int(i) for i in cell) for cell in np.argwhere(masked))
    return Sound(seen.without(faults.lumis), seen, left_out, faults.incidents)


def _bad(seen: Watched, faults: Brief, *, lasting: bool) -> Mask:
    """Cells that were bad already, on the view's shape."""
    rest = seen.without(faults.lumis)
    judged = rest.kept * seen.judged
    found = faults.cells | ((rest.times(0) > OFTEN * judged) & (judged >= STANDING))
    return np.asarray(found | (rest.times(1) >= STANDING) if lasting else found)
