"""What a lumisection is judged by beside its own map."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from caloscope.geometry import View
from caloscope.pipeline.gate import closed
from caloscope.pipeline.state import Given
from caloscope.records import Conditions, LumiState, Reason


class Meaning(NamedTuple):
    """What of it decides: where that is the same, so is the verdict.

    `shut` is why the map is not judged, reason and words, None where it is: the words name what is off.
    """

    shut: tuple[Reason, str] | None
    coherent: float
    retriggered: bool


@dataclass(frozen=True, slots=True)
class Ambient:
    """What sources tell of the conditions, and what other maps show; see `Given` for each of them."""

    conditions: Conditions
    accepted: frozenset[LumiState]
    coherent: float
    retriggered: bool

    @classmethod
    def of(cls, given: Given) -> Self:
        """What a lumisection was judged by."""
        return cls(given.conditions, given.accepted, given.coherent, given.retriggered)

    def given(self, given: Given) -> Given:
        """A lumisection that is to be judged by this."""
        return replace(
            given,
            conditions=self.conditions,
            accepted=self.accepted,
            coherent=self.coherent,
            retriggered=self.retriggered,
        )

    def means(self, view: View) -> Meaning:
        """What of it decides about a map on a view."""
        why = closed(self.conditions, self.accepted, view)
        shut = None if why is None else (why.reason, why.detail)
        return Meaning(shut, self.coherent, self.retriggered)
