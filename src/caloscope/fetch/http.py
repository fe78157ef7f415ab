"""Files of web servers."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from caloscope.fetch.index import page_entries
from caloscope.fetch.limits import Limits
from caloscope.fetch.server import Entry, Status, Taker, Unreachable
from caloscope.fetch.source import Address, printable
from caloscope.fetch.trust import trust

T = TypeVar("T")

_MISSING = (404, 410)
_PASSING = (408, 425, 429)
"""Answers that may be different a moment later, as are all from 500 on."""

_NO_HEAD = (405, 501)
_MAX_INDEX = 16 << 20
_MAX_TAG = 200


class Http:
    """Over http and https: redirects are followed, certificates are checked.

    A grid proxy or certificate (X509_USER_PROXY, or X509_USER_CERT and X509_USER_KEY) is shown to servers,
    and the authorities in X509_CERT_DIR are trusted beside the system's.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def status(self, address: Address) -> Status:
        """Size, and what identifies the content: entity tag or time of the last change."""
        return _run(self._status(address))

    def entries(self, address: Address) -> list[Entry]:
        """The names that the server's page for a folder links to."""
        folder = address if address.path.endswith("/") else address.at(address.decoded + "/")
        page, place = _run(self._page(folder))
        return page_entries(page, place)

    def copy(self, address: Address, into: Taker) -> None:
        """Give the body to `into` as it comes."""
        _run(self._copy(address, into))

    async def _status(self, address: Address) -> Status:
        for method in ("HEAD", "GET"):
            async with self._answer(method, address) as answer:
                if method == "GET" or answer.status not in _NO_HEAD:
                    _check(answer, address)
                    return _status(answer)
        raise AssertionError

    async def _page(self, address: Address) -> tuple[str, str]:
        async with self._answer("GET", address) as answer:
            _check(answer, None)
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > _MAX_INDEX:
                    raise Unreachable(f"a page of more than {_MAX_INDEX} bytes", lasting=True)
            return body.decode("utf-8", "replace"), str(answer.url)

    async def _copy(self, address: Address, into: Taker) -> None:
        async with self._answer("GET", address) as answer:
            _check(answer, address)
            into.expect(answer.content_length)
            async for piece in answer.content.iter_any():
                into.write(piece)

    @asynccontextmanager
    async def _answer(self, method: str, address: Address) -> AsyncIterator[Any]:
        import aiohttp
        from yarl import URL

        limits = self._limits
        times = aiohttp.ClientTimeout(total=None, sock_connect=limits.connect, sock_read=limits.answer)
        try:
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trust()),
                timeout=times,
                auto_decompress=False,
                trust_env=True,
                headers={"Accept-Encoding": "identity"},
            ) as session:
                # The whole way to the headers has one bound, so that they cannot be given letter by letter.
                async with asyncio.timeout(limits.connect + limits.answer):
                    answer = await session.request(method, URL(address.url, encoded=True))
                async with answer:
                    yield answer
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _unreachable(error, limits) from None


def _status(answer: Any) -> Status:
    headers = answer.headers
    tag = headers.get("ETag") or headers.get("Last-Modified") or ""
    return Status(answer.content_length, printable(tag)[:_MAX_TAG])


def _check(answer: Any, address: Address | None) -> None:
    """Refuse what is not the file at `address` (None: the page of a folder)."""
    status = answer.status
    if any(one.url.scheme == "https" for one in answer.history) and answer.url.scheme != "https":
        raise Unreachable("a redirect from https to http", lasting=True)
    if status != 200:
        lasting = status < 500 and status not in _PASSING
        said = printable(answer.reason or "")[:80]
        raise Unreachable(f"HTTP {status} {said}".strip(), lasting=lasting, missing=status in _MISSING)
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Unreachable("content that the server has encoded", lasting=True)
    if (
        address
        and answer.content_type == "text/html"
        and not address.path.lower().endswith((".html", ".htm"))
    ):
        raise Unreachable("a web page in its place, perhaps one that asks who you are", lasting=True)


def _unreachable(error: Exception, limits: Limits) -> Unreachable:
    """What went wrong, in words that hold no address: those of the client do."""
    import aiohttp

    known: tuple[tuple[Any, str, bool], ...] = (
        (TimeoutError, f"no answer within {limits.answer:g} s", False),
        (aiohttp.ClientConnectorCertificateError, "a certificate that is not trusted", True),
        (aiohttp.ClientConnectorDNSError, "no server of this name", False),
        (aiohttp.ClientPayloadError, "a connection that ended too early", False),
        (aiohttp.ServerDisconnectedError, "a connection that ended too early", False),
        (aiohttp.TooManyRedirects, "redirects without end", True),
        (aiohttp.ClientResponseError, "an answer that does not keep to HTTP", False),
    )
    for kind, found, lasting in known:
        if isinstance(error, kind):
            return Unreachable(found, lasting=lasting)
    number = error.errno if isinstance(error, OSError) else None
    said = os.strerror(number).lower() if number and number > 0 else f"no answer ({type(error).__name__})"
    return Unreachable(said)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run in fsspec's own thread, so that a notebook's loop is no hindrance; an interrupt cancels it."""
    from fsspec.asyn import get_loop

    try:
        future = asyncio.run_coroutine_threadsafe(work, get_loop())
    except BaseException:  # an interrupt before anything was begun
        work.close()
        raise
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
