"""Measured lumisections as test sets: faults that are in them, and faults made in their counts."""

from caloscope.study.real.text import RealText, SampleText

__all__ = ["RealText", "SampleText"]
