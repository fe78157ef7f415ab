"""Faults as they were put into images, and as a detector can have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.records import Mask
from caloscope.study.ml4dqm.lumis import Lumis
from caloscope.study.ml4dqm.tasks import BARREL, COLUMNS, ROWS, Kind, Task

TIMES: Final = 2.0
"""Of its count what a hot cell counts that can be."""

MOVIE: Final = 10
_LATEST: Final = 8
"""A fault in a movie begins in one of its lumisections 0 to 8, and stays."""

_RBX: Final = (4, 16)
_TRIES: Final = 10_000
_ALL: Final = 999
"""Lumisections of their run."""


class Example(NamedTuple):
    """One image: which lumisection, and what is wrong in it.

    The box begins in row `y` and column `x` (of 84) and goes on around the circle in iphi; `since` counts
    lumisections of the fault, 1 for its first.
    """

    place: int
    kind: Kind = "good"
    y: int = 0
    x: int = 0
    high: int = 0
    wide: int = 0
    seed: int = 0
    since: int = 1


@dataclass(frozen=True, slots=True)
class Spoiler:
    """How faults look in one protocol: `physical` ones in channels that live, or theirs anywhere."""

    task: Task
    physical: bool
    alive: Mask

    def draw(self, lumis: Lumis, place: int, kind: Kind, rng: np.random.Generator) -> Example:
        """A fault of a kind in one lumisection; a physical one changes a channel that lives."""
        first, events = lumis.first[place], int(lumis.events[place])
        since = MOVIE - int(rng.integers(_LATEST + 1)) if self.task.movie else 1
        for _ in range(_TRIES):
            y, x, high, wide = self._box(rng)
            found = Example(place, kind, y, x, high, wide, int(rng.integers(2**31)), since)
            if not self.physical or not self.void(first, events, found):
                return found
        raise UsageError(f"lumisection {place}: found no channel that a fault changes, expected some")

    def spoiled(self, first: NDArray[np.floating], events: int, at: Example) -> NDArray[np.float32]:
        """Depth 1 of one lumisection with the fault, `(72, 84)`."""
        image = np.array(first, np.float32)
        box = _cells(at)
        top = float(image[:, self.task.columns[0] : self.task.columns[1]].max())
        match at.kind:
            case "dead":
                image[box] = 0.0
            case "hot" if self.physical:
                image[box] = np.minimum(TIMES * image[box], events)
            case "hot":
                image[box] = top if self.task.hot is None else self.task.hot
            case "random":
                rng = np.random.default_rng(at.seed)
                image[box] = rng.integers(0, max(1, int(top)), (at.high, at.wide))
            case "good":
                pass
        return image

    def void(self, first: NDArray[np.floating], events: int, at: Example) -> bool:
        """Whether a fault changes no channel that there is."""
        changed = self.spoiled(first, events, at) != first
        return at.kind != "good" and not bool((changed & self.alive).any())

    def _box(self, rng: np.random.Generator) -> tuple[int, int, int, int]:
        left, right = self.task.columns
        if self.task.rbx:
            high, wide = _RBX
            return 2 + high * int(rng.integers(ROWS // high)), BARREL[0] + wide * int(rng.integers(2)), *_RBX
        low, most = self.task.sides
        high, wide = (int(each) for each in rng.integers(low, most + 1, 2))
        y, x = int(rng.integers(ROWS - high + 1)), left + int(rng.integers(right - left - wide + 1))
        return y, x, high, wide


def mask(at: Example) -> Mask:
    """The bins of the fault, `(72, 84)`."""
    found = np.zeros((ROWS, COLUMNS), np.bool_)
    found[_cells(at)] = True
    return found


def examples(
    spoiler: Spoiler, lumis: Lumis, places: Sequence[int], copies: int, rng: np.random.Generator
) -> list[Example]:
    """Good and faulty images of some lumisections, so many times; of movies both are their last images."""
    task, found = spoiler.task, [Example(place) for _ in range(copies) for place in places]
    if task.same and not spoiler.physical:
        first = places[: round(len(places) * task.bad / len(task.kinds) / _ALL)]
        boxes = [spoiler.draw(lumis, place, "hot", rng) for place in first]
        return found + [box._replace(kind=kind) for box in boxes for kind in task.kinds]
    bad: list[Example] = []
    for good in found:
        kinds: Sequence[Kind] = task.kinds
        if task.drawn:
            kinds = [task.kinds[int(rng.choice(len(task.kinds), p=task.drawn))]]
        bad += [spoiler.draw(lumis, good.place, kind, rng) for kind in kinds]
    if task.bad:
        many = round(len(bad) * task.bad / _ALL)
        bad = [bad[number] for number in sorted(rng.permutation(len(bad))[:many])]
    return found + bad


def _cells(at: Example) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = (at.y + np.arange(at.high)) % ROWS, at.x + np.arange(at.wide)
    return rows[:, np.newaxis], columns[np.newaxis, :]
