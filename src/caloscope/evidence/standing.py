"""Places near their threshold: how high their sums may stand, and when they are flagged no longer.

Sums are capped a little above the threshold, and count for a flag only while the last three lumisections
speak for the fault too: a cured cell is soon good again.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.sums import CARRIED, MEMORY, Bank, News, Shown, Stamps, Sums, added
from caloscope.records import Floats

CURE_STEPS: Final = 1.0
"""Sums are capped this many healthy lumisections above the threshold, ..."""

LEAST_ROOM, MOST_ROOM = np.float32(1.0), np.float32(10.0)
"""... but no less and no more nats than this."""

ONSET_COUNTS: Final = np.float32(4.0)
"""Lumisections for which a fault's first flag counts in its memory."""

LARGEST: Final = np.float32(1.5)
"""Relative rise beyond which hot is hot: it need not be shown in full."""

SPEAKS: Final = np.float32(0.5)
"""Share of a fault that the last three lumisections must show, else they speak for none rather."""

REFUTED: Final = 3.0
"""Nats by which three lumisections speak against a fault that is over: then half a threshold is left."""


def gather(
    sums: Sums, news: News, bank: Bank, limits: Floats, variance: Floats, lumi: int
) -> tuple[Shown, Sums]:
    """Add one lumisection.

    `variance` is that of the constant by which a healthy place may be off, `(place,)`; `limits` are the
    thresholds of low and high evidence, `(2, place)` or `(2, 1)`.
    """
    after = added(sums, news, lumi)
    unit = after.information * variance
    unit += 1
    np.divide(after.values, unit, out=unit)
    unit -= bank.margins_of(news.information)
    value = np.maximum(bank.highest(unit), np.float32(0))
    flag, since = np.zeros(value.shape, np.bool_), np.zeros(value.shape, np.int32)
    margin = np.zeros(value.shape, np.float32)
    # Few places are near: only they need the care that follows.
    near = np.flatnonzero(((value > limits) | (bank.highest(sums.values) > limits)).any(axis=0))
    if len(near):
        mine = limits[:, near] if limits.shape[1] > 1 else limits
        standing = _Standing(sums.at(near), news.at(near), bank, mine, variance[near])
        shown, those = standing.gathered(lumi)
        value[:, near], flag[:, near] = shown.value, shown.flag
        since[:, near], margin[:, near] = shown.since, shown.margin
        after.put(near, those)
    return Shown(value, flag, since, margin), after


