"""Evidence: which faults are looked for, how likely each is, and how that gathers over lumisections."""

from caloscope.evidence.around import SurroundingsError
from caloscope.evidence.bank import FACTORS, SHIFTS
from caloscope.evidence.gathered import gathered
from caloscope.evidence.layout import Layout, layout_of
from caloscope.evidence.one_pass import Told
from caloscope.evidence.state import EvidenceState
from caloscope.evidence.thresholds import Thresholds
from caloscope.evidence.weigh import Evidence, onset_of, weigh

__all__ = [
    "FACTORS",
    "SHIFTS",
    "Evidence",
    "EvidenceState",
    "Layout",
    "SurroundingsError",
    "Thresholds",
    "Told",
    "gathered",
    "layout_of",
    "onset_of",
    "weigh",
]
