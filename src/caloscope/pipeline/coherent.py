"""What all maps of a lumisection do together is no fault of one: luminosity, trigger, number of events."""

from collections.abc import Mapping

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle
from caloscope.detectors.base import Expectation
from caloscope.pipeline.ask import ask
from caloscope.pipeline.state import Given

BUSY = 0.5
"""Share of a map's testable cells, the busiest, whose median tells its level: broken parts of it do not."""


def level_of(bundle: Bundle, given: Given) -> float | None:
    """By how much a map is off as a whole, relative to what is expected; None where nobody says so."""
    record = given.record
    if record is None or record.cumulative or not record.is_counts:
        return None
    answer, _ = ask(bundle, given, record, {})
    if not isinstance(answer, Expectation) or not answer.testable.any():
        return None
    mean = np.where(answer.testable, answer.mean, 0.0)
    busy = mean >= np.quantile(mean[answer.testable], 1.0 - BUSY)
    busy &= mean > 0
    if not busy.any():
        return None
    counts = prepare.apply_geometry(record, bundle.view.exists)
    return float(np.median(counts[busy] / mean[busy])) - 1.0


def coherent(levels: Mapping[str, float], name: str) -> float:
    """What the maps beside `name` have in common: the smallest of their levels, 0 where signs differ."""
    others = np.array([level for other, level in levels.items() if other != name])
    if not len(others) or (others.min() < 0) != (others.max() < 0):
        return 0.0
    return float(others[np.argmin(np.abs(others))])
