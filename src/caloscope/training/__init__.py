"""From good lumisections to a bundle. Statistical detectors fit themselves; only networks need torch."""

from caloscope.training.fitting import TRAINABLE
from caloscope.training.imported import import_cmssw
from caloscope.training.renewed import Renewed, recalibrate, save
from caloscope.training.statistical import train

__all__ = ["TRAINABLE", "Renewed", "import_cmssw", "recalibrate", "save", "train"]
