"""Learned here, judged there: how much slower a detector becomes away from home."""

from collections.abc import Iterator
from math import isfinite, log2
from typing import Final, NamedTuple

from caloscope.study.report.charts import Grid, Heat, Tile
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.words import number, small_print
from caloscope.study.results import Interval

_MOST: Final = 4.0
"""Times as slow as at home, and as fast, from which on colours do not change."""


class Pair(NamedTuple):
    """What a detector learned from and was judged on, how slow it is, and how many times as slow as at home.

    The last is None where it did not learn from the sample that it was judged on.
    """

    detector: str
    trained: str
    tested: str
    slower: Interval
    ratio: float | None


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
    known: dict[tuple[str, str, str], Interval] = {}
    for at in of.conditions(matrix):
        for who, line in of.ranking(at).items():
            known.setdefault((who, at.trained, at.tested), line.slower)
    for (who, trained, tested), slower in known.items():
        home = known.get((who, tested, tested))
        there = home is not None and isfinite(home.value) and home.value > 0
        ratio = slower.value / home.value if there and home is not None else None
        yield Pair(who, trained, tested, slower, ratio)


def transfer_map(of: Parts, matrix: str, number_: int) -> Heat | None:
    """One grid for each detector: samples to learn from by samples to be judged on."""
    found = list(pairs(of, matrix))
    if not found:
        return None
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
    low, scale = (-reach, "times as slow as at home") if home else (0.0, "times slower than the oracle")
    powers = range(round(low), round(reach) + 1)
    ticks = tuple((float(power), f"{2.0**power:g}") for power in powers)
    title = f"Learned here, judged there{f': {matrix}' if matrix else ''}"
    heat = (title, caption, tuple(grids), "judged on", "learned from", low, reach, scale, ticks, home)
    return Heat(f"transfer-{number_}", *heat)


def _caption(home: bool) -> str:
    colour = (
        "Colour: over the same detector learned from the sample it is judged on (white); orange is slower, "
        "blue faster"
        if home
        else "Colour: the number itself, white is best"
    )
    return (
        "How many times slower than the oracle each detector is (1 = as good as can be), learned from the "
        f"sample of the row and judged on that of the column. Small print: 95 % interval. {colour}. Look for "
        "orange columns: samples on which only detectors learned there are good."
    )


def _tile(of: Pair | None, home: bool) -> Tile | None:
    if of is None or not isfinite(of.slower.value):
        return None
    place = (of.ratio or 1.0) if home else max(of.slower.value, 1.0)
    return Tile(log2(max(place, 1e-9)), number(of.slower.value), small_print(of.slower))
