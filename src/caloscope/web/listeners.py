"""One listener to the stream of changes, and what it is told."""

import asyncio
import contextlib
import json
from collections.abc import Sequence

from caloscope.store import ChangeRow

QUEUE_LENGTH = 64
BACKLOG = 500
"""More changes than this at once are told as one `reset`: look at everything again."""
Event = dict[str, str]


def event_of(change: ChangeRow) -> Event:
    """One change as an event; its id is what a listener resumes from."""
    fields = {"kind": change.kind, "label": change.label, "run": change.run}
    fields |= {"lumi": change.lumi, "map": change.map}
    return {"event": "change", "id": str(change.id), "data": json.dumps(fields)}


def reset(last: int) -> Event:
    """The event that says: too much changed to be told one by one."""
    return {"event": "reset", "id": str(last), "data": json.dumps({"last_change": last})}


class Listener:
    """One open connection: a queue of batches, closed by None."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.queue: asyncio.Queue[list[Event] | None] = asyncio.Queue(QUEUE_LENGTH)
        self.dropped = False

    def offer(self, changes: Sequence[ChangeRow]) -> bool:
        """Queue what this listener has not seen; False when it has stopped reading."""
        new = [change for change in changes if change.id > self.after]
        if not new:
            return True
        self.after = new[-1].id
        return self._put([event_of(change) for change in new] if len(new) <= BACKLOG else [reset(self.after)])

    def start_again(self, last: int) -> bool:
        """Queue the word that everything is to be looked at again; False when it has stopped reading."""
        self.after = last
        return self._put([reset(last)])

    def _put(self, batch: list[Event]) -> bool:
        try:
            self.queue.put_nowait(batch)
        except asyncio.QueueFull:
            self.end()
            return False
        return True

    def end(self) -> None:
        """Close the connection as soon as it looks into its queue, whatever is still in there."""
        self.dropped = True
        with contextlib.suppress(asyncio.QueueFull):
            self.queue.put_nowait(None)
