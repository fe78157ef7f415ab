"""Scores of single lumisections added up: what is weak in each of them shows in many."""

from dataclasses import replace

import numpy as np

from caloscope.detectors.base import Array, Score
from caloscope.evidence.state import EvidenceState
from caloscope.records import LumiId, Mask


def gathered(state: EvidenceState, score: Score, at: LumiId, exists: Mask) -> tuple[Array, EvidenceState]:
    """What a score comes to with what is left of those before, on the view's shape, and the new state.

    Two sums a cell of what is beyond the allowance, for too low and too high, each the larger of zero and
    itself plus the value less the allowance, as in Page's CUSUM (Biometrika 41 (1954) 100); of the other
    direction, minus the size of that. They hold at most what is to be `remembered`, so that a fault that is
    over is soon forgotten, and are those of one run, whatever is missing in it. A score that is accumulated,
    or whose allowance is infinite, comes back as it is.
    """
    if score.accumulated or not np.isfinite(score.allowance):
        return score.value, state
    sums = state.scores if state.run == at.run else np.zeros_like(state.scores)
    value, testable = score.value[exists], score.testable[exists]
    low = np.zeros(value.shape, np.bool_) if score.direction is None else score.direction[exists] < 0
    found = score.value.copy()
    found[exists] = value + np.where(low, sums[0], sums[1])
    beyond = value - score.allowance
    added = np.where([low, ~low], beyond, -np.abs(beyond))
    after = np.clip(sums + added, 0.0, score.remembered)
    kept = np.asarray(np.where(testable, after, sums), np.float32)
    return found, replace(state, scores=kept, run=at.run, lumi=at.lumi)
