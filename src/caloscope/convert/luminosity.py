"""Pileup from luminosity measured offline."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from caloscope.certification import BrilLumi
from caloscope.convert.request import Request
from caloscope.records import LumiId


@dataclass(frozen=True, slots=True)
class Luminosity:
    """What a luminosity file says of each lumisection."""

    lumis: Mapping[LumiId, BrilLumi]

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """The luminosity file of a request, None where there is none."""
        found = request.luminosity()
        return None if found is None else cls(found)

    def pileup(self, last: LumiId, span: int) -> float | None:
        """Mean pileup of the `span` lumisections up to `last`; None unless all of them are known.

        Weighted with the recorded luminosity, as the events are; without weights where nothing was recorded.
        """
        found = [self.lumis.get(LumiId(last.run, last.lumi - back)) for back in range(span)]
        values = [(each.pileup, each.recorded) for each in found if each and each.pileup is not None]
        if len(values) != span:
            return None
        total = math.fsum(weight for _, weight in values)
        if total <= 0:
            return math.fsum(value for value, _ in values) / span
        return math.fsum(value * weight for value, weight in values) / total
