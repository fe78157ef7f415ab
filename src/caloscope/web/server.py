"""Runs the application until it is told to stop."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from caloscope.errors import UsageError
from caloscope.web.app import create_app


def serve(
    store_url: str,
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    stop: threading.Event | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page of a store; returns after `stop` is set, or after an interrupt in the main thread.

    `port` 0 takes a free one. `ready` is told the page's address once it answers. Raises `UsageError` when
    the address cannot be had.
    """
    app = create_app(store_url)
    with _listening(host, port) as listener, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(app, listener, stop, ready))


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens, opened here so that a taken port is one clear line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches off the wait for full packets only then.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"{host}:{port}: cannot listen there ({error}); choose another --port") from error
    return listener


async def _serve(
    app: FastAPI,
    listener: socket.socket,
    stop: threading.Event | None,
    ready: Callable[[str], None] | None,
) -> None:
    """Run the server and the one who watches `stop` beside each other."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    watcher = asyncio.create_task(_watch(server, app, listener, stop, ready))
    try:
        await server.serve(sockets=[listener])
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def _watch(
    server: uvicorn.Server,
    app: FastAPI,
    listener: socket.socket,
    stop: threading.Event | None,
    ready: Callable[[str], None] | None,
) -> None:
    """Say when the page can be had; at the end close the streams, or the server would wait for them."""
    while not server.started and not server.should_exit:
        await asyncio.sleep(0.02)
    if ready is not None and server.started:
        host, port = listener.getsockname()[:2]
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    while not server.should_exit:
        if stop is not None and stop.is_set():
            server.should_exit = True
        await asyncio.sleep(0.1)
    await app.state.broadcaster.close()
