"""Simulated fills, healthy or with faults: lumisections, and the DQM files they would come in."""

from caloscope.simulate.conditions import Beam, Conditions, Dataset
from caloscope.simulate.fill import Fill, conditions, realistic
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.makers import healthy, healthy_maps
from caloscope.simulate.season import campaign
from caloscope.simulate.simulated import Simulated, lumisections, simulated
from caloscope.simulate.spool import write_fill, write_lumisection
from caloscope.simulate.stability import DEFAULT, STEADY, Changes, Stability

__all__ = [
    "DEFAULT",
    "STEADY",
    "Beam",
    "Changes",
    "Conditions",
    "Dataset",
    "Fill",
    "Healthy",
    "Simulated",
    "Stability",
    "campaign",
    "conditions",
    "healthy",
    "healthy_maps",
    "lumisections",
    "realistic",
    "simulated",
    "write_fill",
    "write_lumisection",
]
