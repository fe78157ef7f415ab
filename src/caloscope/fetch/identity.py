"""What tells whether a source is still the one that was read."""

import hashlib
import os
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.fetch.limits import DEFAULT, Limits
from caloscope.fetch.server import Unreachable
from caloscope.fetch.servers import open_server
from caloscope.fetch.source import Source, parse_address


def stamp(source: Source, limits: Limits = DEFAULT) -> tuple[int, str]:
    """Size in bytes (-1 where a server does not say) and a text that changes with the content.

    The text is the time of the last change, or a web server's entity tag; it is empty where a web server
    gives neither, and then the size alone says little. Raises SourceError UNREACHABLE.
    """
    expected = "a file that says its size and time"
    if source.path is not None:
        try:
            status = source.path.stat()
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            raise SourceError(source.name, Fault.UNREACHABLE, reason, expected) from None
        return status.st_size, f"mtime:{status.st_mtime_ns}"
    address = parse_address(source.url or "")
    try:
        found = open_server(address.scheme, limits).status(address)
    except Unreachable as error:
        raise error.source_error(source.name, expected) from None
    return -1 if found.size is None else found.size, found.tag


def checksum(path: Path) -> str:
    """SHA-256 of a file's content, as `sha256:<hex>`; read in pieces. Raises SourceError UNREADABLE."""
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise SourceError(path, Fault.UNREADABLE, reason, "a file that can be read") from None
