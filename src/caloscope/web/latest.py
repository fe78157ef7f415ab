"""Which lumisection is the latest that a page should show, and whether it is news or history."""

from collections.abc import Iterable, Sequence

from caloscope.store import ResultRow
from caloscope.web import verdict
from caloscope.web.models import Place
from caloscope.web.source import Source

PATIENCE_SECONDS = 10.0
"""The calorimeters' files of one lumisection arrive apart; what is missing for longer is UNKNOWN."""
RECENT_SECONDS = 3600.0
"""A lumisection that began longer ago is history, not live."""
AHEAD_SECONDS = 300.0
"""What began further in the future than two clocks may differ is no live data either (a simulated run)."""
WINDOW = 200
"""Lumisections looked at before the newest; a replay writes fewer than that in `PATIENCE_SECONDS`."""


def settled(source: Source, label: str, run: int | None, now: float) -> Place | None:
    """The newest lumisection that all required bundles have answered, or the newest that had its chance.

    It had when its first result is `PATIENCE_SECONDS` old. Of a run that has neither yet, the run before is
    shown, unless this `run` was asked for: then its newest. None for a label without results.
    """
    runs = [run] if run is not None else source.store.runs(label)[-2:][::-1]
    for number in runs:
        lumi = _settled_in(source, label, number, now)
        if lumi is not None:
            return Place(label=label, run=number, lumi=lumi)
    if not runs:
        return None
    return Place(label=label, run=runs[0], lumi=_bounds(source, label, runs[0])[1])


def knows(source: Source, label: str, run: int, lumi: int) -> str | None:
    """None for a lumisection between the first and the last result of a run, else what there is."""
    first, last = _bounds(source, label, run)
    # Of a very long run the oldest are not kept in memory.
    if first <= lumi <= last or verdict.rows_of_lumi(source.store, label, run, lumi):
        return None
    return f"no lumisection {lumi} in run {run}: it has {first} to {last}"


def recent(rows: Iterable[ResultRow], now: float) -> bool:
    """Whether the lumisection of these results began so lately that its data are live."""
    began = [row.began_at for row in rows if row.began_at is not None]
    return bool(began) and -AHEAD_SECONDS <= now - max(began) <= RECENT_SECONDS


def heard(source: Source, rows: Sequence[ResultRow]) -> Sequence[ResultRow]:
    """Those of bundles that are not in commissioning; all where only these have answered so far."""
    silent = {row.hash for row in source.store.bundles() if not row.speaks}
    return [row for row in rows if row.key.bundle not in silent] or rows


def _settled_in(source: Source, label: str, run: int, now: float) -> int | None:
    """The same in one run; None where all is too new."""
    newest = source.store.latest(label)
    last = newest[2] if newest and newest[1] == run else _bounds(source, label, run)[1]
    kept = source.run(label, run)
    rows = kept.since(max(0, last - WINDOW))
    owed = {one.hash for one in verdict.required(source, label, run, rows) if one.state == "active"}
    for lumi, found in reversed(kept.by_lumi.items()):
        if lumi < last - WINDOW:
            break
        if _complete(found, owed) or now - min(row.scored_at for row in found) > PATIENCE_SECONDS:
            return lumi
    return None


def _complete(rows: Sequence[ResultRow], owed: set[str]) -> bool:
    return owed <= {row.key.bundle for row in rows}


def _bounds(source: Source, label: str, run: int) -> tuple[int, int]:
    """The first and the last lumisection of a run that has a result."""
    lumis = source.run(label, run).by_lumi
    return next(iter(lumis)), next(reversed(lumis))
