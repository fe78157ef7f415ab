"""Caloscope watches a calorimeter and says which cells have stopped behaving."""

__version__ = "0.1.0"
