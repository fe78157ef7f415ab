"""Real servers, and no proxies between them and us."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from caloscope.fetch import Limits
from tests.fetch.web_server import WebServer
from tests.fetch.xrootd_server import XROOTD, XRootDServer

QUICK = Limits(connect=1.0, answer=1.0, attempts=2, pause=0.01)
"""Bounds that a test has time to reach."""


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("X509_USER_PROXY", "X509_USER_CERT", "X509_USER_KEY", "X509_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server of its own for each test."""
    server = WebServer()
    yield server
    server.end()


@pytest.fixture(scope="session")
def xrootd() -> Iterator[XRootDServer]:
    """One xrootd server for all tests that do it no harm."""
    server = _start()
    yield server
    server.close()


@pytest.fixture
def own_xrootd() -> Iterator[XRootDServer]:
    """An xrootd server to be harmed."""
    server = _start()
    yield server
    server.close()


def _start() -> XRootDServer:
    if XROOTD is None:
        pytest.skip("xrootd is not here (Debian's package xrootd-server)")
    return XRootDServer()


def with_tls(server: WebServer, certificate: Path, *, ask: bool = False) -> None:
    """Let a server that has no connection yet speak https, and `ask` for a certificate of the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if ask:
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
