"""ECAL as it counts: blocks of towers around seeds, single digis, and what faults do to both."""

from caloscope.simulate.ecal.detector import EcalMap, ecal

__all__ = ["EcalMap", "ecal"]
