"""Learned here, judged there: how much slower a detector becomes away from home."""

from collections.abc import Iterator
from math import isfinite, log2, nan
from typing import Final, NamedTuple

from caloscope.study.report.charts import Grid, Heat, Tile
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.words import number, small_print
from caloscope.study.results import NOTHING, Interval, RankLine

_MOST: Final = 4.0
"""Times as slow as at home, and as fast, from which on colours do not change."""


HALF: Final = 0.5


class Pair(NamedTuple):
    """What a detector learned from and was judged on, how slow it is, and how many times as slow as at home.

    The ratio is None where it did not learn from the sample that it was judged on. `judged` is the share of
    trials in which it gave a verdict, NaN where that is not known, `false` its rate of false incidents.
    """

    detector: str
    trained: str
    tested: str
    slower: Interval
    ratio: float | None
    judged: float = nan
    false: Interval = NOTHING

    @property
    def refused(self) -> bool:
        """Whether there was a verdict in less than half of the trials."""
        return self.judged < HALF


def transfers(of: Parts) -> tuple[str, ...]:
    """The matrices with more than one sample to learn from or to be judged on."""
    return tuple(
        matrix
        for matrix in of.matrices
        if max(
            len({each.trained for each in of.conditions(matrix)}),
            len({each.tested for each in of.conditions(matrix)}),
        )
        > 1
    )


def pairs(of: Parts, matrix: str) -> Iterator[Pair]:
    """All that the ranking knows of a matrix; home is what was learned from the sample itself."""
    known: dict[tuple[str, str, str], tuple[RankLine, float]] = {}
    for at in of.conditions(matrix):
        lines = of.lines(at)
        for who, line in of.ranking(at).items():
            shares = [each.judged.value for (name, _), each in lines.items() if name == who]
            judged = sum(shares) / len(shares) if shares else nan
            known.setdefault((who, at.trained, at.tested), (line, judged))
    for (who, trained, tested), (line, judged) in known.items():
        home = known.get((who, tested, tested))
        value = nan if home is None else home[0].slower.value
        ratio = line.slower.value / value if isfinite(value) and value > 0 else None
        yield Pair(who, trained, tested, line.slower, ratio, judged, line.false)


def transfer_map(of: Parts, matrix: str, number_: int) -> Heat | None:
    """One grid for each detector: samples to learn from by samples to be judged on."""
    found = list(pairs(of, matrix))
    if not found:
        return None
    if all(each.trained == each.tested for each in found):
        return _home_map(of, found, matrix, number_)
    at: list[Conditions] = list(of.conditions(matrix))
    rows = tuple(dict.fromkeys(each.trained for each in at))
    columns = tuple(dict.fromkeys(each.tested for each in at))
    home = any(each.ratio is not None for each in found)
    known = [each.slower.value for each in found if isfinite(each.slower.value)]
    worst = max((log2(max(each, 1.0)) for each in known), default=0.0)
    reach = log2(_MOST) if home else max(worst, 1.0)
    grids = []
    for who in of.detectors:
        mine = {(each.trained, each.tested): each for each in found if each.detector == who}
        if mine:
            tiles = tuple(tuple(_tile(mine.get((row, column)), home) for column in columns) for row in rows)
            grids.append(Grid(who, rows, columns, tiles))
    caption = _caption(home)
    low, scale = (-reach, "times at home") if home else (0.0, of.slowness)
    powers = range(round(low), round(reach) + 1)
    ticks = tuple((float(power), f"{2.0**power:g}") for power in powers)
    title = f"Learned here, judged there{f': {matrix}' if matrix else ''}"
    heat = (title, caption, tuple(grids), "judged on", "learned from", low, reach, scale, ticks, home)
    return Heat(f"transfer-{number_}", *heat)


def _home_map(of: Parts, found: list[Pair], matrix: str, number_: int) -> Heat:
    """One grid of detectors by samples, each judged where it learned."""
    rows = tuple(who for who in of.detectors if who in {each.detector for each in found})
    columns = tuple(dict.fromkeys(each.tested for each in found))
    mine = {(each.detector, each.tested): each for each in found}
    tiles = tuple(tuple(_tile(mine.get((row, column)), home=False) for column in columns) for row in rows)
    known = [each.slower.value for each in found if isfinite(each.slower.value)]
    reach = max([1.0, *(log2(max(each, 1.0)) for each in known)])
    ticks = tuple((float(power), f"{2.0**power:g}") for power in range(round(reach) + 1))
    caption = (
        "How many times slower than the oracle each detector is (1 = as good as can be) on the sample that "
        "it learned from. Small print: 95 % interval. White is best. Look for rows that stay white."
    )
    title = f"Each where it learned{f': {matrix}' if matrix else ''}"
    grid = (Grid("", rows, columns, tiles),)
    return Heat(
        f"transfer-{number_}", title, caption, grid, "judged on", "", 0.0, reach, of.slowness, ticks, False
    )


def _caption(home: bool) -> str:
    colour = (
        "Colour: over the same detector learned from the sample it is judged on, at home (white); orange is "
        "slower, blue faster"
        if home
        else "Colour: the number itself, white is best"
    )
    return (
        "How many times slower than the oracle each detector is (1 = as good as can be), learned from the "
        f"sample of the row and judged on that of the column. Small print: 95 % interval. None: no "
        f"verdict in most trials, the detector says that it knows no such map. {colour}. Look for "
        "orange columns: samples on which only detectors learned there are good."
    )


def _tile(of: Pair | None, home: bool) -> Tile | None:
    if of is None or not isfinite(of.slower.value):
        return None
    place = (of.ratio or 1.0) if home else max(of.slower.value, 1.0)
    if of.refused:
        return Tile(log2(max(place, 1e-9)), "none", f"{100 * of.judged:.0f} % judged")
    return Tile(log2(max(place, 1e-9)), number(of.slower.value), small_print(of.slower))
