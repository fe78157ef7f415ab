"""Simulated fills, healthy or with faults: lumisections, and the DQM files they would come in."""

from caloscope.simulate.faults import Fault
from caloscope.simulate.fill import Fill, lumisections
from caloscope.simulate.healthy import Healthy, healthy, healthy_maps
from caloscope.simulate.spool import write_fill, write_lumisection

__all__ = [
    "Fault",
    "Fill",
    "Healthy",
    "healthy",
    "healthy_maps",
    "lumisections",
    "write_fill",
    "write_lumisection",
]
