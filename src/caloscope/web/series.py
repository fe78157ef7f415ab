"""The results of a run as lines against lumisection."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from caloscope.records import Quality
from caloscope.store import BundleRow, ResultRow
from caloscope.web.models import Series

Value = float | None


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
    by_map: bool,
    join: bool = True,
) -> list[Series]:
    """One line per map (`by_map`: what belongs to the map) or per map and detector.

    Equal lines become one that names all its maps if `join`; a line without any value is left out. A record
    of several lumisections has its value at the first of them too.
    """
    values: dict[tuple[str, str | None], dict[int, Value]] = {}
    detectors = {bundle.hash: bundle.detector for bundle in bundles}
    for row in rows:
        detector = None if by_map else detectors.get(row.key.bundle, row.key.bundle)
        known = value(row)
        if known is not None:
            line = values.setdefault((row.key.map, detector), {})
            line[row.key.lumi] = known
            line.setdefault(row.key.lumi - row.span + 1, known)
    return _joined(lumis, values) if join else _single(lumis, values)


def bad_cells(row: ResultRow) -> Value:
    """Bad cells of a result; of an UNKNOWN one nobody knows."""
    return None if row.quality is Quality.UNKNOWN else float(row.bad_cells)


def _single(
    lumis: Sequence[int], values: Mapping[tuple[str, str | None], Mapping[int, Value]]
) -> list[Series]:
    """Each line by itself, by map and detector."""
    return [
        Series(maps=[name], detector=detector, values=[line.get(lumi) for lumi in lumis])
        for (name, detector), line in sorted(values.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]


def _joined(
    lumis: Sequence[int], values: Mapping[tuple[str, str | None], Mapping[int, Value]]
) -> list[Series]:
    """Lines with the same detector and the same values become one that names all its maps."""
    found: dict[tuple[str | None, tuple[Value, ...]], list[str]] = {}
    for (name, detector), line in sorted(values.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        found.setdefault((detector, tuple(line.get(lumi) for lumi in lumis)), []).append(name)
    return [
        Series(maps=maps, detector=detector, values=list(line)) for (detector, line), maps in found.items()
    ]
