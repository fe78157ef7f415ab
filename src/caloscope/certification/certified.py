"""The lumisections that a certification file names."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Range = tuple[int, int]
"""First and last lumisection, both included."""


@dataclass(frozen=True, slots=True)
class Certified:
    """Ranges of lumisections by run, ascending and apart from each other."""

    ranges: Mapping[int, tuple[Range, ...]]

    @property
    def runs(self) -> frozenset[int]:
        """The runs named, those without a lumisection included."""
        return frozenset(self.ranges)

    def holds(self, run: int, lumi: int) -> bool:
        """Whether a lumisection is certified."""
        ranges = self.ranges.get(run, ())
        place = bisect_right(ranges, lumi, key=lambda one: one[0])
        return place > 0 and lumi <= ranges[place - 1][1]


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Ranges in order, those that touch or overlap made one."""
    return tuple(_merge(sorted(ranges)))


def _merge(ranges: list[Range]) -> Iterator[Range]:
    if not ranges:
        return
    first, last = ranges[0]
    for start, end in ranges[1:]:
        if start > last + 1:
            yield first, last
            first, last = start, end
        else:
            last = max(last, end)
    yield first, last
