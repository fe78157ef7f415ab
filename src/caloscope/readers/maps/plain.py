"""Histograms that no view describes: maps of their own, with the binning that they have."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from caloscope.config.catalogue import plain_name
from caloscope.errors import Fault, SourceError
from caloscope.readers.maps.counts import to_counts, to_floats
from caloscope.readers.maps.pieces import refuse_means
from caloscope.readers.maps.spoiled import Spoiled
from caloscope.readers.shelf import BinAxis, Histogram, Place, Shelf
from caloscope.readers.wanted import Wanted
from caloscope.records import BinRange, MapRecord

MOST_MAPS = 500
"""Most histograms of one lumisection that a pattern may stand for."""

ONE_BIN = BinRange("", 1, 0.0, 1.0)
"""The y axis of a histogram that has only x."""


class Plain(NamedTuple):
    """The histograms that match a pattern, by map name; names that cannot be used; what was left out."""

    records: dict[str, MapRecord]
    unusable: set[str]
    left_out: list[str]


def plain_maps(shelf: Shelf, wanted: Wanted, path: Path, spoiled: Spoiled) -> Plain:
    """The histograms that match a pattern; `spoiled` takes what is wrong with one that cannot be used.

    Raises `SourceError` UNREADABLE where too many match.
    """
    patterns = [pattern for spec in wanted.maps if spec.is_plain for pattern in spec.histograms]
    found = Plain({}, set(), [])
    for name in _matching(shelf, patterns, path) if patterns else ():
        own = plain_name(name)
        if own in found.records or own in found.unusable:
            found.left_out.append(f"{name[:100]!r} left out: another histogram is {own[:100]} too")
            continue
        try:
            histogram = shelf.histogram(name)
            if histogram is not None:
                found.records[own] = _record(histogram, name, path, shelf.place, as_float=wanted.as_float)
        except SourceError as error:
            spoiled.add(error)
            found.unusable.add(own)
    return found


def _matching(shelf: Shelf, patterns: list[str], path: Path) -> list[str]:
    found = sorted(
        name
        for name in shelf.names()
        if any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)
    )
    if len(found) > MOST_MAPS:
        told = f"{len(found)} histograms that match {' or '.join(patterns):.100}"
        raise SourceError(path, Fault.UNREADABLE, told, f"at most {MOST_MAPS}: a narrower pattern")
    return found


def _record(histogram: Histogram, name: str, path: Path, place: Place, *, as_float: bool) -> MapRecord:
    refuse_means(path, [name], [histogram], as_float=as_float)
    convert = to_floats if as_float else to_counts
    values = convert(histogram.values, path, name)
    axes = tuple(_range(axis) for axis in reversed(histogram.axes))
    if values.ndim == 1:
        values, axes = values.reshape(1, -1), (ONE_BIN, *axes)
    # Nothing is known of it; in a source that grows nearly everything does, and to take what grows for one
    # lumisection's would be wrong without anybody noticing.
    return MapRecord(counts=values, span=place.span, cumulative=place.grows, axes=axes)


def _range(axis: BinAxis) -> BinRange:
    return BinRange(axis.title, axis.bins, axis.low, axis.high)
