"""Faults as data: what breaks, where, when and how, what that does to counts, and the truth about it."""

from caloscope.faults.active import Active, Schedule
from caloscope.faults.check import check
from caloscope.faults.choice import Choice, chosen
from caloscope.faults.clock import Clock, strength
from caloscope.faults.effect import act, capacity, outcome, truth
from caloscope.faults.fault import KINDS, MECHANISMS, Fault, Kind, Mechanism
from caloscope.faults.lines import TrueFault, read_truth, truth_lines
from caloscope.faults.presets import preset_names, preset_text, preset_title
from caloscope.faults.text import load_faults

__all__ = [
    "KINDS",
    "MECHANISMS",
    "Active",
    "Choice",
    "Clock",
    "Fault",
    "Kind",
    "Mechanism",
    "Schedule",
    "TrueFault",
    "act",
    "capacity",
    "check",
    "chosen",
    "load_faults",
    "outcome",
    "preset_names",
    "preset_text",
    "preset_title",
    "read_truth",
    "strength",
    "truth",
    "truth_lines",
]
