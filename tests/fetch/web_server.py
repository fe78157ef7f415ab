"""A real web server on the loopback interface, with good manners and bad ones."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class WebServer(ThreadingHTTPServer):
    """Serves `files` by path; `odd` paths answer as their names say."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.failures: dict[str, int] = {}
        self.released = threading.Event()
        self.scheme = "http"
        self.elsewhere = ""
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the tests."""

    def end(self) -> None:
        """Stop serving."""
        self.released.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        if self.path.startswith("/nohead"):
            self._answer(405, b"")
        else:
            self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path))
        path = unquote(self.path.partition("?")[0])[1:]
        odd = getattr(self, f"_{path.partition('/')[0]}", None)
        left = self.server.failures.get(path, 0)
        if left:
            self.server.failures[path] = left - 1
            self._answer(503, b"busy")
        elif path in self.server.files:
            self._answer(200, self.server.files[path], tag=self.server.tags.get(path))
        elif odd is not None:
            odd(path)
        elif path.endswith("/") and any(name.startswith(path) for name in self.server.files):
            self._index(path)
        else:
            self._answer(404, b"no")

    def _answer(self, status: int, body: bytes, tag: str | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("length", str(len(body))))
        self.send_header("Content-Type", headers.pop("kind", "application/octet-stream"))
        if tag:
            self.send_header("ETag", tag)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _index(self, folder: str) -> None:
        names = {name[len(folder) :].partition("/") for name in self.server.files if name.startswith(folder)}
        links = [f'<a href="{name.replace(" ", "%20")}{slash}">x</a>' for name, slash, _ in names]
        more = ['<a href="../">up</a>', '<a href="?C=N;O=D">sort</a>', '<a href="http://[bad/">bad</a>']
        more += ['<a href="https://elsewhere.invalid/LS9.root">away</a>', '<a href="/LS8.root">root</a>']
        self._answer(200, "\n".join(links + more).encode(), kind="text/html; charset=utf-8")

    def _nohead(self, path: str) -> None:
        self._answer(200, b"four", tag='"t"')

    def _short(self, path: str) -> None:
        self._answer(200, b"x" * 1000, length="2000")
        self.close_connection = True

    def _long(self, path: str) -> None:
        # At one go: what comes later than the end of the body is never looked at.
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n" + b"x" * 1000)
        self.close_connection = True

    def _huge(self, path: str) -> None:
        self._answer(200, b"", length=str(1 << 50))
        self.close_connection = True

    def _endless(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.server.released.is_set():
            self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    def _chunked(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n" + (b"0\r\n\r\n" if "whole" in path else b""))
        self.close_connection = True

    def _mute(self, path: str) -> None:
        self.server.released.wait(20)

    def _hang(self, path: str) -> None:
        self._answer(200, b"x" * 1000, length="2000")
        self.server.released.wait(20)

    def _drip(self, path: str) -> None:
        self._answer(200, b"", length="100000")
        while not self.server.released.wait(0.05):
            self.wfile.write(b"x")

    def _letters(self, path: str) -> None:
        while not self.server.released.wait(0.05):
            self.wfile.write(b"H")

    def _status(self, path: str) -> None:
        self._answer(int(path.rpartition("/")[2]), b"sorry")

    def _loop(self, path: str) -> None:
        self._answer(302, b"", Location=self.server.url("loop"))

    def _moved(self, path: str) -> None:
        self._answer(302, b"", Location="/" + path.partition("/")[2])

    def _away(self, path: str) -> None:
        self._answer(302, b"", Location=self.server.elsewhere)

    def _login(self, path: str) -> None:
        self._answer(200, b"<html>who are you?</html>", kind="text/html")

    def _packed(self, path: str) -> None:
        self._answer(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
