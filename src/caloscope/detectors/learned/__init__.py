"""What detectors learn by counting: the typical map, how it scatters, and the shapes that it takes."""

from caloscope.detectors.learned.axes import numbers, principal, real
from caloscope.detectors.learned.cutoff import cutoff
from caloscope.detectors.learned.kept import array_of, count_of, noise_of, number_of, positive_of
from caloscope.detectors.learned.known import Known, on_view, per_activity
from caloscope.detectors.learned.learning import learn, reach, usable
from caloscope.detectors.learned.pulled import pulled
from caloscope.detectors.learned.rebuilding import Rebuilding, restored
from caloscope.detectors.learned.rows import standardised
from caloscope.detectors.learned.shape import OUTLIER, chosen, held_out
from caloscope.detectors.learned.typical import Typical

__all__ = [
    "OUTLIER",
    "Known",
    "Rebuilding",
    "Typical",
    "array_of",
    "chosen",
    "count_of",
    "cutoff",
    "held_out",
    "learn",
    "noise_of",
    "number_of",
    "numbers",
    "on_view",
    "per_activity",
    "positive_of",
    "principal",
    "pulled",
    "reach",
    "real",
    "restored",
    "standardised",
    "usable",
]
