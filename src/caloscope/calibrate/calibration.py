"""Thresholds from good lumisections, in which not everything need be good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.bundle import Bundle, Told
from caloscope.calibrate.apply import SCORE, thresholds_of
from caloscope.calibrate.formula import formula_thresholds
from caloscope.calibrate.watch import Watched
from caloscope.decide import LUMIS_PER_DAY, Cut, Tail, budget, fit_score_tail, fit_tail, upper_bound
from caloscope.detectors.base import scores
from caloscope.errors import UsageError
from caloscope.records import Cell

FEWEST: Final = 10
FEWEST_SCORES: Final = 3
"""Excursions below which a tail says less than the formula, or than the threshold that a score had."""

_TOLD: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Thresholds by class for `per_day` false incidents in 3,700 lumisections, and where they come from.

    `tails` and `cuts` are by class too; `left_out` are cells that were bad already, and `names` what they
    are called. A class in `by_formula` showed too few excursions to fit a tail to.
    """

    per_day: float
    thresholds: Mapping[str, float]
    tails: Mapping[str, Tail]
    cuts: Mapping[str, Cut]
    by_formula: tuple[str, ...]
    watched: Watched
    left_out: tuple[Cell, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def extrapolated(self) -> bool:
        """Whether for any class the lumisections do not reach the rate."""
        return any(cut.extrapolated for cut in self.cuts.values())

    def told(self) -> dict[str, Told]:
        """What a bundle's card says of it; rates are per 3,700 lumisections, with 95 % intervals."""
        ids = self.watched.ids
        runs = self.watched.runs
        found: dict[str, Told] = {
            "method": "tail of the largest evidence in good lumisections",
            "lumisections": self.watched.lumis,
            "unknown": sum(self.watched.unknown.values()),
            "unknown_reasons": self.watched.why_unknown(),
            "runs": len(runs),
            "first": f"{ids[0].run}:{ids[0].lumi}",
            "last": f"{ids[-1].run}:{ids[-1].lumi}",
            "extrapolated": [name for name, cut in self.cuts.items() if cut.extrapolated],
            "by_formula": list(self.by_formula),
            "left_out": [name[:100] for name in self.names[:_TOLD]],
            "cells_left_out": len(self.left_out),
        }
        for name, cut in self.cuts.items():
            rate = self.tails[name].rate_at(self.thresholds[name])
            used = self.thresholds[name]
            seen = int(np.count_nonzero(self.tails[name].peaks > used))
            found[f"threshold_{name}"] = [used] if name in self.by_formula else [used, cut.low, cut.high]
            found[f"rate_{name}"] = [LUMIS_PER_DAY * value for value in rate]
            found[f"bound_{name}"] = LUMIS_PER_DAY * upper_bound(seen, self.tails[name].lumis)
            found[f"excursions_{name}"] = self.tails[name].excursions
            found[f"slope_{name}"] = self.tails[name].slope
        return found


def calibrate(bundle: Bundle, watched: Watched, per_day: float, left_out: Sequence[Cell] = ()) -> Calibration:
    """Thresholds for a rate, from what was seen with thresholds out of reach.

    Raises `UsageError` where nothing was judged, the detector has no threshold or the rate is not above zero.
    """
    if not watched.peaks or not watched.lumis:
        why = ", ".join(watched.why_unknown()) or "none given"
        raise UsageError(f"no lumisection that could be judged ({why}), expected some to calibrate with")
    if SCORE in watched.peaks and not scores(bundle.detector):
        raise UsageError(
            f"{bundle.card.detector} has no threshold, expected a detector with one to calibrate"
        )
    shares = budget(watched.peaks, per_day)
    known = _known(bundle, per_day)
    tails, cuts, thresholds, by_formula = {}, {}, {}, []
    for name, share in shares.items():
        tails[name] = tail_of(watched, name)
        cuts[name] = tails[name].threshold_at(share / LUMIS_PER_DAY)
        thresholds[name] = _positive(cuts[name].careful, name)
        fewest = FEWEST_SCORES if name == SCORE else FEWEST
        if tails[name].excursions < fewest and name in known:
            thresholds[name] = known[name]
            by_formula.append(name)
    names = tuple(bundle.view.describe(cell) for cell in left_out)
    return Calibration(per_day, thresholds, tails, cuts, tuple(by_formula), watched, tuple(left_out), names)


def _known(bundle: Bundle, per_day: float) -> dict[str, float]:
    """Thresholds that need no calibration."""
    if scores(bundle.detector):
        return thresholds_of(bundle)
    return formula_thresholds(bundle.view, bundle.detector.alive, per_day)


def tail_of(watched: Watched, name: str, runs: Sequence[int] | None = None) -> Tail:
    """The tail of a class in all runs, or in some."""
    series = watched.series(name, runs)
    return fit_score_tail(series) if name == SCORE else fit_tail(series)


def _positive(threshold: float, name: str) -> float:
    """At least one nat: below it nothing was seen."""
    return max(threshold, 1e-12 if name == SCORE else 1.0)
