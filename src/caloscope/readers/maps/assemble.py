"""From the histograms of a lumisection to the maps that are wanted, the same for all formats."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View
from caloscope.readers.maps.bare_names import Finder
from caloscope.readers.maps.conditions import TOP as CONDITIONS
from caloscope.readers.maps.conditions import conditions_of
from caloscope.readers.maps.numbers import Numbers
from caloscope.readers.maps.origin import is_simulated
from caloscope.readers.maps.pieces import Pieces, find_pieces, to_content
from caloscope.readers.maps.plain import plain_maps
from caloscope.readers.maps.plateau import ASSUMPTION, plateau_events, plateau_name
from caloscope.readers.maps.spoiled import Spoiled
from caloscope.readers.shelf import Place, Shelf
from caloscope.readers.wanted import Wanted
from caloscope.records import Content, Lumisection, MapRecord


def lumisections(shelves: Iterable[Shelf], wanted: Wanted, path: Path) -> Iterator[Lumisection]:
    """The lumisections of a source, one for each shelf that holds something of what is wanted.

    A shelf of lumisection 0 is that of a whole run and passed over. A source of other known producers is
    whole, and nothing in it is for us. A map that cannot be used is named in its lumisection, and no more is
    lost. Raises `SourceError` at the end, for the first such map, NO_LUMISECTION where there were whole runs
    only, NOTHING_KNOWN where it was of nobody who is known; and what the shelves raise.
    """
    tops: set[str] = set()
    names: list[str] = []
    useful = by_lumi = by_run = False
    spoiled = Spoiled()
    for shelf in shelves:
        if shelf.place.lumi < 1:
            by_run = True
            continue
        by_lumi = True
        found = lumisection(shelf, wanted, path, spoiled)
        if found is not None:
            useful = True
            yield found
        elif not useful:
            tops |= shelf.tops
            names = names or sorted(shelf.names())[:4]
    if by_run and not by_lumi:
        expected = "histograms of lumisections"
        raise SourceError(path, Fault.NO_LUMISECTION, "histograms of whole runs only", expected)
    spoiled.raise_first()
    if not useful:
        _require_a_producer(path, tops, names, wanted)


def lumisection(shelf: Shelf, wanted: Wanted, path: Path, spoiled: Spoiled) -> Lumisection | None:
    """What a shelf holds of the maps wanted; None where it holds nothing of their producers.

    Of a producer whose folder is there, maps that are not are named in `missing`; where the format has no
    folders, those of a producer of which another map is there. `spoiled` takes what is wrong with maps that
    are there and cannot be used. Raises `SourceError` for what concerns all maps.
    """
    place = shelf.place
    ours = [spec for spec in wanted.maps if not spec.is_plain and _may_hold(shelf, spec)]
    era, assumed = wanted.era_for(place.run) if ours else ("", [])
    assembly = _Assembly(shelf, wanted, path, place, era)
    records, unusable = assembly.records(ours, spoiled)
    told = conditions_of(shelf) if wanted.conditions else None
    present = {spec.producer for spec in ours if shelf.tops or spec.name in {*records, *unusable}}
    plain = plain_maps(shelf, wanted, path, spoiled)
    if not present and not plain.records and not plain.unusable and told is None:
        return None
    return Lumisection(
        label=wanted.label,
        run=place.run,
        lumi=place.lumi,
        maps={**records, **plain.records},
        missing=frozenset(
            spec.name
            for spec in ours
            if spec.producer in present and spec.name not in records and spec.name not in unusable
        ),
        unusable=frozenset(unusable | plain.unusable),
        source=str(path),
        began_at=place.began_at,
        assumptions=(*place.assumptions, *assumed, *assembly.assumptions, *plain.left_out),
        partial=place.partial,
        simulated=is_simulated(shelf),
        conditions=told,
    )


def _may_hold(shelf: Shelf, spec: MapSpec) -> bool:
    return not shelf.tops or not shelf.tops.isdisjoint(spec.folders)


def _require_a_producer(path: Path, tops: set[str], names: list[str], wanted: Wanted) -> None:
    """Raises `SourceError` NOTHING_KNOWN where no folder is one of a known producer."""
    known = {folder for spec in load().values() for folder in spec.folders} | {CONDITIONS}
    if tops & known:
        return
    folders = {folder for spec in wanted.maps for folder in spec.folders}
    patterns = {spec.quantity for spec in wanted.maps if spec.is_plain}
    expected = " or ".join(sorted(folders) + sorted(patterns)) or "a map"
    if tops or not names:
        found = f"folders {sorted(tops)[:4]!r:.100}"
    else:
        found, expected = f"histograms {names!r:.100}", f"a histogram of {expected}"
    raise SourceError(path, Fault.NOTHING_KNOWN, found, f"{expected:.200}")


class _Assembly:
    """One shelf on its way to a lumisection; `assumptions` fills while the maps are read."""

    def __init__(self, shelf: Shelf, wanted: Wanted, path: Path, place: Place, era: str) -> None:
        self._wanted = wanted
        self._path = path
        self._place = place
        self._era = era
        self._find = Finder(shelf, wanted.maps).find
        self._numbers = Numbers(shelf, path)
        self.assumptions: list[str] = []

    def records(self, specs: Iterable[MapSpec], spoiled: Spoiled) -> tuple[dict[str, MapRecord], set[str]]:
        """The maps that are there whole, by name, and the names of those that cannot be used."""
        found: dict[str, MapRecord] = {}
        unusable: set[str] = set()
        for spec in specs:
            try:
                record = self._record(spec)
            except SourceError as error:
                spoiled.add(error)
                unusable.add(spec.name)
                continue
            if record is not None:
                found[spec.name] = record
        return found, unusable

    def _record(self, spec: MapSpec) -> MapRecord | None:
        """One map, None where it is not there whole."""
        view = self._wanted.views(spec.view, self._era)
        pieces = find_pieces(spec, view, self._era, self._find)
        if pieces is None:
            return None
        content = to_content(self._path, pieces, spec, view, as_float=self._wanted.as_float)
        accumulates = spec.accumulates(pieces.pattern)
        cumulative = accumulates and (self._place.grows or spec.scope == "cumulative")
        events = self._numbers.events(spec, cumulative=cumulative)
        if events is None:
            events = self._plateau(pieces, view, content)
        return MapRecord(
            counts=content,
            events=events,
            pileup=self._numbers.pileup(spec),
            # In a file that grows, what starts again each lumisection is of the last one alone.
            span=1 if self._place.grows and not accumulates else self._place.span,
            cumulative=cumulative,
        )

    def _plateau(self, pieces: Pieces, view: View, content: Content) -> int | None:
        """The number of events as HF shows it, None where it does not."""
        name = plateau_name(pieces.pattern, view)
        # Real numbers may have been normalised: then the plateau is no number of events.
        if name is None or self._wanted.as_float:
            return None
        if name in pieces.names and content.ndim == 3:
            events = plateau_events(content[pieces.names.index(name)])
        else:
            histogram = self._find(name)
            events = None if histogram is None else plateau_events(histogram.values)
        if events is not None and ASSUMPTION not in self.assumptions:
            self.assumptions.append(ASSUMPTION)
        return events
