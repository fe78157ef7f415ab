"""From good lumisections to a bundle. Statistical detectors fit themselves; only networks need torch."""

from caloscope.training.imported import import_cmssw
from caloscope.training.statistical import train

__all__ = ["import_cmssw", "train"]
