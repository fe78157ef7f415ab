"""A server that keeps a conversion waiting as long as a test likes."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class Gate(ThreadingHTTPServer):
    """A server of one file, which comes when the gate is `open`; `asked` tells that somebody waits for it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = content
        self.open = Event()
        self.asked = Event()
        self._thread = Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Let nobody have the file from now on."""
        self.open.clear()
        self.asked.clear()

    def url(self, name: str) -> str:
        """The address of the file, under any name."""
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def end(self) -> None:
        """Stop serving."""
        self.open.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that is killed is what is tested here."""


class _Answer(BaseHTTPRequestHandler):
    server: Gate

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()

    def do_GET(self) -> None:
        self.server.asked.set()
        self.server.open.wait(60)
        self.do_HEAD()
        self.wfile.write(self.server.content)
