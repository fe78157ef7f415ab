"""Data sets, our own HDF5 files, row by row."""

import math
import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from caloscope.config.catalogue import PLAIN, MapSpec, plain_words
from caloscope.dataset import DataSet, MapInfo, open_data_set
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.readers.wanted import Wanted
from caloscope.records import Lumisection

_PIECE = re.compile(r"\[!?\]?[^\]]*\]|.", re.DOTALL)
"""Of a shell pattern: a set of characters, or one character."""


_DIGEST = re.compile(r"-[0-9a-f]{6}\Z")


TRUTH_LEFT_OUT = "faults are in the counts, and the truth about them was left out: the data set read has it"


def read_data_set(path: Path, wanted: Wanted) -> Iterator[Lumisection]:
    """The lumisections of a data set, ascending, read one at a time; see `caloscope.readers.read`.

    A map that is absent in a row, or in the whole file though another of its producer is there, is named in
    `missing`. Raises `SourceError` as `open_data_set` does, WRONG_BINNING for a map that was made for another
    geometry than that of the era asked for (the file's, if none is), INVALID_COUNTS for real numbers where
    counts were asked for, and NOTHING_KNOWN where none of the maps is in the file.
    """
    with open_data_set(path) as found:
        names = _names(found, wanted.maps)
        if not names:
            there = f"maps {sorted(found.maps)[:5]!r:.100}"
            expected = " or ".join(sorted(spec.name for spec in wanted.maps)) or "a map"
            raise SourceError(path, Fault.NOTHING_KNOWN, there, f"{expected:.200}")
        for name in names:
            _check(found, found.maps[name], wanted)
        missing = _missing(names, wanted.maps)
        for row in range(len(found)):
            yield _lumisection(found, row, names, missing, wanted)


def _names(found: DataSet, maps: Collection[MapSpec]) -> list[str]:
    """The maps of the file that are wanted, each once, in the order in which they were asked for."""
    names: dict[str, None] = {}
    for spec in maps:
        if spec.is_plain:
            pattern = plain_pattern(spec.quantity)
            names |= dict.fromkeys(name for name in found.maps if _is_meant(name, pattern))
        elif spec.name in found.maps:
            names[spec.name] = None
    return list(names)


def _is_meant(name: str, pattern: str) -> bool:
    """Whether a pattern matches the name of a plain map, with its digest or without."""
    return fnmatchcase(name, pattern) or fnmatchcase(_DIGEST.sub("", name), pattern)


def plain_pattern(pattern: str) -> str:
    """From a pattern for paths of histograms to the one for their maps' names, digests left out."""
    return f"{PLAIN}/{_PIECE.sub(_translated, pattern)}"


def _translated(piece: re.Match[str]) -> str:
    """A wildcard as it is, a set with the characters that stand in names, or a character of a name."""
    text = piece.group()
    if text in ("*", "?"):
        return text
    opening = re.match(r"\[!?", text) if len(text) > 1 else None
    if opening is None:
        return _plain(text)
    return opening.group() + "".join(map(_plain, text[opening.end() : -1])) + "]"


def _plain(text: str) -> str:
    return plain_words(text)


def _check(found: DataSet, info: MapInfo, wanted: Wanted) -> None:
    """Raises `SourceError` for a map that is not what was asked for."""
    if info.kind == "float" and not wanted.as_float:
        raise SourceError(found.path, Fault.INVALID_COUNTS, f"real numbers in {info.name}", "counts")
    if info.view == PLAIN:
        return
    era = wanted.era or found.era
    try:
        view = wanted.views(info.view, era)
    except UsageError as error:
        text = f"{info.name} of era {era!r:.40}"
        raise SourceError(found.path, Fault.WRONG_BINNING, text, "a geometry that is known") from error
    if (info.geometry, info.shape) != (view.version, view.shape):
        text = f"{info.name} of geometry {info.geometry:.20} and shape {info.shape} (era {found.era:.40})"
        expected = f"{view.version} and {view.shape} (era {era})"
        raise SourceError(found.path, Fault.WRONG_BINNING, text, expected)


def _missing(names: Collection[str], maps: Collection[MapSpec]) -> frozenset[str]:
    """The maps that are nowhere in the file, though others of their producers are."""
    producers = {spec.producer for spec in maps if spec.name in names}
    return frozenset(
        spec.name
        for spec in maps
        if not spec.is_plain and spec.producer in producers and spec.name not in names
    )


def _lumisection(
    found: DataSet, row: int, names: Collection[str], missing: frozenset[str], wanted: Wanted
) -> Lumisection:
    """One row with its maps."""
    maps = {name: record for name in names if (record := found.record(name, row)) is not None}
    began = float(found.began_at[row])
    other = wanted.era is not None and wanted.era != found.era
    left_out = (TRUTH_LEFT_OUT,) if found.truth_maps else ()
    return Lumisection(
        label=wanted.label,
        run=int(found.runs[row]),
        lumi=int(found.lumis[row]),
        maps=maps,
        missing=missing.union(name for name in names if name not in maps),
        source=str(found.path),
        began_at=None if math.isnan(began) else began,
        assumptions=(*((f"era {wanted.era} as asked for, not {found.era}",) if other else ()), *left_out),
        simulated=found.simulated,
        era=found.era,
    )
