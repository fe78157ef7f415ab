"""Faults that are made in measured counts: some cells at a time, one set after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle import Bundle
from caloscope.records import Mask
from caloscope.study.real.judging import judge
from caloscope.study.real.measured import Fold, Measured, Whole

NEVER: Final = 999
"""Delay of a fault that is not found."""

OWN: Final = "its counts"
DIGIS: Final = "digis and their rec hits"
HITS: Final = "rec hits only"
"""What is thinned: the map's own counts; of a difference, digis with their rec hits, or rec hits alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Thinned:
    """Held-out lumisections in which every cell is faulty; `kind` is what was thinned, to `factor`.

    Counts and, of a difference, digis are `(lumi, [depth,] y, x)`.
    """

    kind: str
    factor: float
    counts: Whole
    digis: Whole | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Cells that were faulty by turns, as one detector saw them in one fold.

    `cell` is the place in the view, flat, with `fold` before it in `key`; `expects` `(trial,)` is the count
    due in the first lumisection (of a difference: of digis); `delay` in lumisections, `NEVER` for none.
    `wrong` flags were of `sound` cells, lumisections counted one by one; `unknown` lumisections of `looks`
    had no verdict.
    """

    sample: str
    detector: str
    kind: str
    factor: float
    fold: int
    cell: NDArray[np.int64]
    expects: NDArray[np.float64]
    delay: NDArray[np.int64]
    wrong: int
    sound: int
    unknown: int
    looks: int

    @property
    def key(self) -> NDArray[np.int64]:
        """A number for each trial that is the same in all samples of a view."""
        return self.cell + self.fold * 10_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """The cells of one fold that get a turn, by sets, with what they expect in the first lumisection."""

    fold: Fold
    number: int
    sets: tuple[Mask, ...]
    expects: NDArray[np.float64]


def turns(of: Measured, fold: Fold, number: int, *, places: float, sets: int, seed: int) -> Turns:
    """Which cells are faulty together: the same in all samples of a view, where they count in both.

    Those that never counted in what is learned, or that are listed as faulty, get no turn.
    """
    base = of.counts if of.digis is None else of.digis
    learned, first = list(fold.learned), fold.judged[0]
    scale = of.events.reshape(-1, *[1] * (base.ndim - 1))
    expects = np.median(base[learned] / scale[learned], axis=0) * float(of.events[first])
    living = of.on.exists & (base[learned].sum(axis=0) > 0)
    if of.hits is not None:
        living &= of.hits[learned].sum(axis=0) > 0
    for place in fold.judged:
        living = living & ~of.aside(place)
    order = np.random.default_rng([seed, of.on.exists.size]).permutation(np.flatnonzero(of.on.exists))
    drawn = np.array_split(order, max(1, round(1.0 / places)))[:sets]
    return Turns(fold, number, tuple(_mask(cells, living) for cells in drawn), expects)


def thinned(of: Measured, fold: Fold, factors: Sequence[float], seed: int) -> Iterator[Thinned]:
    """All cells of the held-out lumisections with a binomial share of their counts, which is exact."""
    places = list(fold.judged)
    for number, factor in enumerate(factors):
        rng = np.random.default_rng([seed, places[0], number])
        if of.digis is None or of.hits is None:
            yield Thinned(OWN, factor, rng.binomial(of.counts[places], factor))
            continue
        hits, lost = rng.binomial(of.hits[places], factor), rng.binomial(of.counts[places], factor)
        yield Thinned(DIGIS, factor, lost, hits + lost)
        yield Thinned(HITS, factor, np.maximum(of.digis[places] - hits, 0), of.digis[places])


def injected(of: Measured, at: Turns, bad: Thinned, made: Bundle) -> Trials:
    """Every set of cells in turn, faulty from the first held-out lumisection to the last."""
    delay = np.full(of.on.shape, NEVER)
    wrong = sound = unknown = 0
    for cells in at.sets:
        for number, place in enumerate(_watched(of, at, bad, cells, made), start=1):
            flagged, verdict, fine = place
            unknown += not verdict
            sound += int(fine.sum()) if verdict else 0
            wrong += int((flagged & fine).sum())
            delay[cells & flagged] = np.minimum(delay[cells & flagged], number)
    every = np.any(at.sets, axis=0)
    return Trials(
        of.title,
        made.detector.name,
        bad.kind,
        bad.factor,
        at.number,
        np.flatnonzero(every),
        at.expects[every],
        delay[every].astype(np.int64),
        wrong,
        sound,
        unknown,
        len(at.sets) * len(at.fold.judged),
    )


def _watched(
    of: Measured, at: Turns, bad: Thinned, cells: Mask, made: Bundle
) -> Iterator[tuple[Mask, bool, Mask]]:
    """Flags, whether there was a verdict, and which cells are sound, of one lumisection after the other."""
    given = []
    for row, place in enumerate(at.fold.judged):
        counts = np.where(cells, bad.counts[row], of.counts[place])
        beside = (
            None
            if bad.digis is None or of.digis is None
            else np.where(cells, bad.digis[row], of.digis[place])
        )
        given.append(of.given(place, judged=True, counts=counts, digis=beside))
    for place, seen in zip(at.fold.judged, judge(made, given), strict=True):
        sound = made.detector.alive & of.on.exists & ~of.aside(place) & ~cells
        yield seen.flagged, not seen.why, sound


def _mask(cells: NDArray[np.int64], living: Mask) -> Mask:
    found = np.zeros(living.size, np.bool_)
    found[cells] = True
    return np.asarray(found.reshape(living.shape) & living)
