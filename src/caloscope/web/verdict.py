"""From the results of one lumisection to the three-valued answers that the page shows."""

from collections.abc import Iterable, Mapping, Sequence

from caloscope.decide import quality_of
from caloscope.records import Incident, LumiId, Quality, Reason, ResultKey
from caloscope.store import BundleRow, ResultRow, Store
from caloscope.web.models import MapStatus, State
from caloscope.web.source import Source, slug_of
from caloscope.web.unjudged import unjudged


def required(source: Source, label: str, run: int, rows: Iterable[ResultRow]) -> list[BundleRow]:
    """The bundles that owe this label an answer in every lumisection of a run, by map and name.

    Those that have answered: in `rows`, in this run or in one of the two before. A store with one label has
    no room for doubt: all of its bundles. So a map whose scoring died is missed instead of forgotten. What is
    in commissioning owes nothing, and what is retired no more than it said (`map_statuses`).
    """
    store = source.store
    answered = {row.key.bundle for row in rows}
    everything = len(store.labels()) <= 1
    return _along_the_beam(
        row
        for row in store.bundles()
        if row.speaks
        and ((everything and row.state == "active") or _has_answered(source, label, run, row, answered))
    )


def in_commissioning(source: Source, label: str, run: int, rows: Iterable[ResultRow]) -> list[BundleRow]:
    """The bundles in commissioning that have answered this label in a run or in one of the two before."""
    answered = {row.key.bundle for row in rows}
    return _along_the_beam(
        row
        for row in source.store.bundles()
        if not row.speaks and _has_answered(source, label, run, row, answered)
    )


def _has_answered(source: Source, label: str, run: int, row: BundleRow, answered: set[str]) -> bool:
    return row.hash in answered or source.has_answered(label, run, row.hash)


def _along_the_beam(rows: Iterable[BundleRow]) -> list[BundleRow]:
    """By map, EE- before EE+, then by name."""
    return sorted(rows, key=lambda row: (row.map.replace("-", "*"), row.name, row.hash))


def map_statuses(
    bundles: Sequence[BundleRow], rows: Iterable[ResultRow], titles: Mapping[str, str] | None = None
) -> list[MapStatus]:
    """The status of each bundle's map in one lumisection; no result is UNKNOWN, NOT_SCORED.

    Of a retired bundle no result is none at all: what it said while it ran stands, nobody waits for more.
    """
    by_bundle = {row.key.bundle: row for row in rows}
    return [
        map_status(bundle, by_bundle.get(bundle.hash), titles)
        for bundle in bundles
        if bundle.state != "retired" or bundle.hash in by_bundle
    ]


def quality_in(bundles: Sequence[BundleRow], rows: Iterable[ResultRow]) -> Quality:
    """What the bundles say of one lumisection together, as `map_statuses` has it."""
    said = {row.key.bundle: row.quality for row in rows}
    return quality_of(
        said.get(bundle.hash, Quality.UNKNOWN)
        for bundle in bundles
        if bundle.state != "retired" or bundle.hash in said
    )


def map_status(
    bundle: BundleRow, row: ResultRow | None, titles: Mapping[str, str] | None = None
) -> MapStatus:
    """One bundle's answer as the page needs it; `titles` are those of `Source.titles`."""
    status = MapStatus(
        map=bundle.map,
        slug=slug_of(bundle.map),
        bundle=bundle.hash,
        bundle_name=bundle.name,
        title=(titles or {}).get(bundle.hash, bundle.detector),
        detector=bundle.detector,
        state=bundle.state,
        state_by=bundle.state_by,
        state_reason=bundle.state_reason,
        state_at=bundle.state_at,
        threshold=_threshold(bundle),
        quality=Quality.UNKNOWN,
        reason=str(Reason.NOT_SCORED),
    )
    if row is None:
        return status
    return status.model_copy(
        update={
            "quality": row.quality,
            "reason": row.reason,
            "detail": row.detail,
            "degraded": list(row.degraded),
            "events": row.events,
            "image_events": row.image_events,
            "pileup": row.pileup,
            "span": row.span,
            "bad_cells": row.bad_cells,
            "masked_cells": row.masked_cells,
            "scored_at": row.scored_at,
        }
    )


def _threshold(bundle: BundleRow) -> float | None:
    found = bundle.card.get("threshold")
    return float(found) if isinstance(found, int | float) else None


