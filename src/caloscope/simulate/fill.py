"""How a simulated run of an LHC fill goes, and the conditions in each of its lumisections."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

import numpy as np

from caloscope.errors import UsageError
from caloscope.records import LUMISECTION_SECONDS
from caloscope.simulate.conditions import Beam, Conditions, Dataset
from caloscope.simulate.course import Course, course

PILEUP_ERROR: Final = 0.03
ION_PILEUP: Final = 0.002
"""Interactions per crossing at the start of a fill of heavy ions: nearly no event has two."""

ION_SPREAD: Final = 1.5
"""Relative rms of what one collision of heavy ions leaves: a lumisection of 100 events differs by 15 %."""

SECONDS_A_DAY: Final = 86_400.0
_TAG: Final = 0xF111

_LIMITS: Final = {
    "run": (1, 2**32 - 1),
    "lumis": (1, 1_000_000),
    "seed": (0, math.inf),
    "events": (0, 100_000_000),
    "pileup": (0.0, 1_000.0),
    "lifetime": (1.0, math.inf),
    "prescale_steps": (0, 1_000),
    "low_statistics": (0.0, 1.0),
    "gaps": (0.0, 1.0),
    "ramp": (0, 1_000_000),
    "day": (-100_000.0, 100_000.0),
}


@dataclass(frozen=True, slots=True)
class Fill:
    """How a simulated run goes: its number, its length, events per lumisection at the start, seed and label.

    Pileup starts at `pileup` and decays with a time constant of `lifetime` lumisections; heavy ions hardly
    pile up, and without beam (`none`: cosmic rays) there is none. ZeroBias keeps its rate of events, JetHT
    loses events as the root of the pileup. Without more, the rest of a run is calm; what may happen:

    - `prescale_steps`: the trigger's rate goes up or down by 10-20 % so many times;
    - `low_statistics`: the share of the lumisections that have 0.18 to 0.85 of their events;
    - `gaps`: the share that is left out, the first and the last never;
    - `ramp`: in the first so many lumisections the beams come up, from none at all;
    - `dump`: the beams are lost inside a lumisection near the end.

    `tells`: each lumisection says what its conditions are, as CMS's do.

    `day` is the age of the detector at the start, in days; `began_at` when that was, in seconds since 1970.
    Raises `UsageError` for values that cannot be.
    """

    run: int
    lumis: int
    seed: int
    events: int = 500
    label: str = "simulated"
    pileup: float = 55.0
    lifetime: float = 1500.0
    dataset: Dataset = "ZeroBias"
    beam: Beam = "protons"
    prescale_steps: int = 0
    low_statistics: float = 0.0
    gaps: float = 0.0
    ramp: int = 0
    dump: bool = False
    day: float = 0.0
    began_at: float | None = None
    tells: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be."""
        for name, (low, high) in _LIMITS.items():
            found = getattr(self, name)
            if not low <= found <= high:
                raise UsageError(f"{name} of a fill is {found}: expected {low:g} to {high:g}")
        for name, known in (("dataset", get_args(Dataset)), ("beam", get_args(Beam))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name} of a fill is {getattr(self, name)!r}: expected {', '.join(known)}")
        if self.began_at is not None and not math.isfinite(self.began_at):
            raise UsageError(f"began_at of a fill is {self.began_at}: expected seconds since 1970")


def realistic(run: int, lumis: int, seed: int, **changes: Any) -> Fill:
    """A run with all that usually happens; `changes` are fields of `Fill` to set otherwise.

    Its level of events (150 to 2,000 a lumisection), its pileup and its prescale steps follow from the seed.
    """
    calm = Fill(run, lumis, seed)
    rng = np.random.default_rng([seed, _TAG, run])
    usual = replace(
        calm,
        events=round(150.0 * (2000.0 / 150.0) ** rng.random()),
        pileup=float(rng.uniform(45.0, 60.0)),
        prescale_steps=int(rng.poisson(lumis / 150.0)),
        low_statistics=0.02,
        gaps=0.002,
    )
    return replace(usual, **changes)


def conditions(fill: Fill) -> Iterator[Conditions]:
    """The lumisections of a fill, in order.

    What is random in one comes from a stream of its own, so it is the same whatever comes before or after.
    """
    plan = course(fill.lumis, fill.seed, fill.run, steps=fill.prescale_steps, ramp=fill.ramp, dump=fill.dump)
    for lumi in range(1, fill.lumis + 1):
        rng = np.random.default_rng([fill.seed, fill.run, lumi, _TAG])
        if rng.random() >= fill.gaps or lumi in (1, fill.lumis):
            yield _one(fill, plan, lumi, rng)


def _one(fill: Fill, plan: Course, lumi: int, rng: np.random.Generator) -> Conditions:
    """One lumisection. Every draw is made, whatever comes of it, so that no setting shifts another's."""
    few, share, error = rng.random() < fill.low_statistics, rng.uniform(0.18, 0.85), rng.standard_normal()
    beam: Beam = "none" if plan.dark(lumi) else fill.beam
    pileup = _pileup(fill, plan, lumi) if beam != "none" else 0.0
    level = fill.events * plan.rate(lumi, fill.events) * (share if few else 1.0)
    if fill.dataset == "JetHT" and fill.beam != "none":
        level *= math.sqrt(_decayed(fill, lumi))
    events = int(rng.poisson(level))
    passed = LUMISECTION_SECONDS * (lumi - 1)
    return Conditions(
        run=fill.run,
        lumi=lumi,
        events=events,
        pileup=pileup,
        measured=pileup * (1.0 + PILEUP_ERROR * float(error)) if beam != "none" else None,
        dataset=fill.dataset,
        beam=beam,
        activity=_activity(events, rng) if beam == "ions" else 1.0,
        day=fill.day + passed / SECONDS_A_DAY,
        began_at=passed + (0.0 if fill.began_at is None else fill.began_at),
        seed=fill.seed,
        column=plan.column(lumi),
        rising=plan.risen(lumi) < 1.0,
    )


def _decayed(fill: Fill, lumi: int) -> float:
    """The luminosity, as a share of that at the start."""
    return math.exp(-lumi / fill.lifetime)


def _pileup(fill: Fill, plan: Course, lumi: int) -> float:
    start = ION_PILEUP if fill.beam == "ions" else fill.pileup
    return start * _decayed(fill, lumi) * plan.risen(lumi)


def _activity(events: int, rng: np.random.Generator) -> float:
    """The mean over so many collisions, each of which differs much from the others."""
    shape = max(events, 1) / ION_SPREAD**2
    return float(rng.gamma(shape, 1.0 / shape))
