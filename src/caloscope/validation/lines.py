"""Total digis against pileup: the published lines beside those that the simulation follows."""

from collections.abc import Sequence

import numpy as np

from caloscope.config.catalogue import load
from caloscope.geometry import ERAS, view
from caloscope.simulate import STEADY, Conditions, healthy
from caloscope.validation.report.results import Line
from caloscope.validation.sources.averages import PileupLine

_PILEUPS = (20.0, 30.0, 40.0, 50.0, 60.0)
_EVENTS = 500


def simulated_lines(published: Sequence[PileupLine], seed: int) -> list[Line]:
    """Fits a line to the expected totals of a detector that never changes, for each view."""
    fits: dict[str, tuple[float, float]] = {}
    for name in {line.view for line in published}:
        detector = healthy(load()[f"{name}/digi"], view(name, ERAS[0]), seed, stability=STEADY)
        totals = [detector.expected(Conditions(1, 1, _EVENTS, pileup, pileup)).sum() for pileup in _PILEUPS]
        slope, intercept = np.polyfit(_PILEUPS, totals, 1)
        fits[name] = (float(slope), float(intercept))
    return [Line(each.source, each.view, each.slope, each.intercept, *fits[each.view]) for each in published]
