"""The default detector, `reference`, and how it learns."""

from caloscope.detectors.reference.detector import Reference

__all__ = ["Reference"]
