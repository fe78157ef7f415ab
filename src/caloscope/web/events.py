"""Tells any number of listeners what changed in the store, as server-sent events.

One task looks into the store for all of them. Each listener has a short queue; one that stops reading is
dropped, and a browser then comes back by itself with the id of the last event that it saw.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence

from caloscope.errors import StoreError
from caloscope.store import ChangeRow
from caloscope.web.source import Source

POLL_SECONDS = 0.1
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
        batch = [event_of(change) for change in new] if len(new) <= BACKLOG else [reset(self.after)]
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


class Broadcaster:
    """Polls the store while anybody listens. Lives on one event loop."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listeners(self) -> int:
        """Number of open connections."""
        return len(self._listeners)

    async def listen(self, after: int | None) -> AsyncIterator[Event]:
        """What changes from now on, or since change `after`; ends when dropped or closed."""
        missed, last = await asyncio.to_thread(self._missed, after)
        listener = Listener(last)
        if self._closed:
            return
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            for event in missed:
                yield event
            while (batch := await listener.queue.get()) is not None and not listener.dropped:
                for event in batch:
                    yield event
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """End all connections and the polling."""
        self._closed = True
        for listener in self._listeners:
            listener.end()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _missed(self, after: int | None) -> tuple[list[Event], int]:
        """What a listener that saw change `after` has missed, and the change to go on from."""
        last = self._source.store.last_change()
        if after is None:
            return [], last
        if after > last:  # another store has taken the place of the one it knew
            return [reset(last)], last
        changes = self._source.store.changes_since(after, limit=BACKLOG + 1)
        if len(changes) > BACKLOG:
            return [reset(last)], last
        return [event_of(change) for change in changes], changes[-1].id if changes else after

    async def _poll(self) -> None:
        """Look into the store while there are listeners; a store that fails is looked at again."""
        while self._listeners:
            after = min(listener.after for listener in self._listeners)
            with contextlib.suppress(StoreError):
                changes = await asyncio.to_thread(self._source.store.changes_since, after)
                for listener in list(self._listeners):
                    if not listener.offer(changes):
                        self._listeners.discard(listener)
            await asyncio.sleep(POLL_SECONDS)
