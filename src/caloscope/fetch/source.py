"""What a source is, and how an address is taken apart, put together and shown."""

import re
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from caloscope.errors import UsageError

EXTRA = "pip install 'caloscope[remote]'"

_NEEDS = {"root": ("fsspec_xrootd", "XRootD"), "http": ("aiohttp",), "https": ("aiohttp",)}
"""The packages behind each scheme."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MAX_TEXT = 16_384
_SAFE = "/!$&'()*+,;=:@~"
"""What a path of a web server may hold uncoded beside letters and digits."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: `path` where it is a local one, else `url`.

    `name` is for people and for provenance: no password, no token, nothing that cannot be printed. `url` may
    hold both, so it is left out of the representation.
    """

    name: str
    url: str | None = field(default=None, repr=False)
    path: Path | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it must be copied before it can be read."""
        return self.path is None


@dataclass(frozen=True, slots=True)
class Address:
    """A remote name in parts. `path` of a web server is coded, as it was written; xrootd knows no coding."""

    scheme: str
    place: str = field(repr=False)
    path: str
    query: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The whole address, with all that the server wants to know."""
        return self._bare(self.place) + (f"?{self.query}" if self.query else "")

    @property
    def name(self) -> str:
        """The address for people: without user, password and query."""
        return printable(self._bare(self.place.rpartition("@")[2]))

    @property
    def decoded(self) -> str:
        """The path as the server's own names are written."""
        return self.path if self.scheme == "root" else unquote(self.path)

    def at(self, decoded: str) -> "Address":
        """The address of another path of the same server."""
        return replace(self, path=decoded if self.scheme == "root" else quote(decoded, safe=_SAFE))

    def source(self) -> Source:
        """The file there."""
        return Source(self.name, self.url)

    def _bare(self, place: str) -> str:
        # The second slash makes the path of an xrootd server absolute.
        return f"{self.scheme}://{place}{'/' if self.scheme == 'root' else ''}{self.path}"


def is_address(text: str) -> bool:
    """Whether a text starts with a scheme."""
    return _ADDRESS.match(text) is not None


def printable(text: str) -> str:
    """The text with what cannot be printed on one line written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def check_text(text: str) -> None:
    """Raise UsageError for a name that no file can have, or that would break a line."""
    if not text or "\0" in text or len(text) > _MAX_TEXT:
        found = "a NUL" if "\0" in text else f"{len(text)} characters"
        raise UsageError(f"{printable(text[:80])!r}: {found} in a name, expected a file, folder or address")


def parse_address(text: str) -> Address:
    """An address in parts.

    Raises UsageError for a scheme that is not known, an address without a server or a path, and where the
    packages for it are not installed.
    """
    scheme = text.partition("://")[0].lower()
    shown = printable(text.partition("?")[0].rpartition("@")[2][:200])
    if scheme not in _NEEDS:
        raise UsageError(f"{shown}: scheme {scheme!r} is not known, expected root, https, http or file")
    if not text.isprintable():
        raise UsageError(f"{shown}: characters that cannot be printed, expected an address")
    try:
        parts = urlsplit(text, allow_fragments=scheme != "root")
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{shown}: {error}, expected an address") from None
    double = parts.path.startswith("//")
    if not host or (scheme == "root" and not double):
        form = "root://host[:port]//path" if scheme == "root" else f"{scheme}://host[:port]/path"
        raise UsageError(f"{shown}: no server or no path, expected {form}")
    _check_packages(scheme, shown)
    if "\0" in unquote(parts.path):
        raise UsageError(f"{shown}: a NUL in a name, expected an address")
    if scheme == "root":
        return Address(scheme, parts.netloc, parts.path[1:], parts.query)
    # What is coded already stays as it is: a server may have signed it.
    path = quote(parts.path, safe=f"%{_SAFE}") or "/"
    return Address(scheme, parts.netloc, path, quote(parts.query, safe=f"%?{_SAFE}"))


def parse_file(text: str) -> str:
    """The path in a `file://` address; raises UsageError where it names another machine."""
    host, slash, path = text.partition("://")[2].partition("/")
    if host.lower() not in {"", "localhost"} or not slash:
        raise UsageError(f"{printable(text[:200])}: a file of another machine, expected file:///path")
    path = unquote(slash + path)
    check_text(path)
    return path


def _check_packages(scheme: str, shown: str) -> None:
    missing = [package for package in _NEEDS[scheme] if find_spec(package) is None]
    if missing:
        raise UsageError(f"{shown}: {scheme}:// needs the package {missing[0]}, expected {EXTRA}")
