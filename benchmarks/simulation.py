"""Drawing lumisections of ECAL, against a plain loop over towers that draws the same distribution."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import show
from caloscope.config.catalogue import load
from caloscope.errors import CaloscopeError
from caloscope.geometry import view
from caloscope.simulate import Conditions
from caloscope.simulate.ecal.detector import EcalMap, ecal
from caloscope.simulate.ecal.faults import Parts
from caloscope.simulate.stability import DEFAULT

ERA = "2018"
EVENTS = 500
PILEUP = 50.0
MAPS = ("EB/digi", "EB/rechit", "EE+/digi", "EE-/digi")
REPETITIONS = 7
OURS_EACH = 200
"""Maps drawn one after the other in one repetition; the loop draws one."""


def run() -> None:
    """Print maps per second for both, and their ratio, for each map."""
    rows = []
    for name in MAPS:
        detector = ecal(load()[name], view(load()[name].view, ERA), 1, DEFAULT, None)
        _check(detector)
        ours, plain = _race(detector)
        rates = (f"{1.0 / np.median(each):,.0f}" for each in (ours, plain))
        rows.append((name, *rates, f"{np.median(np.divide(plain, ours)):.0f}"))
    print(f"{EVENTS} events at pileup {PILEUP:g}, one thread, {REPETITIONS} repetitions in turn, medians")
    show(("map", "caloscope, maps/s", "loop over towers, maps/s", "ratio"), rows)


def _at(lumi: int) -> Conditions:
    return Conditions(1, lumi, EVENTS, PILEUP, PILEUP)


def _race(detector: EcalMap) -> tuple[list[float], list[float]]:
    """Seconds a map in each repetition, one after the other in turn, after one that is not counted."""
    mean = detector.parts(_at(1))
    times: tuple[list[float], list[float]] = ([], [])
    for repetition in range(REPETITIONS + 1):
        first = 1 + OURS_EACH * repetition
        seconds = (
            _seconds(lambda lumi: detector.draw(_at(lumi)), range(first, first + OURS_EACH)),
            _seconds(lambda lumi: _plain(detector, mean, lumi), range(first, first + 1)),
        )
        if repetition:
            for which, each in enumerate(seconds):
                times[which].append(each)
    return times


def _seconds(what: Callable[[int], object], lumis: range) -> float:
    started = time.perf_counter()
    for lumi in lumis:
        what(lumi)
    return (time.perf_counter() - started) / len(lumis)


def _check(detector: EcalMap, lumis: int = 5) -> None:
    """Make sure that both draw the same distribution, as far as sums over the map tell."""
    mean = detector.parts(_at(1))
    wanted = detector.expected(_at(1)).sum()
    error = np.sqrt(detector.covariance(_at(1)).sum() / lumis)
    for draw in (lambda lumi: detector.draw(_at(lumi)), lambda lumi: _plain(detector, mean, lumi)):
        total = np.mean([draw(lumi).sum() for lumi in range(1, lumis + 1)])
        if abs(total - wanted) > 5.0 * error + 0.02 * wanted:
            raise CaloscopeError(f"simulation: found {total:.0f} counts in a map, expected {wanted:.0f}")


def _plain(detector: EcalMap, mean: Parts, lumi: int) -> NDArray[np.int64]:
    """One map as one would write it down: tower after tower its blocks, its single digis, its hits."""
    rng = np.random.default_rng(lumi)
    rows, columns = detector.view.shape
    crystals = [each.crystals for each in detector.blocks.footprints]
    counts = np.zeros((rows, columns), dtype=np.int64)
    for y in range(rows):
        for x in range(columns):
            counts[y, x] += rng.poisson(mean.singles[y, x])
            for block, seeds in zip(crystals, mean.blocks, strict=True):
                number = rng.poisson(seeds[y, x])
                if number:
                    _add(counts, block, number, y, x, circular=detector.view.x.circular)
    return rng.binomial(np.minimum(counts, 25 * EVENTS), detector.efficiency)


def _add(
    counts: NDArray[np.int64], block: NDArray[np.int64], number: int, y: int, x: int, *, circular: bool
) -> None:
    """So many blocks around one tower."""
    half = len(block) // 2
    rows, columns = counts.shape
    for row in range(max(0, y - half), min(rows, y + half + 1)):
        for column in range(x - half, x + half + 1):
            if circular or 0 <= column < columns:
                counts[row, column % columns] += number * block[row - y + half, column - x + half]
