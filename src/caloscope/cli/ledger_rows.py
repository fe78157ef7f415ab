"""The rows of `caloscope ledger`, in plain values."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from caloscope.store import FileRow, ResultRow, Store

FILES: Final = (
    *("path", "status", "fault", "detail", "lumis", "attempts", "next_try", "noted_at"),
    *("seconds", "stages", "size", "version"),
)
MAPS: Final = (
    *("label", "run", "lumi", "map", "quality", "reason", "bad_cells", "events", "seconds", "stages"),
    *("scored_at", "bundle", "version", "source", "detail"),
)
_FOR_PROGRAMS: Final = ("size", "version", "noted_at", "scored_at", "source", "seconds")
"""Left out of tables; CSV and JSON lines have them."""

GAPS: Final = ("label", "run", "map", "bundle", "first", "last", "lumis")
"""`lumis` is how many lie from `first` to `last`, both included."""


def file_rows(files: "Iterable[FileRow]") -> Iterator[dict[str, Any]]:
    """Files in the order of their noting."""
    for row in files:
        told = {
            "fault": None if row.fault is None else str(row.fault),
            "next_try": _moment(row.next_try),
            "noted_at": _moment(row.noted_at),
            "seconds": round(row.seconds, 6),
            "stages": dict(row.stages),
        }
        yield {name: told[name] if name in told else getattr(row, name) for name in FILES}


def map_rows(
    store: "Store", label: str | None, run: int | None, map_name: str | None
) -> Iterator[dict[str, Any]]:
    """Results by label, run, lumisection and map; a run at a time is held."""
    for name, number in _runs(store, label, run):
        for row in store.results(name, number, map=map_name):
            yield _map_row(row)


def gap_rows(
    store: "Store", label: str | None, run: int | None, map_name: str | None
) -> Iterator[dict[str, Any]]:
    """Stretches of lumisections on which a map has nothing: no answer, and no reason why there is none.

    They lie between the first and the last lumisection that the run has on any map.
    """
    from caloscope.store.aggregate import lumi_columns

    for name, number in _runs(store, label, run):
        columns = lumi_columns(store, name, number)
        first = min((int(each.lumi[0]) for each in columns), default=0)
        last = max((int(each.lumi[-1]) for each in columns), default=-1)
        for each in columns:
            if map_name in (None, each.newest.map):
                key = {"label": name, "run": number, "map": each.newest.map, "bundle": each.newest.bundle}
                for start, end in _missing([first - 1, *map(int, each.lumi), last + 1]):
                    yield {**key, "first": start, "last": end, "lumis": end - start + 1}


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a table has room for: names of files without their folder, times of the day, short hashes."""
    told = {name: value for name, value in row.items() if name not in _FOR_PROGRAMS}
    if "path" in told:
        path = told.pop("path")
        detail = str(told["detail"]).removeprefix(f"{path}: ").removeprefix(f"{told['fault']}: ")
        told = {"file": PurePath(path).name, **told, "detail": detail}
    if told.get("stages"):
        told["stages"] = " ".join(f"{name} {1000 * each:.0f}" for name, each in told["stages"].items())
    told = {{"stages": "milliseconds"}.get(name, name): value for name, value in told.items()}
    if "bundle" in told:
        told["bundle"] = str(told["bundle"])[:8]
    if "next_try" in told:
        told["next_try"] = (told["next_try"] or "")[11:19]
    return told


def shown(value: object) -> object:
    """A value for people and for CSV: stages as `read=0.010 score=0.080`, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={seconds:.3f}" for name, seconds in value.items())
    return f"{value:.3f}" if isinstance(value, float) else value


def _runs(store: "Store", label: str | None, run: int | None) -> list[tuple[str, int]]:
    labels = store.labels() if label is None else [label]
    return [(name, each) for name in labels for each in store.runs(name) if run in (None, each)]


def _map_row(row: "ResultRow") -> dict[str, Any]:
    told = {
        **{name: getattr(row.key, name) for name in ("label", "run", "lumi", "map", "bundle")},
        "quality": str(row.quality),
        "reason": None if row.reason is None else str(row.reason),
        "seconds": round(row.seconds, 6),
        "stages": dict(row.stages),
        "scored_at": _moment(row.scored_at),
        "source": PurePath(row.source).name,
    }
    return {name: told[name] if name in told else getattr(row, name) for name in MAPS}


def _missing(lumis: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each stretch that lies between ascending lumisections."""
    for before, after in pairwise(lumis):
        if after - before > 1:
            yield before + 1, after - 1


def _moment(seconds: float | None) -> str | None:
    """A time as ISO 8601 in UTC; a clock may have said anything."""
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{seconds}"
