"""Files of xrootd servers, such as EOS."""

import contextlib
import math
import os
import re
from collections.abc import Iterator
from typing import Any

from caloscope.fetch.limits import PIECE, Limits
from caloscope.fetch.server import Entry, Status, Taker, Unreachable
from caloscope.fetch.source import Address, printable

# Without these a server that is gone is waited for up to half an hour. Whoever has set them knows better.
_ENVIRONMENT = {
    "XRD_CONNECTIONRETRY": "1",
    "XRD_STREAMERRORWINDOW": "10",
    "XRD_TIMEOUTRESOLUTION": "1",
}

_GONE = ("[3011]", "no such file", "[3016]", "is a directory")
_REFUSED = ("[3010]", "[3030]", "Auth failed", "Invalid address", "Invalid redirect")
_NOISE = re.compile(
    r"^.*?\[(?:ERROR|FATAL)\]\s*(?:Server responded with an error:\s*(?:\[[0-9]+\])?\s*)?|\?\S+", re.DOTALL
)
"""What the client says before it says what happened, and the queries of addresses."""
_LONGEST = 200


class XRootD:
    """Through fsspec-xrootd, with a bound on each answer."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = max(1, math.ceil(limits.answer))
        for key, value in _ENVIRONMENT.items():
            os.environ.setdefault(key, value)
        os.environ.setdefault("XRD_CONNECTIONWINDOW", str(max(1, math.ceil(limits.connect))))

    def status(self, address: Address) -> Status:
        """Size and time of a file, or that it is a folder."""
        with _told():
            found = self._files(address).info(_path(address))
        return Status(int(found["size"]), f"mtime:{found['mtime']}", found["type"] == "directory")

    def entries(self, address: Address) -> list[Entry]:
        """The names in a folder."""
        folder = _path(address).rstrip("/") or "/"
        if not self.status(address.at(folder)).is_folder:
            raise Unreachable("no such folder", missing=True)
        with _told():
            found = self._files(address).ls(folder, detail=True)
        start = folder.rstrip("/") + "/"
        names = [(item["name"].removeprefix("/" if start == "/" else start), item["type"]) for item in found]
        return [Entry(name.lstrip("/"), kind == "directory") for name, kind in names]

    def copy(self, address: Address, into: Taker) -> None:
        """Read a file in pieces; that it stayed the same meanwhile is checked."""
        before = self.status(address)
        if before.is_folder:
            raise Unreachable("a folder", missing=True)
        into.expect(before.size)
        with _told(), self._opened(address, before.size or 0) as file:
            while piece := file.read(PIECE):
                into.write(piece)
        if self.status(address) != before:
            raise Unreachable("a file that changed while it was copied")

    def _files(self, address: Address) -> Any:
        import fsspec

        # Other replicas are the redirector's business: looking for them forgets the port.
        return fsspec.filesystem(
            "root",
            hostid=address.place,
            timeout=self._seconds,
            locate_all_sources=False,
            use_listings_cache=False,
        )

    @contextlib.contextmanager
    def _opened(self, address: Address, size: int) -> Iterator[Any]:
        file = self._files(address).open(_path(address), "rb", cache_type="none", size=size)
        try:
            yield file
        finally:
            with contextlib.suppress(OSError):
                file.close()
            # A file that could not be closed would try again when it is collected, and complain to nobody.
            file.closed = True


def _path(address: Address) -> str:
    return address.path + (f"?{address.query}" if address.query else "")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what the client raises into `Unreachable`, without its addresses."""
    try:
        yield
    except (OSError, ValueError) as error:
        text = str(error)
        said = printable(_NOISE.sub("", text).strip())[:_LONGEST] or type(error).__name__
        missing = any(mark in text for mark in _GONE)
        raise Unreachable(said, lasting=any(mark in text for mark in _REFUSED), missing=missing) from None
