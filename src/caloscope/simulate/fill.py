"""Lumisections of a simulated LHC fill, healthy or with faults, always the same for the same seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.records import LUMISECTION_SECONDS, Counts, Lumisection, MapRecord
from caloscope.simulate.faults import Fault, faulty_mean, faulty_probability
from caloscope.simulate.healthy import COMMON_MODE, HCAL_SLOPE, Healthy

PILEUP_ERROR = 0.03
HIGHEST_PER_EVENT = 25
"""An ECAL tower has 25 crystals: it cannot count more digis in an event."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How a simulated run goes: its number, its length, mean events per lumisection, seed and label.

    Pileup starts at `pileup` and decays with a time constant of `lifetime` lumisections.
    """

    run: int
    lumis: int
    seed: int
    events: int = 500
    label: str = "simulated"
    pileup: float = 55.0
    lifetime: float = 1500.0


def lumisections(
    fill: Fill, detectors: Mapping[str, Healthy], faults: Sequence[Fault] = ()
) -> Iterator[Lumisection]:
    """The fill's lumisections in order; `detectors` by map name. Pileup decays and is measured to 3 %."""
    rng = np.random.default_rng([fill.seed, fill.run])
    for lumi in range(1, fill.lumis + 1):
        pileup = fill.pileup * float(np.exp(-lumi / fill.lifetime))
        events = int(rng.poisson(fill.events))
        measured = pileup * (1.0 + PILEUP_ERROR * float(rng.standard_normal()))
        maps = {}
        for name, detector in detectors.items():
            active = [fault for fault in faults if fault.map == name and fault.active(lumi)]
            maps[name] = MapRecord(_draw(detector, events, pileup, active, rng), events, measured)
        began_at = LUMISECTION_SECONDS * (lumi - 1)
        yield Lumisection(fill.label, fill.run, lumi, maps, began_at=began_at, source=f"seed {fill.seed}")


def _draw(
    detector: Healthy, events: int, pileup: float, faults: list[Fault], rng: np.random.Generator
) -> Counts:
    if detector.noise == "binomial":
        return _draw_binomial(detector, events, pileup, faults, rng)
    mean = faulty_mean(detector.mean(events, pileup), faults, detector.view)
    # A negative binomial as a Poisson whose mean is gamma-distributed: variance = fano x mean.
    scale = detector.fano - 1.0
    gamma = rng.gamma(np.where(mean > 0, mean / scale, 1.0), scale)
    counts = rng.poisson(np.where(mean > 0, gamma, 0.0))
    return np.minimum(counts, HIGHEST_PER_EVENT * events).astype(np.uint32)


def _draw_binomial(
    detector: Healthy, events: int, pileup: float, faults: list[Fault], rng: np.random.Generator
) -> Counts:
    shared = 1.0 + COMMON_MODE * float(rng.standard_normal()) + HCAL_SLOPE * (pileup - detector.pileup)
    p: NDArray[np.float64] = np.where(detector.rate < 1.0, np.clip(detector.rate * shared, 0, 1), 1.0)
    return rng.binomial(events, faulty_probability(p, faults, detector.view)).astype(np.uint32)
