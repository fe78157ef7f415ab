"""HCAL as it counts: at most once an event in each channel, with neighbours that showers reach together."""

from caloscope.simulate.hcal.detector import HcalMap, hcal

__all__ = ["HcalMap", "hcal"]
