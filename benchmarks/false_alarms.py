"""How many incidents the reference detector opens when nothing is wrong; one per 3,700 LS is asked for.

Every detector is learned from simulated lumisections of other runs of the same detector; several seeds, each
with a detector and a learning sample of its own, which stays the same from run to run or changes as real
detectors do. Neighbours fluctuate together, as in real data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scoring import Tally, Watch, learn, spec_of
from benchmarks.tables import show
from caloscope.decide import LUMIS_PER_DAY
from caloscope.geometry import view
from caloscope.records import Lumisection
from caloscope.simulate import DEFAULT, STEADY, Fill, Healthy, healthy, lumisections
from caloscope.study.metrics.intervals import garwood, wilson

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
    changing: bool = False

    def title(self) -> tuple[str, ...]:
        """The line's first columns."""
        runs, lumis = self.learned
        runs_are = "changing" if self.changing else "alike"
        return self.map, runs_are, str(runs * lumis), str(self.watched[1])


TRIALS = (
    *(Trial(name, (1, SHORT), (13, SHORT)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (10, SHORT), (13, SHORT)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (1, SHORT), (1, LONG)) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (1, LONG), (1, LONG)) for name in ("EB", "EE+")),
    *(Trial(name, (1, SHORT), (13, SHORT), changing=True) for name in ("EB", "EE+", "HCAL")),
    *(Trial(name, (10, SHORT), (13, SHORT), changing=True) for name in ("EB", "EE+", "HCAL")),
)


def run() -> None:
    """Print the table."""
    print(f"false incidents per {LUMIS_PER_DAY} LS of a healthy detector, 95 % intervals; 1 was asked for")
    header = (
        "map",
        "runs",
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
        stability = DEFAULT if trial.changing else STEADY
        detector = healthy(spec_of(on), on, seed, stability=stability)
        watch = Watch(learn(on, _runs(detector, seed, 310_000, trial.learned)), tally)
        for each in _runs(detector, seed, 320_000, trial.watched):
            watch.see(each)
    rate = garwood(tally.incidents, tally.days)
    share = wilson(tally.flagged_lumis, tally.lumis)
    judged = f"{tally.lumis} of {tally.seen}"
    return (*trial.title(), judged, share.text(2, 100), str(tally.incidents), rate.text())


def _runs(detector: Healthy, seed: int, first: int, shape: tuple[int, int]) -> Iterator[Lumisection]:
    runs, lumis = shape
    for number in range(first, first + runs):
        yield from lumisections(Fill(number, lumis, seed), {detector.spec.name: detector})
