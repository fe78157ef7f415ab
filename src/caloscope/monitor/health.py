"""The server of `/healthz` and `/metrics`: a thread of its own that knows these pages and nothing else."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, ClassVar, Final, TypeAlias

from caloscope.errors import UsageError

MOST_REQUESTS: Final = 8
"""Requests at a time; more are turned away at once, so that nobody takes the monitor's processor."""

HEAD_SECONDS: Final = 1.0
"""A request that has not come whole by then is dropped: who says nothing must not keep others from asking."""

REQUEST_SECONDS: Final = 5.0
"""And so long the answer may take to go."""

MOST_BYTES: Final = 8_192
"""Longest head of a request."""

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, media type, body."""


def healthz(well: bool, report: dict[str, object]) -> Answer:
    """The answer to whether all is well: 200, or 503 where somebody has to come."""
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return (status, "application/json", json.dumps(report, indent=1).encode() + b"\n")


@contextmanager
def answering(host: str, port: int, pages: dict[str, Callable[[], Answer]]) -> Iterator[str]:
    """Answer with `pages` by path until the block ends; yields the address, as `http://HOST:PORT`.

    Port 0 is any free one. Raises `UsageError` when the address cannot be had.
    """
    server = _server(host, port, pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        name, number = server.server_address[:2]
        yield f"http://{f'[{name!s}]' if ':' in str(name) else name!s}:{number}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _server(host: str, port: int, pages: dict[str, Callable[[], Answer]]) -> "_Server":
    handler = type("_Pages", (_Handler,), {"pages": pages})
    kind = _Server6 if ":" in host else _Server
    try:
        return kind((host, port), handler)
    except (OSError, UnicodeError) as error:
        why = f"cannot listen there ({getattr(error, 'strerror', None) or error})"
        raise UsageError(f"health {host}:{port}: {why}, expected a free port of this host") from error


class _Server(ThreadingMixIn, HTTPServer):
    """A thread for each request, few at a time, that no end of the monitor waits for."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, *given: Any) -> None:
        self._free = threading.Semaphore(MOST_REQUESTS)
        super().__init__(*given)

    def server_bind(self) -> None:
        """Listen, without a question to the name server, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread where one is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell."""


class _Server6(_Server):
    """The same on an address of IPv6."""

    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    """One request, whose head is read whole and within a time before anything else is done."""

    pages: ClassVar[dict[str, Callable[[], Answer]]] = {}
    timeout = REQUEST_SECONDS

    def version_string(self) -> str:
        """Who answers, without the version of what is behind it."""
        return "caloscope"

    def setup(self) -> None:
        """Read the head of the request."""
        super().setup()
        self.rfile = BytesIO(_head(self.connection))

    def do_GET(self) -> None:
        """Answer with the page, or 404."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without its body."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: who asks each few seconds would fill the log."""

    def _answer(self, *, with_body: bool) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        none = (HTTPStatus.NOT_FOUND, "text/plain", f"{' and '.join(self.pages)} are all there is\n".encode())
        status, kind, body = none if page is None else page()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self.wfile.write(body)


def _head(connection: socket.socket) -> bytes:
    """The head of a request; empty where it does not come in time, or is too long."""
    deadline = time.monotonic() + HEAD_SECONDS
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or len(head) > MOST_BYTES:
            return b""
        connection.settimeout(left)
        try:
            more = connection.recv(MOST_BYTES)
        except OSError:
            return b""
        if not more:
            return b""
        head += more
    connection.settimeout(REQUEST_SECONDS)
    return head
