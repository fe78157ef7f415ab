"""From the arrays of one lumisection of all maps to its verdict, quiet or with faults, and what others take.

Two others in the same run: CMS's own networks of the two endcaps, once a lumisection, where they are here;
and the pull with an over-dispersed variance of the same cells, in plain numpy, which looks neither at
neighbours nor back.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.endcaps import FILES, PADDED, REAL, endcap
from benchmarks.scoring import learn, score, spec_of
from benchmarks.tables import show
from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import open_network
from caloscope.faults import Fault
from caloscope.geometry import View, view
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scorer
from caloscope.records import MapRecord
from caloscope.simulate import Fill, Healthy, healthy, lumisections

ERA: Final = "2018"
SEED: Final = 3
EVENTS: Final = 500
MAPS: Final = ("EB", "EE+", "EE-", "HCAL", "HO")
LEARNED: Final = (8, 40)
"""Runs and lumisections of each that the reference detectors learn from."""

FIRST_LEARNED, QUIET_RUN, FAULTY_RUN = 110_000, 120_000, 121_000
WARM_UP, MEASURED = 20, 100
TARGET: Final = 20.0
"""Milliseconds."""

DEAD_REGIONS: Final = {"EB": "supermodule", "EE+": "quadrant", "EE-": "quadrant", "HCAL": "rbx", "HO": "ring"}
DEAD_CELLS: Final = 20
BEYOND: Final = 5.0
"""Standard deviations at which the plain pull flags."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One map: its simulated detector, the scorer that learned it, and an average for the plain pull."""

    view: View
    healthy: Healthy
    scorer: Scorer

    @property
    def name(self) -> str:
        """Of the map."""
        return self.healthy.spec.name

    def given(self, run: int, faults: Sequence[Fault] = ()) -> list[Given]:
        """What the lumisections of a run bring, as arrays."""
        fill = Fill(run, WARM_UP + MEASURED, SEED, EVENTS)
        seen = lumisections(fill, {self.name: self.healthy}, faults)
        return [Given(each.id, each.maps[self.name], "") for each in seen]

    def faults(self) -> tuple[Fault, ...]:
        """A dead region and single dead cells, from the start."""
        kind = DEAD_REGIONS[self.view.name]
        region = next(each for each in self.view.regions if each.kind == kind)
        living = np.argwhere((self.healthy.rate > 0) & ~region.members)
        chosen = np.random.default_rng(SEED).choice(len(living), DEAD_CELLS, replace=False)
        cells = tuple(tuple(int(i) for i in living[k]) for k in chosen)
        return Fault(self.name, region.name, "dead"), Fault(self.name, cells, "dead")


def run() -> None:
    """Print milliseconds a lumisection by map and for all, quiet and with faults; and those of others."""
    subjects = [_subject(name) for name in MAPS]
    cells = sum(int(each.view.exists.sum()) for each in subjects)
    others = _others(subjects)
    rows = []
    for title, run_number, faulty in (
        ("quiet", QUIET_RUN, False),
        ("faults standing", FAULTY_RUN, True),
    ):
        given = {each.name: each.given(run_number, each.faults() if faulty else ()) for each in subjects}
        times, flagged = _ours(subjects, given)
        rows += [(title, name, *_texts(values), str(flagged[name])) for name, values in times.items()]
        total = np.sum(list(times.values()), axis=0)
        rows.append((title, "all maps", *_texts(total), str(sum(flagged.values()))))
        for name, other in others.items():
            rows.append((title, name, *_texts(_raced(other, given)), ""))
    print(f"{len(MAPS)} maps, {cells} cells; {MEASURED} LS of {EVENTS} events after {WARM_UP}, ms a LS")
    show(("lumisections", "what", "median", "90 %", "cells flagged at the end"), rows)
    print(f"\ntarget for all maps: below {TARGET:g} ms")


def _subject(name: str) -> Subject:
    on = view(name, ERA)
    detector = healthy(spec_of(on), on, seed=1)
    runs, lumis = LEARNED
    fills = [Fill(FIRST_LEARNED + number, lumis, SEED, EVENTS, day=float(number)) for number in range(runs)]
    good = (each for fill in fills for each in lumisections(fill, {detector.spec.name: detector}))
    return Subject(on, detector, learn(on, good))


def _ours(
    subjects: Sequence[Subject], given: Mapping[str, Sequence[Given]]
) -> tuple[dict[str, Array], dict[str, int]]:
    """Milliseconds of each map in each lumisection, and how many cells were flagged in the last one."""
    times: dict[str, list[float]] = {each.name: [] for each in subjects}
    states: dict[str, State] = {each.name: each.scorer.initial() for each in subjects}
    flagged = {}
    for number in range(WARM_UP + MEASURED):
        for each in subjects:
            started = time.perf_counter()
            scored = score(each.scorer, given[each.name][number], states[each.name])
            times[each.name].append(1000 * (time.perf_counter() - started))
            states[each.name] = scored.state
            flagged[each.name] = scored.result.bad_cells
    return {name: np.array(values[WARM_UP:]) for name, values in times.items()}, flagged


Other = Callable[[Mapping[str, MapRecord]], object]


def _others(subjects: Iterable[Subject]) -> dict[str, Other]:
    found: dict[str, Other] = {}
    if all(endcap(name, ERA).cmssw is not None for name in FILES):
        found["CMS networks, EE+ and EE- alone"] = _networks()
    found["plain pull, all maps"] = _pull(subjects)
    return found


def _networks() -> Other:
    """The two networks on pictures of the maps, nothing before and nothing after."""
    sessions = {
        f"{name}/digi": open_network(REAL / f"{file}_resnet2018.onnx") for name, file in FILES.items()
    }

    def infer(records: Mapping[str, MapRecord]) -> object:
        found = []
        for name, session in sessions.items():
            counts = records[name].counts.astype(np.float32)
            picture = np.pad(counts * np.float32(counts.size / max(counts.sum(), 1)), 1, mode="edge")
            found.append(session.run(picture.reshape(1, 1, *PADDED)))
        return found

    return infer


def _pull(subjects: Iterable[Subject]) -> Other:
    """(n - e) / sqrt(phi e) of every cell, e from the true rate, phi as usual for the map."""
    known = {each.name: (each.healthy.rate, _fano(each)) for each in subjects}

    def judge(records: Mapping[str, MapRecord]) -> object:
        return {name: _pulls(records[name], *known[name]) for name in known}

    return judge


def _fano(subject: Subject) -> NDArray[np.float64] | float:
    rate = subject.healthy.rate
    return np.maximum(1.0 - rate, 1e-3) if subject.healthy.noise == "binomial" else 12.0


def _pulls(record: MapRecord, rate: Array, fano: Array | float) -> NDArray[np.bool_]:
    expected = np.maximum(rate * float(record.events or 0), 1e-9)
    return np.asarray(np.abs(record.counts - expected) > BEYOND * np.sqrt(fano * expected))


def _raced(other: Other, given: Mapping[str, Sequence[Given]]) -> Array:
    """Milliseconds in each lumisection that is measured."""
    times = []
    for number in range(WARM_UP + MEASURED):
        records = {name: each[number].record for name, each in given.items()}
        work = partial(other, {name: record for name, record in records.items() if record is not None})
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return np.array(times[WARM_UP:])


def _texts(values: Array) -> tuple[str, str]:
    return f"{np.median(values):.2f}", f"{np.quantile(values, 0.9):.2f}"
