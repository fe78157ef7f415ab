"""Faults put into data that are there, real or simulated, with the truth about them kept beside."""

from caloscope.inject.injection import Injected, inject
from caloscope.inject.targets import views_of

__all__ = ["Injected", "inject", "views_of"]
