"""The results of a run as lines against lumisection."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic import BaseModel, Field

from caloscope.records import Quality, Reason
from caloscope.store import BundleRow, ResultRow

Value = float | None


class Series(BaseModel):
    """One line of a trend; several maps may share it."""

    maps: list[str]
    detector: str | None
    bundle_title: str | None = Field(
        default=None,
        description="the bundle's name, where its map has several and it matters",
    )
    commissioning: bool = Field(default=False, description="of a bundle in commissioning: for experts")
    values: list[float | None] = Field(description="null where unknown; as long as `lumis`")


class Trends(BaseModel):
    """The trends of a run against lumisection."""

    label: str
    run: int
    lumis: list[int]
    firsts: list[int] = Field(description="the first of the lumisections that a record covers")
    qualities: list[Quality | None] = Field(description="null where no lumisection was seen")
    raised: list[bool] = Field(description="an operator had raised the thresholds of a map")
    pileup: list[Series]
    events: list[Series]
    image_events: list[Series]
    bad_cells: list[Series]


def with_gaps(lumis: Sequence[int], spans: Mapping[int, int] | None = None) -> list[int]:
    """Ascending lumisections, with the first and the last one of each gap put in.

    A line drawn against them has a point without value at both ends of a gap, and so a hole. `spans` says of
    a lumisection how many its record covers; the first of them is put in too, and is in no gap.
    """
    filled: list[int] = []
    for lumi in lumis:
        first = lumi - (spans or {}).get(lumi, 1) + 1
        if filled and first > filled[-1] + 1:
            filled.extend(sorted({filled[-1] + 1, first - 1}))
        filled.extend(sorted({max(first, filled[-1] + 1 if filled else first), lumi}))
    return filled


def spans_of(rows: Iterable[ResultRow]) -> dict[int, int]:
    """How many lumisections the longest record of each lumisection covers, where that is more than one."""
    found: dict[int, int] = {}
    for row in rows:
        if row.span > max(1, found.get(row.key.lumi, 1)):
            found[row.key.lumi] = row.span
    return found


def per_lumisection(row: ResultRow) -> Value:
    """Events of a result, for each of the lumisections that it covers."""
    return None if row.events is None else row.events / row.span


def lines(
    lumis: Sequence[int],
    rows: Iterable[ResultRow],
    bundles: Sequence[BundleRow],
    value: Callable[[ResultRow], Value],
    *,
    titles: Mapping[str, str] | None = None,
    by_map: bool,
    join: bool = True,
) -> list[Series]:
    """One line per map (`by_map`: what belongs to the map) or per bundle, named by its detector.

    `titles` holds by hash what to call the bundles of a map that has several. Equal lines of one detector
    become one that names all its maps if `join`; a line without any value is left out. A record of several
    lumisections has its value at the first of them too.
    """
    values: dict[tuple[str, str | None], dict[int, Value]] = {}
    for row in rows:
        known = value(row)
        if known is not None:
            line = values.setdefault((row.key.map, None if by_map else row.key.bundle), {})
            line[row.key.lumi] = known
            line.setdefault(row.key.lumi - row.span + 1, known)
    detectors = {bundle.hash: bundle.detector for bundle in bundles}
    silent = {bundle.hash for bundle in bundles if not bundle.speaks}
    found = [
        Series(
            maps=[name],
            detector=None if bundle is None else detectors.get(bundle, bundle),
            bundle_title=(titles or {}).get(bundle or ""),
            commissioning=bundle in silent,
            values=[line.get(lumi) for lumi in lumis],
        )
        for (name, bundle), line in values.items()
    ]
    found.sort(key=lambda line: (line.commissioning, line.maps, line.detector or "", line.bundle_title or ""))
    return _joined(found) if join else found


def bad_cells(row: ResultRow) -> Value:
    """Bad cells of a result; of an UNKNOWN one nobody knows."""
    return None if row.quality is Quality.UNKNOWN else float(row.bad_cells)


def any_raised(rows: Iterable[ResultRow]) -> bool:
    """Whether thresholds were raised behind any of these results."""
    return any(Reason.THRESHOLDS_RAISED in row.degraded for row in rows)


def _joined(lines: Sequence[Series]) -> list[Series]:
    """Lines with the same detector and the same values become one that names all its maps.

    Where a map has several bundles with the same detector, theirs stay apart.
    """
    alike = Counter((line.maps[0], line.detector) for line in lines)
    found: dict[tuple[str | None, str | None, bool, tuple[Value, ...]], list[Series]] = {}
    for line in lines:
        own = line.bundle_title if alike[line.maps[0], line.detector] > 1 else None
        found.setdefault((line.detector, own, line.commissioning, tuple(line.values)), []).append(line)
    return [
        group[0]
        if len(group) == 1
        else group[0].model_copy(update={"maps": [line.maps[0] for line in group], "bundle_title": own})
        for (_, own, _, _), group in found.items()
    ]