class _Standing:
    """A few places and their news."""

    def __init__(self, sums: Sums, news: News, bank: Bank, limits: Floats, variance: Floats) -> None:
        self._sums, self._news, self._bank, self._variance = sums, news, bank, variance
        self._margins = bank.margins_of(news.information)
        self._limits = np.broadcast_to(bank.by_row(limits) + self._margins, sums.values.shape)
        self._asked = np.broadcast_to(limits, (2, sums.values.shape[1]))
        self._before = sums.values / (1 + variance * sums.information)
        self._lately = sums.recent[1:].sum(axis=0) + np.stack([news.score, news.information])

    def gathered(self, lumi: int) -> tuple[Shown, Sums]:
        """With their news, capped."""
        sums, news, limits = self._sums, self._news, self._limits
        after = added(sums, news, lumi)
        # While a place is flagged its information stands still: else a cured one would be long to forget.
        information = np.where(self._before > limits, sums.information, after.information)
        unit = 1 + self._variance * information
        evidence = after.values / unit
        capped = np.minimum(evidence, limits + self._room())
        lasting = self._speaks()
        # What passes by one lumisection alone speaks for itself, though healthy ones came before.
        speaks = lasting | ((self._before <= limits) & (news.step > np.float32(0.5) * limits))
        self._hold_to_their_fault(capped, news.step / unit, speaks, lasting)
        held = np.where(capped > limits, evidence, capped)
        held = np.where(speaks, held, np.minimum(held, limits))
        begun = capped > 0
        after = Sums(capped * unit, information * begun, after.since * begun, after.recent)
        self._remember(evidence * (capped > limits), after.recent)
        return self._shown(held, after.since), after

    def _remember(self, passed: Floats, recent: Floats) -> None:
        """Writes what is remembered of faults; `passed` is evidence above its threshold, else zero.

        The largest of the sums, not capped, tells best what a fault was like from its onset until it passed.
        That counts as much as some lumisections; those that follow are added, those before its onset dropped.
        """
        news, columns = self._news, np.arange(passed.shape[1])
        standing = (self._before > self._limits).any(axis=0)
        row = np.argmax(passed, axis=0)
        first = ONSET_COUNTS * news.information
        known = (1 - MEMORY) * self._sums.recent[0] + np.stack([news.score, news.information])
        effects = np.minimum(self._bank.effects, LARGEST)[row, 0]
        recent[0] = np.where(standing, known, np.stack([effects * first, first])) * passed.any(axis=0)
        recent[1, :, ~standing & (self._sums.values[row, columns] <= 0)] = 0

    def _room(self) -> Floats:
        """Nats by which sums may stand above their threshold."""
        healthy = np.float32(0.5 * CURE_STEPS) * self._bank.effects**2 * self._news.information
        return np.asarray(np.clip(healthy, LEAST_ROOM, MOST_ROOM))

    def _speaks(self) -> NDArray[np.bool_]:
        """Whether the last three lumisections show enough of each fault."""
        score, information = self._lately
        effects = np.minimum(self._bank.effects, LARGEST)
        # What always counts has no lever, and its last lumisection speaks by itself.
        alone = (information <= 0) & (self._news.step > 0)
        return np.asarray((effects * score > SPEAKS * effects**2 * information) | alone)

    def _likelihood(self, told: Floats) -> Floats:
        """Log-likelihood ratios of score and information, `(2, place)`."""
        score, information = told
        effects = np.minimum(self._bank.effects, LARGEST)
        return np.asarray(effects * score - np.float32(0.5) * effects**2 * information)

    def _hold_to_their_fault(
        self, capped: Floats, step: Floats, speaks: NDArray[np.bool_], lasting: NDArray[np.bool_]
    ) -> None:
        """Places that were flagged are held to the fault that fits their memory best; in place.

        A dead cell lifts the sums of weak faults to their cap as well. They were earned by the dead cell:
        once it counts again they may not outlive the sum of its own fault, nor does it help that it may now
        be low by a little. What the last `step` says by itself stands: a record of several lumisections may
        hold both.
        """
        fit, lately = self._likelihood(self._sums.recent[0]), self._likelihood(self._lately)
        for row, half in enumerate(self._bank.halves):
            places = np.flatnonzero((self._before[half] > self._limits[half]).any(axis=0))
            best = np.argmax(fit[half][:, places], axis=0)
            ceiling = capped[half][best, places]
            gone = lately[half][best, places] < -REFUTED
            most = np.float32(CARRIED) * self._asked[row, places]
            ceiling = np.where(gone, np.minimum(ceiling, most), ceiling)
            kept = np.minimum(capped[half][:, places], np.maximum(ceiling, step[half][:, places]))
            capped[half, places] = kept
            speaks[half, places] = lasting[half][best, places]

    def _shown(self, held: Floats, since: Stamps) -> Shown:
        columns, beyond = np.arange(held.shape[1]), held - self._margins
        best = [np.argmax(beyond[half], axis=0) for half in self._bank.halves]
        both = list(zip(best, self._bank.halves, strict=True))
        value = np.stack([np.maximum(beyond[half][row, columns], np.float32(0)) for row, half in both])
        stamps = np.stack([since[half][row, columns] for row, half in both])
        margins = np.stack([self._margins[half][row, columns] for row, half in both])
        flag = value > self._asked
        return Shown(value, flag, stamps * flag, margins * flag)
