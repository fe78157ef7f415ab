"""Tells any number of listeners what changed in the store, as server-sent events.

One task waits for commits to the store for all of them, and reads what changed only then. Each listener has
a short queue; one that stops reading is dropped, and a browser then comes back by itself with the id of the
last event that it saw.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from caloscope.errors import StoreError
from caloscope.store import ChangeRow
from caloscope.store.noticing import Identity, Notice, identity
from caloscope.web.listeners import BACKLOG, Event, Listener, event_of, reset
from caloscope.web.source import Source

WAIT_SECONDS = 1.0
"""A wait for a commit ends after so long, to see whether anybody still listens."""
RETRY_SECONDS = 0.5
"""Until a store that cannot be read is looked at again."""
AT_ONCE = 5_000
"""Changes that are read in one go."""


class Broadcaster:
    """Watches the store while anybody listens. Lives on one event loop."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._notice: Notice | None = None
        self._file: Identity = None
        self._moved = False
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
        if self._notice is not None:
            self._notice.nudge()  # others may have been told of changes since this one asked for the last
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            for event in missed:
                yield event
            while (batch := await listener.queue.get()) is not None and not listener.dropped:
                for event in batch:
                    yield event
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """End all connections and the watching."""
        self._closed = True
        self._forget()
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
        changes = self._source.store.all_changes_since(after, limit=BACKLOG + 1)
        if changes is None or len(changes) > BACKLOG:
            return [reset(last)], last
        return [event_of(change) for change in changes], changes[-1].id if changes else after

    async def _watch(self) -> None:
        """Tell what changes while there are listeners; a store that fails is looked at again."""
        while self._listeners:
            try:
                await self._tell()
            except StoreError:
                self._forget()
                await asyncio.sleep(RETRY_SECONDS)

    async def _tell(self) -> None:
        """Wait for a commit, and offer what changed to all listeners."""
        if not await asyncio.to_thread(self._wait) or not self._listeners:
            return
        # Asked for only now: those who came during the wait may have seen less than the others.
        after = min(listener.after for listener in self._listeners)
        changes = await asyncio.to_thread(self._next, after)
        last = await asyncio.to_thread(self._source.store.last_change) if changes is None else 0
        for listener in list(self._listeners):
            if not (listener.start_again(last) if changes is None else listener.offer(changes)):
                self._listeners.discard(listener)

    def _wait(self) -> bool:
        """Wait for the next commit, for a while; whether there is something to look at."""
        if self._closed:
            return False
        if self._notice is not None and self._notice.file != identity(self._source.url):
            self._forget()
        notice = self._notice
        if notice is None:
            self._source.renew()
            notice = self._notice = Notice(self._source.url)
            self._moved = self._file not in (None, notice.file)
            self._file = notice.file
        return notice.wait(WAIT_SECONDS)

    def _next(self, after: int) -> list[ChangeRow] | None:
        """The changes after `after`.

        None: another store has taken the place of the one that was open, or the changes were trimmed before
        anybody could read them.
        """
        if self._moved:
            self._moved = False
            return None
        changes = self._source.store.all_changes_since(after, limit=AT_ONCE)
        if changes is not None and len(changes) == AT_ONCE and self._notice is not None:
            self._notice.nudge()
        return changes

    def _forget(self) -> None:
        """Close what waits for commits."""
        if self._notice is not None:
            self._notice.close()
            self._notice = None
