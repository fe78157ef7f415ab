"""From good lumisections to a bundle. Statistical detectors fit themselves; only networks need torch."""

from caloscope.training.choices import recipe_of
from caloscope.training.curve import write_curve
from caloscope.training.fitting import TRAINABLE
from caloscope.training.imported import import_cmssw
from caloscope.training.networks import Watching, require_devices, train_network
from caloscope.training.recipe import NETWORKS, Recipe
from caloscope.training.renewed import Renewed, recalibrate, save
from caloscope.training.statistical import train
from caloscope.training.to_cmssw import export_cmssw

__all__ = [
    "NETWORKS",
    "TRAINABLE",
    "Recipe",
    "Renewed",
    "Watching",
    "export_cmssw",
    "import_cmssw",
    "recalibrate",
    "recipe_of",
    "require_devices",
    "save",
    "train",
    "train_network",
    "write_curve",
]
