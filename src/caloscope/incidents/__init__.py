"""Flags that belong together: opening, carrying and closing incidents, and naming their hardware."""

from caloscope.incidents.follow import follow
from caloscope.incidents.giving import CLOSE_AFTER
from caloscope.incidents.standing import standing
from caloscope.incidents.track import Flags, Owner, Track

__all__ = ["CLOSE_AFTER", "Flags", "Owner", "Track", "follow", "standing"]
