"""What surroundings explain where the reference is short: its own covariance, and a network trained before.

A blind spot's network sees residuals in standard deviations, so it can stand on a reference that was learned
from a few lumisections, and on one of another detector. Residuals, runs and shares are those of
`surroundings`; the reference is learned from the first lumisections of one run, or of as many as it takes.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.detection import contenders, networks, regimes
from benchmarks.surroundings import REGIME, runs_of, shares, text
from benchmarks.tables import show
from caloscope import prepare
from caloscope.config.catalogue import load
from caloscope.detectors.network import BlindSpot
from caloscope.detectors.reference import Reference
from caloscope.simulate import Healthy, healthy
from caloscope.training.neural.blinding import hardware_of

MAPS: Final = ("EE+", "EB")
LUMIS: Final = (10, 100, 1_000)
RUNS: Final = 10
OTHER_SEED: Final = 7
MIN_EVENTS: Final = 30


def run() -> None:
    """Print shares of the variance with the errors of their means over runs."""
    body = []
    for name in MAPS:
        networks.train("blind-spot", name, REGIME.name)
        trained, _ = networks.learned("blind-spot", name, REGIME.name)
        assert isinstance(trained, BlindSpot)
        on, same = regimes.subject(name)
        other = healthy(load()[f"{name}/digi"], on, OTHER_SEED)
        for whose, detector in (("the same", same), ("another", other)):
            for lumis, found in _references(name, detector):
                standing = BlindSpot(found, trained.session, np.ones(on.shape), hardware_of(on, found.alive))
                each = np.array([shares(rows) for rows in runs_of(name, standing, detector, RUNS)])
                linear, network = each.T[:2]
                told = (text(values) for values in (linear, network, network / linear))
                body.append((name, whose, str(lumis), *told))
    show(
        ("map", "detector", "LS learned from", "left by the covariance", "left by the network", "ratio"), body
    )


def _references(name: str, detector: Healthy) -> Iterator[tuple[int, Reference]]:
    """References of one detector, each from more lumisections than the one before."""
    fills = regimes.learned(REGIME, name)[: -(-LUMIS[-1] // regimes.LEARNED)]
    given = contenders.givens(detector, fills)
    seen = [prepare.observe(each.id, contenders.record_of(each), detector.view) for each in given]
    for lumis in LUMIS:
        fitted = Reference.fit(seen[:lumis], detector.noise, detector.view, min_events=MIN_EVENTS)
        yield lumis, fitted
