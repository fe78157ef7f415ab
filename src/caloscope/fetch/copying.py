"""A source as a local file for as long as it is needed."""

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from caloscope.errors import SourceError, UsageError
from caloscope.fetch.limits import DEFAULT, Limits
from caloscope.fetch.server import Unreachable
from caloscope.fetch.servers import open_server
from caloscope.fetch.sink import Sink
from caloscope.fetch.source import Address, Source, parse_address

_STRANGE = re.compile(r"[^A-Za-z0-9._+-]")
_HEAD, _TAIL = 80, 120
"""Characters kept of a name that is too long: the run is at its start or end, the lumisection at its end."""


@contextlib.contextmanager
def local(source: Source, scratch: Path, limits: Limits = DEFAULT) -> Iterator[Path]:
    """The path of a source. A remote one is copied into the folder `scratch`, and removed afterwards.

    The copy has the source's own name as far as that is safe, for readers take run and lumisection from
    it, and as many bytes as the server said. A `SourceError` that names the copy is raised again with the
    source's name. Raises SourceError UNREACHABLE where it cannot be copied, UsageError where `scratch`
    cannot be written to.
    """
    if source.path is not None:
        yield source.path
        return
    address = parse_address(source.url or "")
    folder = _new_folder(scratch)
    try:
        path = folder / local_name(address.decoded)
        _copy_patiently(address, path, limits)
        with _named(path, source.name):
            yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def local_name(path: str) -> str:
    """A safe name for the copy of a remote path: its last part, never hidden and never too long."""
    name = _STRANGE.sub("_", path.rstrip("/").rpartition("/")[2]).lstrip(".") or "unnamed"
    return name if len(name) <= _HEAD + _TAIL else f"{name[:_HEAD]}_{name[-_TAIL + 1 :]}"


def _copy_patiently(address: Address, path: Path, limits: Limits) -> None:
    for attempt in range(1, limits.attempts + 1):
        try:
            _copy(address, path, limits)
            return
        except Unreachable as error:
            if error.lasting or attempt == limits.attempts:
                expected = f"a file that can be copied whole (attempts: {attempt})"
                raise error.source_error(address.name, expected) from None
            time.sleep(limits.pause * attempt)


def _copy(address: Address, path: Path, limits: Limits) -> None:
    server = open_server(address.scheme, limits)
    with Sink(path, limits) as sink:
        server.copy(address, sink)
        sink.check_whole()


def _new_folder(scratch: Path) -> Path:
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".fetched-", dir=scratch))
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise UsageError(f"{scratch}: {reason}, expected a folder for copies of remote files") from None


@contextlib.contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    """Let errors of the copy name the source, since nobody can look at the copy later."""
    try:
        yield
    except SourceError as error:
        if error.path != str(path):
            raise
        raise SourceError(name, error.fault, error.found, error.expected) from error
