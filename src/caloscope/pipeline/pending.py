"""What was scored and waits for the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from caloscope.records import Incident, LumiId, MapResult, Reason
from caloscope.store import Checkpoint, Entry, Packed, packed

AT_ONCE = 32
"""Results of a map that are packed together: twice as fast as one between two lumisections."""


@dataclass(slots=True, eq=False)
class _Part:
    """Results and incidents of one map, each once, the last one of a name counts."""

    revised_from: LumiId | None
    packed: dict[LumiId, Packed] = field(default_factory=dict)
    large: dict[LumiId, MapResult] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def pack(self) -> None:
        """Make what is large small."""
        self.packed |= {small.id: small for small in packed(list(self.large.values()))}
        self.large.clear()


class Pending:
    """What follows from many lumisections of one map, as if each had been recorded by itself.

    Lumisections that came in order are one entry. A revision begins another one, for it has to undo what is
    recorded by then; what comes after it in order goes with it.
    """

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._parts)

    def add(
        self, results: Sequence[MapResult], incidents: Sequence[Incident], revised_from: LumiId | None
    ) -> None:
        """Take what one arrival changed; arrays are packed soon, so that many need little memory."""
        if revised_from is not None or not self._parts:
            self._parts.append(_Part(revised_from))
        part = self._parts[-1]
        part.large |= {LumiId(result.key.run, result.key.lumi): result for result in results}
        part.incidents |= {incident.id: incident for incident in incidents}
        if len(part.large) >= AT_ONCE:
            part.pack()

    def entries(self, checkpoints: Sequence[Checkpoint]) -> list[Entry]:
        """All of it, with the states after the last one."""
        for part in self._parts:
            part.pack()
        last = len(self._parts) - 1
        return [
            Entry(
                tuple(part.packed.values()),
                tuple(part.incidents.values()),
                checkpoints if number == last else (),
                part.revised_from,
            )
            for number, part in enumerate(self._parts)
        ]

    def contents(self, run: int) -> dict[int, tuple[str, Reason | None]]:
        """Of the results of a run, by lumi: the digest of what was read, and why it is UNKNOWN."""
        found: dict[int, tuple[str, Reason | None]] = {}
        for part in self._parts:
            part.pack()
            here = [small for place, small in part.packed.items() if place.run == run]
            found |= {small.id.lumi: (small.content, small.reason) for small in here}
        return found


def together(entries: Sequence[Entry]) -> list[Entry]:
    """Entries of several maps with as few as can be: those that revise nothing are one.

    A revision stands by itself, after what its own map recorded before it.
    """
    found: list[Entry] = []
    for revises, group in groupby(entries, key=lambda entry: entry.revised_from is not None):
        if revises:
            found += group
        else:
            found.append(_joined(list(group)))
    return found


def _joined(entries: Sequence[Entry]) -> Entry:
    return Entry(
        tuple(result for entry in entries for result in entry.results),
        tuple(incident for entry in entries for incident in entry.incidents),
        tuple(checkpoint for entry in entries for checkpoint in entry.checkpoints),
        lumis=tuple(row for entry in entries for row in entry.lumis),
    )
