"""Real data for the comparison: from files to samples, with all that was done to them said."""

from caloscope.validation.sources.find import Found, find

__all__ = ["Found", "find"]