def explain(maps: Sequence[MapStatus], troubles: Mapping[str, Sequence[Incident]] | None = None) -> list[str]:
    """In words why a lumisection has the quality that `worst` gives it: parts, the worst first.

    `troubles` holds by map the incidents there, the worst first. A map goes before another if its worst
    incident covers more: by severity, then by cells. What is unknown beside what is bad comes last.
    """
    if not maps:
        return ["No map has been scored yet"]
    quality = quality_of(status.quality for status in maps)
    names = sorted({status.map for status in maps}, key=lambda name: name.replace("-", "*"))
    if quality is Quality.GOOD:
        good = f"All {len(names)} maps are good" if len(names) > 1 else f"{names[0]} is good"
        return [good, *dict.fromkeys(f"{one.map}: {raised(one)}" for one in maps if raised(one))]
    every = {name: [one for one in maps if one.map == name] for name in names}
    by_map = {name: [one for one in found if one.quality is quality] for name, found in every.items()}
    if quality is Quality.UNKNOWN:
        return unjudged({name: found for name, found in by_map.items() if found}, len(every))
    named = troubles or {}
    bad = {name: found for name, found in by_map.items() if found}
    order = sorted(bad, key=lambda name: _weight(bad[name], named.get(name, ())), reverse=True)
    unknown = sorted({_who(one, every[one.map]) for one in maps if one.quality is Quality.UNKNOWN})
    parts = [_bad(bad[name], named.get(name, ()), len(every[name])) for name in order]
    return parts + ([f"unknown: {', '.join(unknown)}"] if unknown else [])


def raised(status: MapStatus) -> str:
    """By how much an operator had raised the thresholds of a verdict, in words; empty where nobody had."""
    return status.detail if str(Reason.THRESHOLDS_RAISED) in status.degraded else ""


def urgency(incident: Incident) -> tuple[int, int]:
    """How much of the detector an incident covers: its severity, then its cells; more is worse."""
    return incident.severity, len(incident.cells)


def state_at(incident: Incident, here: LumiId) -> State:
    """What an incident was in a lumisection; in the one in which it was found cured it is closed."""
    if incident.opened > here:
        return "later"
    return "closed" if incident.is_over(here) else "open"


def _weight(found: Sequence[MapStatus], troubles: Sequence[Incident]) -> tuple[int, int, int]:
    """How much is bad in one map: its worst incident, then all its bad cells."""
    severity, cells = max((urgency(incident) for incident in troubles), default=(0, 0))
    return severity, cells, max(status.bad_cells for status in found)


def _bad(found: Sequence[MapStatus], troubles: Sequence[Incident], of: int) -> str:
    """What is bad in one map: `EB/digi: EB-04 (68 bad cells)`; who says so, unless all `of` them."""
    count = max(status.bad_cells for status in found)
    cells = "1 bad cell" if count == 1 else f"{count} bad cells"
    who = ", ".join(status.title for status in found) if len(found) < of else ""
    hardware = list(dict.fromkeys(incident.hardware for incident in troubles))
    if not hardware:
        return f"{found[0].map}: {cells}{f' ({who})' if who else ''}"
    if len(hardware) == 1 and hardware[0].startswith(f"{count} cells "):
        cells = ""  # the name says it
    # beside a whole region nobody needs the name of a single cell
    equal = {incident.hardware for incident in troubles if incident.severity == troubles[0].severity}
    named = [name for name in hardware if name in equal][:2]
    more = f" and {len(hardware) - len(named)} more" if len(hardware) > len(named) else ""
    about = ", ".join(filter(None, (cells, who)))
    return f"{found[0].map}: {', '.join(named)}{more}{f' ({about})' if about else ''}"


def _who(status: MapStatus, of_map: Sequence[MapStatus]) -> str:
    """A map, and the bundle that is meant where the others of the map say something else."""
    alone = any(other.quality is not status.quality for other in of_map)
    return f"{status.map} ({status.title})" if alone else status.map


def rows_of_lumi(store: Store, label: str, run: int, lumi: int) -> list[ResultRow]:
    """All results of one lumisection."""
    return store.results(label, run, first=lumi, last=lumi)


def key_of(label: str, run: int, lumi: int, bundle: BundleRow) -> ResultKey:
    """The key under which a bundle's answer stands in the store."""
    return ResultKey(label, run, lumi, bundle.map, bundle.hash)
