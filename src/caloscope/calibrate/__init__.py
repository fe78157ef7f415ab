"""Thresholds that stand for a rate of false incidents, from lumisections in which nothing was wrong."""

from caloscope.calibrate.apply import SCORE, thresholds_of, with_calibration, with_thresholds
from caloscope.calibrate.calibration import Calibration, calibrate
from caloscope.calibrate.check import Check, check
from caloscope.calibrate.doubt import doubt
from caloscope.calibrate.formula import formula_thresholds
from caloscope.calibrate.given import given_of
from caloscope.calibrate.pit import Pit, pit
from caloscope.calibrate.rates import TOGETHER, Rate, garwood, rates_above
from caloscope.calibrate.sound import Sound, watch_sound
from caloscope.calibrate.watch import Tell, Watched, watch

__all__ = [
    "SCORE",
    "TOGETHER",
    "Calibration",
    "Check",
    "Pit",
    "Rate",
    "Sound",
    "Tell",
    "Watched",
    "calibrate",
    "check",
    "doubt",
    "formula_thresholds",
    "garwood",
    "given_of",
    "pit",
    "rates_above",
    "thresholds_of",
    "watch",
    "watch_sound",
    "with_calibration",
    "with_thresholds",
]
