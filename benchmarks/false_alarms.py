"""How many incidents the reference detector opens when nothing is wrong; one per 3,700 LS is asked for.

Every detector is learned from simulated lumisections of other runs of the same detector; several seeds, each
with a detector and a learning sample of its own. Noise is independent from tower to tower as in the
simulation, or shared by neighbours as in real data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks import correlated
from benchmarks.intervals import garwood, wilson
from benchmarks.scoring import Tally, Watch, learn, spec_of
from benchmarks.tables import show
from caloscope.decide import LUMIS_PER_DAY
from caloscope.geometry import View, view
from caloscope.records import Lumisection
from caloscope.simulate import Fill, Healthy, healthy, lumisections

ERA = "2018"
SEEDS = (1, 2, 3, 4, 5)
SHORT, LONG = 60, 740
"""Lumisections of a run in which the pileup stays as it was learned, and in which it falls to 60 %: there a
detector that learned from short runs does not know what to expect, and says so (UNKNOWN)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One line of the table: what is learned from and watched, as (runs, lumisections of each) per seed."""

    map: str
    learned: tuple[int, int]
    watched: tuple[int, int]
    correlated: bool = False

    def title(self) -> tuple[str, ...]:
        """The line's first columns."""
        runs, lumis = self.learned
        noise = "blocks" if self.correlated else "independent"
        return self.map, noise, str(runs * lumis), str(self.watched[1])


TRIALS = (
    *(Trial(name, (1, SHORT), (13, SHORT)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (10, SHORT), (13, SHORT)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (1, SHORT), (1, LONG)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (1, LONG), (1, LONG)) for name in ("EB", "EE+")),
    *(Trial(name, (1, SHORT), (13, SHORT), correlated=True) for name in ("EB", "EE+")),
    *(Trial(name, (10, SHORT), (13, SHORT), correlated=True) for name in ("EB", "EE+")),
)


def run() -> None:
    """Print the noise of the correlated simulation as a check, then the table."""
    for name in ("EB", "EE+"):
        print(_noise_of(view(name, ERA)))
    print(f"\nfalse incidents per {LUMIS_PER_DAY} LS of a healthy detector, 95 % intervals; 1 was asked for")
    header = (
        "map",
        "noise",
        "learned LS",
        "LS a run",
        "LS judged",
        "LS with a flag, %",
        "incidents",
        "per 3,700 LS",
    )
    show(header, [_row(trial) for trial in TRIALS])


def _row(trial: Trial) -> tuple[str, ...]:
    tally = Tally()
    for seed in SEEDS:
        on = view(trial.map, ERA)
        detector = healthy(on, spec_of(on).noise, np.random.default_rng(seed))
        watch = Watch(learn(on, _runs(trial, detector, seed, 310_000, trial.learned)), tally)
        for each in _runs(trial, detector, seed, 320_000, trial.watched):
            watch.see(each)
    rate = garwood(tally.incidents, tally.days)
    share = wilson(tally.flagged_lumis, tally.lumis)
    judged = f"{tally.lumis} of {tally.seen}"
    return (*trial.title(), judged, share.text(2, 100), str(tally.incidents), rate.text())


def _runs(
    trial: Trial, detector: Healthy, seed: int, first: int, shape: tuple[int, int]
) -> Iterator[Lumisection]:
    runs, lumis = shape
    for number in range(first, first + runs):
        fill = Fill(number, lumis, seed)
        if trial.correlated:
            yield from correlated.lumisections(fill, detector)
        else:
            yield from lumisections(fill, {spec_of(detector.view).name: detector})


def _noise_of(on: View) -> str:
    """Fano factor, and correlation of towers side by side, in the simulation with blocks."""
    detector = healthy(on, "overdispersed", np.random.default_rng(1))
    pulls, fano = [], []
    for each in correlated.lumisections(Fill(1, 200, 1), detector):
        record = each.maps[spec_of(on).name]
        mean = np.maximum(detector.mean(record.events or 0, record.pileup or 0.0), 1.0)
        pull = (record.counts - mean) / np.sqrt(mean)
        pulls.append(pull)
        fano.append(np.mean(pull[on.exists] ** 2))
    planes = np.array(pulls)
    correlation = [_correlation(planes, on, distance) for distance in (1, 2, 3)]
    shown = ", ".join(f"{each:.2f}" for each in correlation)
    return f"{on.name} with blocks: Fano factor {np.mean(fano):.1f}, correlation {shown} at distance 1, 2, 3"


def _correlation(pulls: np.ndarray[tuple[int, ...], np.dtype[np.float64]], on: View, distance: int) -> float:
    both = on.exists[distance:] & on.exists[:-distance]
    one, other = pulls[:, distance:][:, both].ravel(), pulls[:, :-distance][:, both].ravel()
    return float(np.corrcoef(one, other)[0, 1])
