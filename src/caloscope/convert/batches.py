"""Sources in portions of work, each with a place for its result, so that a conversion can go on."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from caloscope import __version__
from caloscope.convert.request import Request
from caloscope.errors import SourceError
from caloscope.fetch import Source, stamp

MOST_FILES = 128
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive sources, `first` being the number of the first; `shard` is where their result goes.

    The shard's name is a digest of the request and of the sources' names, sizes and times, so a result that
    is there is the result of this very work. `size` is in bytes.
    """

    first: int
    sources: tuple[Source, ...]
    size: int
    shard: Path


def batches(sources: Sequence[Source], request: Request, folder: Path) -> list[Batch]:
    """All the work; the same for any number of workers."""
    salt = f"{__version__}|{request.digest()}"
    made = []
    for first, group in _groups(sources):
        digest = hashlib.sha256(salt.encode())
        for source, size, text in group:
            digest.update(f"|{source.name}|{size}|{text}".encode())
        total = sum(size for _, size, _ in group)
        shard = folder / f"{first:08d}-{digest.hexdigest()[:24]}.h5"
        made.append(Batch(first, tuple(source for source, _, _ in group), total, shard))
    return made


def _stamped(source: Source) -> tuple[int, str]:
    """Size and stamp of a source; of one that is out of reach too, as reading it will say so of it alone."""
    try:
        return stamp(source)
    except SourceError as error:
        return 0, str(error.fault)


_Stamped = tuple[Source, int, str]


def _groups(sources: Iterable[Source]) -> Iterator[tuple[int, list[_Stamped]]]:
    group: list[_Stamped] = []
    first = 0
    for number, source in enumerate(sources):
        size, text = _stamped(source)
        full = len(group) >= MOST_FILES or sum(s for _, s, _ in group) + size > MOST_BYTES
        if group and full:
            yield first, group
            first, group = number, []
        group.append((source, size, text))
    if group:
        yield first, group
