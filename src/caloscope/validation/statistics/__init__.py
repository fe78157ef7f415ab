"""The statistics that matter for judging a simulation, each a pure function of arrays."""

from caloscope.validation.statistics.noise import noise
from caloscope.validation.statistics.pattern import pattern

__all__ = ["noise", "pattern"]
