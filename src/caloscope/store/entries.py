"""What goes into the tables together, and results small enough that many can wait for one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from caloscope.records import Incident, LumiId, MapResult, Reason, ResultKey
from caloscope.store.columns import Values, result_values
from caloscope.store.flagging import Flagged, flagged
from caloscope.store.packing import pack_all
from caloscope.store.rows import Checkpoint, LumiRow


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A result with its arrays compressed; `values` are its columns but for the series and the time."""

    key: ResultKey
    id: LumiId
    content: str
    reason: Reason | None
    values: Values
    blob: bytes
    flagged: Flagged


def packed(results: Sequence[MapResult]) -> list[Packed]:
    """Results made small; what they were made from is not kept. Many at a time are faster."""
    found = [flagged(result) for result in results]
    return [
        Packed(result.key, flags.id, result.content, result.reason, result_values(result), blob, flags)
        for result, flags, blob in zip(results, found, pack_all(results), strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What is recorded together: results with their flags, incidents as they are now, the states after them.

    `revised_from` is where a revision begins; None: there is nothing to revise. Every result and every
    incident is there once. `lumis` are the conditions of lumisections, each whole, as they are known now; a
    revision leaves those alone that it does not bring. See `Store.record`.
    """

    results: Sequence[MapResult | Packed] = ()
    incidents: Sequence[Incident] = ()
    checkpoints: Sequence[Checkpoint] = ()
    revised_from: LumiId | None = None
    lumis: Sequence[LumiRow] = ()

    def packed(self) -> list[Packed]:
        """The results, small."""
        small = [each for each in self.results if isinstance(each, Packed)]
        return small + packed([each for each in self.results if not isinstance(each, Packed)])
