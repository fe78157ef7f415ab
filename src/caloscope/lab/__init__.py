"""A door for notebooks: load or simulate a data set, train, score, hold it against the truth, look at it.

    from caloscope import lab
    good = lab.simulate("EE+/digi", runs=8, lumis=60, seed=1)
    made = lab.train(good)
    bad = lab.simulate("EE+/digi", runs=4, lumis=100, seed=2, first_run=321001, faults="realistic")
    scores = lab.score(made, bad)
    lab.delays(scores, bad)

Nothing here judges by itself: detectors, thresholds and verdicts are those of the pipeline that monitors an
experiment. Nothing is put into a store. Torch and matplotlib are loaded when they are needed.
"""

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.lab.agreed import Agreement, agreement
from caloscope.lab.answers import Scores
from caloscope.lab.held import Data
from caloscope.lab.judged import compare, delays
from caloscope.lab.made import inject, simulate
from caloscope.lab.opened import data
from caloscope.lab.scored import score
from caloscope.lab.shown import Picture, curve, picture
from caloscope.lab.tables import Table
from caloscope.lab.trained import train

__all__ = [
    "Agreement",
    "Bundle",
    "Data",
    "Fault",
    "Picture",
    "Scores",
    "Table",
    "agreement",
    "compare",
    "curve",
    "data",
    "delays",
    "inject",
    "picture",
    "score",
    "simulate",
    "train",
]
