"""Which images are learned from, which choose the checkpoint, and which are judged: theirs, and honest.

Theirs: one run, images drawn at random, and the checkpoint chosen on the images that are judged. Honest: runs
in time order that differ in events and pileup; some are learned from, others choose, the rest is judged once.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from caloscope.simulate import Fill, realistic
from caloscope.study.ml4dqm.faults import MOVIE, Example, Spoiler, examples
from caloscope.study.ml4dqm.images import mean_of
from caloscope.study.ml4dqm.lumis import Lumis, alive, lumis, on
from caloscope.study.ml4dqm.tasks import Task

Protocol: TypeAlias = Literal["theirs", "honest"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("theirs", "honest")

RUN: Final = 306138
EVENTS: Final = 2050
"""At the start: then the run has 1,564 events a lumisection on average, as run 306138 had."""

SEED: Final = 5
_FIRST: Final = 310_000


@dataclass(frozen=True, slots=True)
class Amounts:
    """Lumisections of their run; how many runs of what length are learned from, choose, and are judged."""

    theirs: int = 999
    learned: int = 6
    held: int = 3
    judged: int = 8
    length: int = 100


USUAL: Final = Amounts()
QUICK: Final = Amounts(40, 2, 2, 1, 15)


@dataclass(frozen=True)
class Data:
    """One task in one protocol.

    `learn`, `held` and `judged` are examples; `good` are the places of lumisections in which nothing is wrong
    that are learned from, `calibrate` those that thresholds may be calibrated on (none: by formula).
    """

    lumis: Lumis
    spoiler: Spoiler
    learn: list[Example]
    held: list[Example]
    judged: list[Example]
    good: list[int]
    calibrate: list[int]

    @cached_property
    def fill(self) -> float:
        """What zeros are filled with."""
        return mean_of(self.lumis, self.good, self.spoiler.task)


def data_of(task: Task, protocol: Protocol, amounts: Amounts, folder: Path) -> Data:
    """The data of one task in one protocol."""
    return _theirs(task, amounts, folder) if protocol == "theirs" else _honest(task, amounts, folder)


def fills_of(protocol: Protocol, amounts: Amounts) -> tuple[Fill, ...]:
    """The runs of a protocol, in time order."""
    if protocol == "theirs":
        run = realistic(RUN, amounts.theirs, SEED, events=EVENTS, pileup=55.0, dataset="JetHT", gaps=0.0)
        return (run,)
    every = amounts.learned + amounts.held + amounts.judged
    return tuple(
        realistic(_FIRST + run, amounts.length, SEED, dataset="JetHT", gaps=0.0, day=2.0 * run)
        for run in range(every)
    )


def _theirs(task: Task, amounts: Amounts, folder: Path) -> Data:
    found = lumis(fills_of("theirs", amounts), folder)
    spoiler = Spoiler(task, False, np.asarray(on().exists[0]))
    rng = np.random.default_rng([SEED, *task.name.encode()])
    if task.alone:
        return _alone(found, spoiler, rng)
    drawn = examples(spoiler, found, range(len(found)), task.copies, rng)
    order = rng.permutation(len(drawn))
    many = round(task.test * len(drawn))
    judged, learn = ([drawn[number] for number in part] for part in (order[:many], order[many:]))
    if task.movie:
        judged = _movies(judged, found)
    return Data(found, spoiler, learn, judged, judged, _good(learn), [])


def _alone(found: Lumis, spoiler: Spoiler, rng: np.random.Generator) -> Data:
    """The first images are learned from, the rest is drawn: some choose the checkpoint, bad ones too."""
    task = spoiler.task
    drawn = examples(spoiler, found, range(len(found)), task.copies, rng)
    good = [each for each in drawn if each.kind == "good"]
    many = round(task.alone * len(good))
    rest = good[many:] + [each for each in drawn if each.kind != "good"]
    order = rng.permutation(len(rest))
    cut = round((1.0 - task.test) * len(rest))
    held, judged = ([rest[number] for number in part] for part in (order[:cut], order[cut:]))
    return Data(found, spoiler, good[:many], held, judged, _good(good[:many]), [])


def _honest(task: Task, amounts: Amounts, folder: Path) -> Data:
    found = lumis(fills_of("honest", amounts), folder)
    spoiler = Spoiler(task, True, alive())
    ends = np.cumsum([0, amounts.learned, amounts.held, amounts.judged]) + _FIRST
    parts = [
        [int(place) for place in np.flatnonzero((found.run >= low) & (found.run < high))]
        for low, high in pairwise(ends)
    ]
    rng = np.random.default_rng([SEED, 1, *task.name.encode()])
    copies = (task.copies, 1, 1)
    learn, held, judged = (
        examples(spoiler, found, part, many, rng) for part, many in zip(parts, copies, strict=True)
    )
    if task.movie:
        judged = _movies(judged, found)
    if task.alone:
        learn, held = ([each for each in part if each.kind == "good"] for part in (learn, held))
    return Data(found, spoiler, learn, held, judged, parts[0], parts[1])


def _good(chosen: list[Example]) -> list[int]:
    return sorted({each.place for each in chosen if each.kind == "good"})


def _movies(chosen: list[Example], found: Lumis) -> list[Example]:
    """Those that have enough lumisections of their run before them, each once."""
    whole = (
        each
        for each in chosen
        if each.place >= MOVIE - 1 and found.run[each.place] == found.run[each.place - MOVIE + 1]
    )
    return list(dict.fromkeys(whole))
