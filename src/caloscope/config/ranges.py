"""Numbers as people write them: `1-3,7`."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Self

from caloscope.errors import UsageError

_LONGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Ranges:
    """Whole numbers in ranges, both ends included; ascending and apart from each other."""

    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ranges in a text such as `1-3,7`; raises `UsageError` for anything else."""
        if len(text) > _LONGEST:
            raise UsageError(f"{text[:80]!r}...: found {len(text)} characters, expected at most {_LONGEST}")
        pairs = []
        for part in text.split(","):
            found = re.fullmatch(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", part.strip())
            low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
            if low > high:
                raise UsageError(
                    f"{text[:80]!r}: found {part.strip()[:40]!r}, expected numbers such as 1-3,7"
                )
            pairs.append((low, high))
        return cls(_joined(pairs))

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """The ranges that hold exactly these numbers."""
        return cls(_joined([(number, number) for number in numbers]))

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self.pairs, number, key=itemgetter(0))
        return place > 0 and number <= self.pairs[place - 1][1]

    def __str__(self) -> str:
        return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in self.pairs)


def _joined(pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same numbers in ascending ranges that do not touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)
