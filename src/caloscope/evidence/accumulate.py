"""From expectation and counts to evidence: log-likelihood ratios of fault against healthy, accumulated.

For every cell a small bank of alternatives is tested, each "the mean is `factor` times what it should be",
below and above one. Each keeps a cumulative sum (CUSUM, Page 1954): the log-likelihood ratio of the new
lumisection is added, and the sum never falls below zero. The evidence of a cell is the largest sum, in nats;
high = worse. By Lorden's bound (1971) a sum crosses h by chance at most once in exp(h) lumisections on
average, which is how a threshold stands for a rate of false alarms.

Sums are capped a little above the threshold, and count for a flag only while the last three lumisections
speak for the fault too: a cured cell is soon good again. What another run has shown never flags by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Expectation
from caloscope.evidence.alternatives import FACTORS, LOWS, Cells
from caloscope.records import Floats, LumiId, Mask

CURE_STEPS = 1.0
"""Sums are capped this many healthy lumisections above the threshold ..."""

CURE_NATS = 10.0
"""... but no further than this."""

RECENT = 3
"""Lumisections that must together speak for a fault as long as it is flagged."""

CARRIED = 0.5
"""Share of the threshold that evidence from an earlier run can still amount to."""

_RUN_STEP = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceState:
    """The sums of one map: `(alternative, cell)` over the existing cells, flattened in C order.

    `since` says in which lumisection (run x 1,000,000 + lumi) a sum last left zero, 0 where it is zero.
    `recent` holds the log-likelihood ratios of the last lumisections, `(2, alternative, cell)`, newest last.
    `at` is the last lumisection, 0 at the start.
    """

    sums: Floats
    since: NDArray[np.int64]
    recent: Floats
    at: int = 0

    @staticmethod
    def empty(exists: Mask) -> "EvidenceState":
        """Nothing seen yet."""
        shape = (len(FACTORS), int(exists.sum()))
        recent = np.zeros((RECENT - 1, *shape), np.float32)
        return EvidenceState(np.zeros(shape, np.float32), np.zeros(shape, np.int64), recent)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Evidence per cell on the view's shape: `value` in nats (high = worse), `direction` -1 low or +1 high.

    `onset` holds the estimated first faulty lumisection as run x 1,000,000 + lumi, 0 where there is none.
    """

    value: Array
    direction: NDArray[np.int8]
    onset: NDArray[np.int64]

    @staticmethod
    def nothing(shape: tuple[int, ...]) -> "Evidence":
        """No evidence anywhere."""
        return Evidence(np.zeros(shape), np.zeros(shape, np.int8), np.zeros(shape, np.int64))


def accumulate(
    state: EvidenceState,
    lumi_id: LumiId,
    counts: Array,
    expectation: Expectation,
    exists: Mask,
    threshold: float,
) -> tuple[Evidence, EvidenceState]:
    """Add one lumisection to the sums; a cell whose evidence exceeds `threshold` (nats) is to be flagged."""
    cells = Cells.of(counts, expectation, exists)
    pairs = cells.hypotheses(threshold)
    room = np.clip(CURE_STEPS * cells.healthy_step(pairs), 1.0, CURE_NATS)
    step = np.where(cells.testable, cells.log_ratio(pairs), 0.0).astype(np.float32)
    before = _carried(state, lumi_id, threshold)
    sums: Floats = np.clip(before + step, 0.0, threshold + room).astype(np.float32)
    sums = _without_refuted(before, step, np.where(cells.testable, sums, np.float32(0.0)), threshold)
    now = lumi_id.run * _RUN_STEP + lumi_id.lumi
    since = np.where(sums > 0, np.where(state.since > 0, state.since, now), 0)
    speaks = (state.recent.sum(axis=0) + step) > 0
    # What is shown is not capped, so that a dead cell and a weak one can be told apart.
    shown = np.where(sums > threshold, np.maximum(sums, before + step), sums)
    held = np.where(speaks, shown, np.minimum(shown, np.float32(threshold))).astype(np.float32)
    recent = np.concatenate([state.recent[1:], step[np.newaxis]])
    return _gather(held, since, exists), EvidenceState(sums, since, recent, now)


def onset_of(stamp: int) -> LumiId:
    """The lumisection that a stamp of `Evidence.onset` stands for."""
    return LumiId(*divmod(int(stamp), _RUN_STEP))


def _carried(state: EvidenceState, lumi_id: LumiId, threshold: float) -> Floats:
    """The sums that the new lumisection starts from: less than a flag when it is of another run."""
    if state.at == 0 or state.at // _RUN_STEP == lumi_id.run:
        return state.sums
    return np.minimum(state.sums, np.float32(CARRIED * threshold))


def _without_refuted(before: Floats, step: Floats, sums: Floats, threshold: float) -> Floats:
    """The sums, none of them above the one that was strongest, where that was above threshold.

    A dead cell lifts the sums of weak faults to their cap as well. They were earned by the dead cell: once
    it counts again they may not outlive the sum that explained it best. What the last `step` says by itself
    stands: in a record of several lumisections the cell may have been dead for some of them.
    """
    sums = sums.copy()
    for part in (slice(None, LOWS), slice(LOWS, None)):
        strongest = np.argmax(before[part], axis=0)
        columns = np.arange(sums.shape[1])
        found = before[part][strongest, columns] > threshold
        ceiling = np.where(found, sums[part][strongest, columns], np.float32(np.inf))
        sums[part] = np.minimum(sums[part], np.maximum(ceiling, step[part]))
    return sums


def _gather(sums: Floats, since: NDArray[np.int64], exists: Mask) -> Evidence:
    best = np.argmax(sums, axis=0)
    columns = np.arange(sums.shape[1])
    found = Evidence.nothing(exists.shape)
    top = sums[best, columns]
    found.value[exists] = top
    found.direction[exists] = np.where(top > 0, np.where(best < LOWS, -1, 1), 0)
    found.onset[exists] = since[best, columns]
    return found
