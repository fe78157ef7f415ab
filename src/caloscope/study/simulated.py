"""Simulated runs that detectors learn from, are calibrated on and judged on; no two parts share a run.

Parts follow one another in time: learned from, then calibrated on, then judged, as a monitor would see them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, takewhile
from typing import Final

import numpy as np

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.faults import Active, Clock, Schedule
from caloscope.geometry import View, view
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Mask
from caloscope.simulate import Conditions, Fill, Healthy, conditions, healthy, realistic
from caloscope.study.oracle import where
from caloscope.study.rows import Indices, Row
from caloscope.study.text import SampleText
from caloscope.study.unnoticed import TAG, unnoticed

RUN_LUMIS: Final = 100
"""Lumisections of a run that is learned from."""

LONG_RUN: Final = 200
"""Lumisections of a run that is calibrated on, or judged clean."""

LONGEST: Final = 1_000
"""Lumisections that a fault is looked for at most."""

WARM_UP: Final = 20
"""Healthy lumisections of a run before a fault."""

LEARNED_DAYS, GOOD_DAYS, HELD_OUT_DAYS = 20.0, 5.0, 10.0

# No run of CMS has such a number, so none is taken for one; the era is the sample's.
FIRST_LEARNED, FIRST_GOOD, FIRST_CLEAN, FIRST_TRIAL, FIRST_YARDSTICK = (
    10_000,
    120_000,
    130_000,
    150_000,
    160_000,
)


@dataclass(frozen=True, slots=True)
class Simulated:
    """Runs of one simulated detector in one era; `seed` is that of the study."""

    text: SampleText
    map: str
    seed: int

    @property
    def spec(self) -> MapSpec:
        """The map."""
        return load()[self.map]

    @property
    def view(self) -> View:
        """Its geometry in this era."""
        return self.healthy.view

    @property
    def healthy(self) -> Healthy:
        """The detector; the same in every process."""
        return _detector(self.map, self.text.era, self.text.detector_seed)

    def learned(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:
        """So many lumisections to learn from, of which a share `faulty` has one of the faults `rows`."""
        return self._good(FIRST_LEARNED, lumis, RUN_LUMIS, (0.0, LEARNED_DAYS), faulty, rows)

    def held_out(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:
        """So many to calibrate on, of runs between those that are learned from and judged."""
        return self._good(FIRST_GOOD, lumis, LONG_RUN, (LEARNED_DAYS, GOOD_DAYS), faulty, rows)

    def clean_runs(self, lumis: int) -> int:
        """How many runs hold so many lumisections."""
        return -(-lumis // LONG_RUN)

    def clean(self, run: int, runs: int) -> Iterator[Given]:
        """One of the runs in which nothing is wrong."""
        day = LEARNED_DAYS + GOOD_DAYS + HELD_OUT_DAYS * run / runs
        return (self.given(at) for at in conditions(self._fill(FIRST_CLEAN + run, LONG_RUN, day)))

    def yardstick(self, lumis: int) -> list[Fill]:
        """Clean runs that the oracle's threshold is found on."""
        first = LEARNED_DAYS + GOOD_DAYS
        runs = range(-(-lumis // LONG_RUN))
        return [self._fill(FIRST_YARDSTICK + run, LONG_RUN, first + run % HELD_OUT_DAYS) for run in runs]

    def course(self, number: int) -> Iterator[Conditions]:
        """The run of one trial: `WARM_UP` lumisections before the onset of its fault, and what follows.

        Its trigger is left alone: a step in it would be the operators' doing. It is as long as any fault is
        looked for, so that it does not depend on the fault.
        """
        day = LEARNED_DAYS + GOOD_DAYS + number % HELD_OUT_DAYS
        return conditions(self._fill(FIRST_TRIAL + number, WARM_UP + LONGEST, day, prescale_steps=0))

    def warm_up(self, number: int) -> list[Conditions]:
        """The lumisections of a trial before the onset."""
        return list(takewhile(lambda at: at.lumi <= WARM_UP, self.course(number)))

    def before(self, number: int, window: int) -> Iterator[Given]:  # noqa: ARG002 - there is always room
        """The same as the pipeline gets them."""
        return (self.given(at) for at in self.warm_up(number))

    def faulty(self, number: int, row: Row, cells: Mask) -> Iterator[tuple[int, Given]]:
        """Lumisections of a trial with the fault, as long as it is looked for; counted from 1, the onset."""
        return ((since, given) for since, _, given in self.from_onset(number, row, cells))

    def from_onset(self, number: int, row: Row, cells: Mask) -> Iterator[tuple[int, Conditions, Given]]:
        """The same with their conditions."""
        onset = WARM_UP + 1
        clock = Clock.of([LumiId(FIRST_TRIAL + number, WARM_UP + LONGEST)])
        schedule = Schedule([row.fault(self.map, cells, onset)], self.map, self.view, clock)
        for at in dropwhile(lambda at: at.lumi <= WARM_UP, self.course(number)):
            if at.lumi >= onset + row.window:
                return
            yield at.lumi - WARM_UP, at, self.given(at, schedule.at(at.id))

    def places(self, row: Row) -> tuple[Indices, ...]:
        """Where a fault can be."""
        return _places(self, row)

    @property
    def content(self) -> list[object]:
        """All that it depends on."""
        return [self.text.model_dump(mode="json"), self.map, self.seed]

    def typical(self) -> Conditions:
        """Conditions that the oracle's covariance is taken at."""
        day = LEARNED_DAYS + GOOD_DAYS
        fill = self._fill(FIRST_YARDSTICK, 1, day, low_statistics=0.0, events=500, prescale_steps=0)
        return next(iter(conditions(fill)))

    def given(self, at: Conditions, faults: Sequence[Active] = ()) -> Given:
        """A lumisection as the pipeline gets it."""
        return Given(at.id, MapRecord(self.healthy.draw(at, faults), at.events, at.measured), "")

    def _fill(self, run: int, lumis: int, day: float, **more: float) -> Fill:
        low, high = self.text.pileup
        pileup = float(np.random.default_rng([self.seed, TAG, run]).uniform(low, high))
        steady = {} if self.text.events == "varying" else {"events": self.text.events, "gaps": 0.0}
        changes = {
            "dataset": self.text.dataset,
            "pileup": pileup,
            "day": self.text.day + day,
            **steady,
            **more,
        }
        return realistic(run, lumis, self.seed, **changes)

    def _good(
        self,
        first: int,
        lumis: int,
        length: int,
        days: tuple[float, float],
        faulty: float,
        rows: Sequence[Row],
    ) -> list[Given]:
        runs = -(-lumis // length)
        found = []
        for run in range(runs):
            many = min(length, lumis - run * length)
            fill = self._fill(first + run, many, days[0] + days[1] * run / runs)
            course = list(conditions(fill))
            possible = [(row, self.places(row)) for row in rows] if faulty else []
            # What is left over for a last run may be too short for a fault.
            some = faulty and (run == 0 or round(faulty * many) > 0)
            wrong = unnoticed(possible, self.map, self.view, fill, faulty) if some else None
            found += [self.given(at, wrong.at(at.id) if wrong else ()) for at in course]
        return found


@lru_cache(maxsize=64)
def _places(sample: Simulated, row: Row) -> tuple[Indices, ...]:
    """Where a fault can be in a sample."""
    return where(sample.healthy, sample.typical(), row)


@lru_cache(maxsize=8)
def _detector(name: str, era: str, seed: int) -> Healthy:
    known = load()
    if name not in known:
        raise UsageError(f"map {name!r} is not known, expected one of {', '.join(known)}")
    spec = known[name]
    return healthy(spec, view(spec.view, era), seed)
