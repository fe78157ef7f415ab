"""Pictures: the only door to matplotlib, which `pip install 'caloscope[plots]'` brings.

Every function here answers with the bytes of a PNG file. Importing this room raises `UsageError` where
matplotlib is not installed.
"""

from caloscope.figures import door as door  # first: it says in one line what is missing
from caloscope.figures.calibration import calibration_figure
from caloscope.figures.comparison import Panel, Row, comparison
from caloscope.figures.faulty import Scene, fault_pictures
from caloscope.figures.learning import learning_figure
from caloscope.figures.maps import Shown, draw_map, map_figure
from caloscope.figures.overview import Verdict, overview

__all__ = [
    "Panel",
    "Row",
    "Scene",
    "Shown",
    "Verdict",
    "calibration_figure",
    "comparison",
    "draw_map",
    "fault_pictures",
    "learning_figure",
    "map_figure",
    "overview",
]
