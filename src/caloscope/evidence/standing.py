"""Places near their threshold: how high their sums may stand, and when they are flagged no longer.

Sums are capped a little above the threshold, and count for a flag only while the last three lumisections speak for the
fault too: a cured cell is soon good again.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.sums import Bank, News, Shown, Stamps, Sums, added
from caloscope.records import Floats

CURE_STEPS: Final = 1.0
"""Sums are capped this many healthy lumisections above the threshold, ..."""

LEAST_ROOM, MOST_ROOM = np.float32(1.0), np.float32(10.0)
"""... but no less and no more nats than this."""


def gather(
    sums: Sums, news: News, bank: Bank, limits: Floats, variance: Floats, lumi: int
) -> tuple[Shown, Sums]:
    """Add one lumisection; `variance` is that of the constant by which a healthy place may be off, `(place,)`.

    `limits` are the thresholds of low and high evidence, `(2, place)` or `(2, 1)`.
    """
    after = added(sums, news, lumi)
    unit = after.information * variance
    unit += 1
    np.divide(after.values, unit, out=unit)
    value = bank.highest(unit)
    flag, since = np.zeros(value.shape, np.bool_), np.zeros(value.shape, np.int32)
    # Few places are near: only they need the care that follows.
    near = np.flatnonzero(((value > limits) | (bank.highest(sums.values) > limits)).any(axis=0))
    if len(near):
        mine = limits[:, near] if limits.shape[1] > 1 else limits
        standing = _Standing(sums.at(near), news.at(near), bank, mine, variance[near])
        shown, those = standing.gathered(lumi)
        value[:, near], flag[:, near], since[:, near] = shown.value, shown.flag, shown.since
        after.put(near, those)
    return Shown(value, flag, since), after


class _Standing:
    """A few places and their news."""

    def __init__(self, sums: Sums, news: News, bank: Bank, limits: Floats, variance: Floats) -> None:
        self._sums, self._news, self._bank, self._variance = sums, news, bank, variance
        self._limits = bank.by_row(limits)
        self._before = sums.values / (1 + variance * sums.information)

    def gathered(self, lumi: int) -> tuple[Shown, Sums]:
        """With their news, capped."""
        sums, news, limits = self._sums, self._news, self._limits
        after = added(sums, news, lumi)
        # While a place is flagged its information stands still: else a cured one would be long to forget.
        information = np.where(self._before > limits, sums.information, after.information)
        unit = 1 + self._variance * information
        evidence = after.values / unit
        capped = np.minimum(evidence, limits + self._room())
        self._drop_refuted(capped, news.step / unit)
        held = np.where(capped > limits, evidence, capped)
        held = np.where(self._speaks(after), held, np.minimum(held, limits))
        begun = capped > 0
        after = Sums(capped * unit, information * begun, after.since * begun, after.recent)
        return self._shown(held, after.since), after

    def _room(self) -> Floats:
        """Nats by which sums may stand above their threshold."""
        healthy = np.float32(0.5 * CURE_STEPS) * self._bank.effects**2 * self._news.information
        return np.clip(healthy, LEAST_ROOM, MOST_ROOM)

    def _speaks(self, after: Sums) -> NDArray[np.bool_]:
        """Whether the last lumisections together are likelier with the fault than without."""
        score = after.recent[:, 0].sum(axis=0) + self._sums.recent[0, 0]
        information = after.recent[:, 1].sum(axis=0) + self._sums.recent[0, 1]
        effects = self._bank.effects
        return np.asarray(effects * score > np.float32(0.5) * effects**2 * information)

    def _drop_refuted(self, capped: Floats, step: Floats) -> None:
        """Brings evidence down to that of the alternative that explained it best, where that was flagged; in place.

        A dead cell lifts the sums of weak faults to their cap as well. They were earned by the dead cell: once it counts
        again they may not outlive the sum of the fault that fitted the lumisections before. What the last `step` says by
        itself stands: in a record of several lumisections the cell may have been dead for some of them.
        """
        score, information = self._sums.recent.sum(axis=0)
        fit = self._bank.effects * score - np.float32(0.5) * self._bank.effects**2 * information
        fit[self._before <= self._limits] = -np.inf
        for half in self._bank.halves:
            places = np.flatnonzero(np.isfinite(fit[half]).any(axis=0))
            best = np.argmax(fit[half][:, places], axis=0)
            ceiling = capped[half][best, places]
            kept = np.minimum(capped[half][:, places], np.maximum(ceiling, step[half][:, places]))
            capped[half, places] = kept

    def _shown(self, held: Floats, since: Stamps) -> Shown:
        columns = np.arange(held.shape[1])
        best = [np.argmax(held[half], axis=0) for half in self._bank.halves]
        both = list(zip(best, self._bank.halves, strict=True))
        value = np.stack([held[half][row, columns] for row, half in both])
        stamps = np.stack([since[half][row, columns] for row, half in both])
        over = np.broadcast_to(self._limits, held.shape)
        flag = value > np.stack([over[half][row, columns] for row, half in both])
        return Shown(value, flag, stamps * flag)
