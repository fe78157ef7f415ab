"""Maps to look at: small ones with counts that are known, and simulated ones with a dead and a hot cell."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from caloscope import prepare
from caloscope.config.catalogue import load
from caloscope.detectors.base import Answer, Detector, Expectation, NotKnown, Observation, Score
from caloscope.geometry import view
from caloscope.records import Cell, LumiId, MapRecord
from caloscope.simulate import Fill, Healthy, conditions, healthy

ERA, SEED, EVENTS = "2018", 1, 500
Counts = NDArray[np.float64]


def observe(counts: NDArray[np.floating | np.integer], lumi: int = 1, run: int = 1) -> Observation:
    return Observation(LumiId(run, lumi), counts.astype(np.float64), EVENTS, 50.0)


def poisson(
    mean: NDArray[np.float64], lumis: int, seed: int, *, runs: int = 1, fano: float = 1.0
) -> list[Observation]:
    """Lumisections with these mean counts, runs of equal length; over-dispersed with a Fano factor."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(lumis):
        level = mean if fano == 1.0 else rng.gamma(np.maximum(mean, 1e-9) / (fano - 1.0), fano - 1.0)
        run, lumi = divmod(place, -(-lumis // runs))
        found.append(observe(rng.poisson(level), lumi + 1, run + 1))
    return found


@lru_cache(maxsize=2)
def detector_of(name: str) -> Healthy:
    """The simulated map."""
    spec = load()[name]
    return healthy(spec, view(spec.view, ERA), SEED)


@lru_cache(maxsize=4)
def simulated(name: str, run: int, lumis: int) -> tuple[Observation, ...]:
    """A healthy fill in which pileup falls from 55 to 35."""
    made = detector_of(name)
    fill = Fill(run, lumis, SEED, EVENTS, lifetime=lumis / 0.45)
    records = ((at, MapRecord(made.draw(at), at.events, at.measured)) for at in conditions(fill))
    return tuple(prepare.observe(at.id, record, made.view) for at, record in records)


def training(name: str) -> list[Observation]:
    return [*simulated(name, 1, 30), *simulated(name, 2, 30)]


def victims(name: str) -> tuple[Cell, Cell]:
    """Two cells that are neither quiet nor, in HCAL, too busy to count five times as much."""
    rate = detector_of(name).rate
    wanted = 0.15 if name.startswith("HCAL") else float(np.median(rate[rate > 0]))
    first, second = np.argsort(np.abs(np.where(rate > 0, rate, 1e9) - wanted), axis=None)[:2]
    dead, hot = (np.unravel_index(flat, rate.shape) for flat in (first, second))
    return tuple(int(i) for i in dead), tuple(int(i) for i in hot)


def faulty(name: str, shown: Observation) -> Observation:
    """The lumisection with one cell dead and another at five times its counts."""
    dead, hot = victims(name)
    counts = shown.counts.copy()
    counts[dead] = 0.0
    counts[hot] *= 5.0
    return replace(shown, counts=counts)


def answer_of(detector: Detector, shown: Observation) -> Answer:
    answer, memory = detector.look(shown, {})
    assert not memory
    return answer


def badness(answer: Answer, counts: Counts) -> Counts:
    """How many standard deviations each cell is off, with its sign; zero where it cannot be tested."""
    assert not isinstance(answer, NotKnown), answer
    if isinstance(answer, Score):
        assert answer.direction is not None
        return np.asarray(np.where(answer.testable, answer.value * answer.direction, 0.0))
    mean = np.where(answer.testable, answer.mean, 1.0)
    variance = mean * answer.dispersion
    if answer.noise == "binomial":
        rest = np.maximum(1.0 - mean / answer.trials, 1e-9)
        variance = mean * rest * (1.0 + (answer.trials - 1.0) * answer.dispersion)
    return np.asarray(np.where(answer.testable, (counts - mean) / np.sqrt(variance), 0.0))


def expectation(detector: Detector, shown: Observation) -> Expectation:
    answer = answer_of(detector, shown)
    assert isinstance(answer, Expectation), answer
    return answer
