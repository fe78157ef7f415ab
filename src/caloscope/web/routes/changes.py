"""The stream of changes."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from caloscope.web.events import Broadcaster
from caloscope.web.source import Opened

HEARTBEAT_SECONDS = 5
SEND_SECONDS = 20.0
"""A listener that takes nothing for so long is dropped."""

router = APIRouter()


class ChangeStream(EventSourceResponse):
    """An event stream whose listener may go away without that being an error of the server."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side has enough."""
        try:
            await super().__call__(scope, receive, send)
        except* SendTimeoutError:
            pass  # it stopped reading; the connection is closed, and a browser comes back by itself


def heartbeat() -> ServerSentEvent:
    """Says that the connection and the server are alive; it has no id, so it moves nobody's place."""
    return ServerSentEvent(event="heartbeat", data=f"{time.time():.3f}")


@router.get("/api/changes", response_class=EventSourceResponse)
async def changes(
    request: Request,
    _: Opened,
    since: Annotated[int | None, Query(ge=0, description="the last change already known")] = None,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern=r"^\d*$")] = None,
) -> ChangeStream:
    """Server-sent events: `change` with an id, `reset` when too much changed, `heartbeat` every 5 s.

    `Last-Event-ID` (sent by a browser that reconnects) goes before `since`; without either, the
    stream begins now.
    """
    broadcaster: Broadcaster = request.app.state.broadcaster
    if broadcaster.listeners >= 200:
        raise HTTPException(503, "too many listeners")
    after = int(last_event_id) if last_event_id else since
    return ChangeStream(
        broadcaster.listen(after),
        ping=HEARTBEAT_SECONDS,
        ping_message_factory=heartbeat,
        send_timeout=SEND_SECONDS,
    )
