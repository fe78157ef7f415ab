"""Histograms in a version or layout that is not known here, read with uproot and the file's own descriptions.

Some hundred times as slow, and for one object at a time.
"""

from pathlib import Path
from typing import Any

import numpy as np

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import UnexpectedError
from caloscope.readers.root.rootfile import Key
from caloscope.readers.shelf import BinAxis, Histogram

MAX_BYTES = 16 * 2**20
"""What uproot builds takes many times the bytes that it reads."""


def read_with_uproot(path: Path, name: str, key: Key, raw: bytes, why: UnexpectedError) -> Histogram:
    """The histogram in the inflated bytes of the object `name`, which `why` says cannot be read here.

    Raises `SourceError` UNREADABLE where uproot cannot read it either, and WRONG_BINNING where its entries
    wait in a buffer for bins to be chosen.
    """
    if len(raw) > MAX_BYTES:
        raise SourceError(path, Fault.UNREADABLE, f"{why} in {name}", "a version that is known")
    try:
        return _convert(_deserialise(path, key, raw))
    except _WaitingError as error:
        raise SourceError(
            path, Fault.WRONG_BINNING, f"entries that wait to be binned in {name}", "bins"
        ) from error
    # A library that follows what a file says of itself may fail in any way.
    except Exception as error:
        found = f"{why} in {name}"
        raise SourceError(path, Fault.UNREADABLE, found, "a version that is known") from error


class _WaitingError(Exception):
    """A histogram was written before its bins were chosen."""


def _deserialise(path: Path, key: Key, raw: bytes) -> Any:
    """The object as uproot builds it, from bytes whose size was checked."""
    import uproot

    with uproot.open(path, object_cache=None, array_cache=None) as directory:
        file = directory.file
        chunk = uproot.source.chunk.Chunk.wrap(file.source, np.frombuffer(raw, np.uint8))
        cursor = uproot.source.cursor.Cursor(0, origin=-key.key_bytes)
        context = {"breadcrumbs": (), "TKey": None}
        found = file.class_named(key.classname).read(chunk, cursor, context, file, file, directory)
    if cursor.index != len(raw):
        raise ValueError(f"{len(raw) - cursor.index} bytes behind its contents")
    _require_described(found)
    return found


def _require_described(found: Any) -> None:
    """Refuses what was read by the description of another version, which uproot may fall back to."""
    waiting = [found]
    while waiting:
        each = waiting.pop()
        known, written = each.class_version, each.instance_version
        if known is not None and written not in (None, known):
            raise ValueError(f"version {written} of {each.classname} is not described")
        waiting += each.bases


def _convert(found: Any) -> Histogram:
    """What uproot built, as ours."""
    members = found.all_members
    waiting = members.get("fBuffer")
    if members.get("fBufferSize", 0) > 0 and waiting is not None and len(waiting) and waiting[0] > 0:
        raise _WaitingError
    axes = [_axis(members[f"f{letter}axis"]) for letter in "XYZ"]
    axes = axes[: 3 if "TH3" in found.classname else 2 if "2" in found.classname else 1]
    values = np.asarray(_contents(found))
    mean = "fBinEntries" in members
    if mean:
        weights = np.asarray(members["fBinEntries"])
        with np.errstate(all="ignore"):
            values = np.where(weights != 0, values / weights, np.nan)
    shape = [axis.bins + 2 for axis in reversed(axes)]
    return Histogram(tuple(axes), values.reshape(shape)[(slice(1, -1),) * len(shape)], mean)


def _axis(found: Any) -> BinAxis:
    edges = tuple(float(edge) for edge in np.asarray(found.member("fXbins")))
    bins, low, high = (found.member(name) for name in ("fNbins", "fXmin", "fXmax"))
    if bins < 1 or len(edges) not in (0, bins + 1):
        raise ValueError(f"{len(edges)} edges for an axis of {bins} bins")
    return BinAxis(int(bins), float(low), float(high), edges or None, str(found.member("fTitle")))


def _contents(found: Any) -> Any:
    """The array among an object's bases, the cells with their overflows."""
    for base in found.bases:
        if base.classname.startswith("TArray"):
            return base
        inner = _contents(base)
        if inner is not None:
            return inner
    return None
