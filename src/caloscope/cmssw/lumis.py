"""Lumisections of a job: chunks of them, and how the command line of a job writes them."""

from collections.abc import Iterator
from typing import Final

from caloscope.config.ranges import Ranges

MOST: Final = 100_000
"""More lumisections than any run has; a run of a day has 3,700."""


def count(lumis: Ranges) -> int:
    """How many lumisections there are, without listing them."""
    return sum(last - first + 1 for first, last in lumis.pairs)


def listed(lumis: Ranges) -> Iterator[int]:
    """Each lumisection, ascending."""
    for first, last in lumis.pairs:
        yield from range(first, last + 1)


def plus(lumis: Ranges) -> str:
    """`1-3+7`: for a job, whose batch system splits its arguments at commas."""
    return str(lumis).replace(",", "+")


def chunks(lumis: Ranges, size: int) -> list[Ranges]:
    """The lumisections in order, `size` of them a chunk; the last chunk may have fewer."""
    numbers = list(listed(lumis))
    return [Ranges.of(numbers[start : start + size]) for start in range(0, len(numbers), size)]
