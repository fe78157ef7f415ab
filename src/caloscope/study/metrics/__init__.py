"""From the results of cells to numbers with intervals."""

from caloscope.study.metrics.gather import results

__all__ = ["results"]
