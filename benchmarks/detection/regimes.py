"""The runs of the table: those that are learned from, calibrated on, and judged, in two regimes."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from benchmarks.endcaps import FILES, endcap
from caloscope.config.catalogue import load
from caloscope.geometry import View, view
from caloscope.simulate import Conditions, Fill, Healthy, conditions, healthy, realistic

ERA: Final = "2018"
DETECTOR_SEED: Final = 1
SEED: Final = 5
WARM_UP: Final = 20
"""Healthy lumisections of a run before the fault."""

LEARNED_RUNS: Final = 20
LEARNED_LUMIS: Final = {"HCAL": 40}
LEARNED: Final = 100
RUN_LUMIS: Final = 200
"""Lumisections of a run that is calibrated on or judged clean."""

# No run of CMS has such a number, so all are of the era that the view is of.
FIRST_LEARNED, FIRST_GOOD, FIRST_CLEAN, FIRST_TRIAL, FIRST_YARDSTICK = (
    110_000,
    120_000,
    130_000,
    150_000,
    160_000,
)
FIRST_HELD_OUT_DAY: Final = 25.0
GOOD_DAYS, HELD_OUT_DAYS = 5.0, 10.0


@dataclass(frozen=True, slots=True)
class Regime:
    """How events per lumisection go: `changes` are those to `caloscope.simulate.realistic`."""

    name: str
    title: str
    changes: tuple[tuple[str, Any], ...] = ()

    def fill(self, run: int, lumis: int, day: float, **more: Any) -> Fill:
        """A run of this regime; its pileup follows from its number."""
        return realistic(run, lumis, SEED, **{**dict(self.changes), "day": day, **more})


STEADY_EVENTS: Final = Regime("500", "500 events a lumisection", (("events", 500), ("gaps", 0.0)))
VARYING_EVENTS: Final = Regime("varying", "150 to 2,000 events a lumisection, gaps, prescale steps")
REGIMES: Final = {regime.name: regime for regime in (STEADY_EVENTS, VARYING_EVENTS)}


@cache
def subject(name: str) -> tuple[View, Healthy]:
    """The view and the simulated detector of a map; the same in every process.

    Endcaps get the pattern of the average that CMSSW compares with, where its networks are here: anything
    else would put its chain at a disadvantage.
    """
    on = view(name, ERA)
    known = endcap(name, ERA) if name in FILES else None
    pattern = known.healthy.rate if known is not None and known.cmssw is not None else None
    return on, healthy(load()[f"{name}/digi"], on, DETECTOR_SEED, pattern=pattern)


def learned(regime: Regime, name: str) -> list[Fill]:
    """The runs that detectors learn from, one a day."""
    lumis = LEARNED_LUMIS.get(name, LEARNED)
    return [regime.fill(FIRST_LEARNED + run, lumis, float(run)) for run in range(LEARNED_RUNS)]


def good(regime: Regime, lumis: int) -> list[Fill]:
    """Held-out runs that thresholds are calibrated on, between the ones that are learned from and judged."""
    runs = -(-lumis // RUN_LUMIS)
    days = np.linspace(FIRST_HELD_OUT_DAY - GOOD_DAYS, FIRST_HELD_OUT_DAY, runs, endpoint=False)
    return [regime.fill(FIRST_GOOD + run, RUN_LUMIS, float(day)) for run, day in enumerate(days)]


def clean(regime: Regime, run: int, runs: int) -> Fill:
    """One of the runs in which nothing is wrong; as a whole they take some days."""
    day = FIRST_HELD_OUT_DAY + HELD_OUT_DAYS * run / runs
    return regime.fill(FIRST_CLEAN + run, RUN_LUMIS, day)


def yardstick(regime: Regime, lumis: int) -> list[Fill]:
    """Clean runs that the oracle's threshold is found on."""
    runs = -(-lumis // RUN_LUMIS)
    return [
        regime.fill(FIRST_YARDSTICK + run, RUN_LUMIS, FIRST_HELD_OUT_DAY + run % 10) for run in range(runs)
    ]


def trial(regime: Regime, number: int, window: int) -> Fill:
    """The run of one trial; its trigger is left alone, as a step in it would be the operators' doing."""
    lumis = WARM_UP + window
    day = FIRST_HELD_OUT_DAY + number % 10
    return regime.fill(FIRST_TRIAL + number, lumis, day, prescale_steps=0)


def typical(regime: Regime) -> Conditions:
    """Conditions that the oracle's covariance is taken at."""
    fill = regime.fill(
        FIRST_YARDSTICK, 1, FIRST_HELD_OUT_DAY, low_statistics=0.0, events=500, prescale_steps=0
    )
    return next(iter(conditions(fill)))
