"""Cells, parts, the whole map: how one lumisection is added to all places of a kind."""

from dataclasses import dataclass, replace
from typing import Final

from caloscope.evidence.changes import Change
from caloscope.evidence.standing import gather
from caloscope.evidence.state import Family
from caloscope.evidence.sums import Bank, News, Shown
from caloscope.records import Floats

SUSPECT: Final = 7.0
"""Nats from which a cell is not asked about its neighbours, and from half of which nothing is learned from
it."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What decides about places of a kind.

    The faults that are looked for, thresholds of both directions, `(2, place)` or `(2, 1)`, and the relative
    variance by which healthy places change from run to run, `(place,)` or `(1,)`.
    """

    bank: Bank
    limits: Floats
    prior: Floats

    def grown(self, family: Family, news: News, halo: Floats, lumi: int) -> tuple[Shown, Family]:
        """With this lumisection's news in its sums and, where all is calm, in its levels; flags as before.

        `halo` is a relative rms by which a place may be off as faults beside it take from it.
        """
        variance = family.change.variance(self.prior)
        variance += halo**2
        shown, sums = gather(family.sums, news, self.bank, self.limits, variance, lumi)
        largest = shown.largest
        calm = (largest < SUSPECT / 2) & (family.bad == 0)
        change = family.change.learned(news.score, news.information, calm, self.prior)
        return shown, replace(family, sums=sums, change=change, suspect=largest > SUSPECT)

    def in_new_run(self, family: Family) -> Family:
        """As another run begins: levels are forgotten, and sums no flags by themselves."""
        sums = family.sums.in_new_run(self.bank, self.limits, family.change.variance(self.prior))
        return replace(family, sums=sums, change=Change.none(len(family.bad)))
