"""From evidence to codes: thresholds that stand for a rate of false incidents, then masks.

The rate is one incident opening by chance per map in 3,700 lumisections (24 hours), shared by the classes of
places that are tested.
"""

from caloscope.decide.beyond import beyond_chance
from caloscope.decide.budget import CLASSES, SHARES, budget
from caloscope.decide.codes import codes_of, quality_of, unknown_codes
from caloscope.decide.cut import Cut, Interval, upper_bound
from caloscope.decide.excursions import dispersion, excursions, upcrossings
from caloscope.decide.formula import CROSSINGS, LUMIS_PER_DAY, threshold_for
from caloscope.decide.tail import Tail, fit_score_tail, fit_tail

__all__ = [
    "CLASSES",
    "CROSSINGS",
    "LUMIS_PER_DAY",
    "SHARES",
    "Cut",
    "Interval",
    "Tail",
    "beyond_chance",
    "budget",
    "codes_of",
    "dispersion",
    "excursions",
    "fit_score_tail",
    "fit_tail",
    "quality_of",
    "threshold_for",
    "unknown_codes",
    "upcrossings",
    "upper_bound",
]
