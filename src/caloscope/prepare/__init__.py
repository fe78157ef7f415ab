"""From a map as it was read to what a detector may judge: geometry, differences, the number of events."""

from caloscope.prepare.difference import Difference, Seen, difference, with_plateau_events
from caloscope.prepare.observe import apply_geometry, is_empty, known_pileup, observe

__all__ = [
    "Difference",
    "Seen",
    "apply_geometry",
    "difference",
    "is_empty",
    "known_pileup",
    "observe",
    "with_plateau_events",
]
