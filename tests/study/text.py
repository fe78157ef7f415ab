"""A study that takes seconds."""

from pathlib import Path

from caloscope.study.described import parse
from caloscope.study.text import StudyText
from caloscope.study.whole import Plan, plan

TINY = """
title = "A first look"
map = "EE+/digi"
calibrated_on = 400
yardstick = 400
[sample.here]
[sample.before]
era = "2017"
pileup = [30, 50]
day = -365
[detector.reference]
kind = "reference"
[detector.pull]
kind = "pull"
[[fault]]
where = "cell"
factor = [0.0, 0.5]
window = 5
[[fault]]
where = "quadrant"
factor = 0.0
window = 3
[[matrix]]
name = "detectors"
train = ["here"]
test = ["here"]
lumis = 120
trials = 4
clean = 200
"""


def tiny(more: str = "") -> StudyText:
    """The study, with more tables at its end."""
    return parse(TINY + more, "tiny")


def written(folder: Path, more: str = "") -> Path:
    """The study in a file."""
    path = folder / "tiny.toml"
    path.write_text(TINY + more, "utf-8")
    return path


def planned(folder: Path, more: str = "") -> Plan:
    """The same, checked."""
    return plan(written(folder, more))
