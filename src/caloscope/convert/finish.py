"""The last part of a conversion: from shards to the data set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from caloscope import __version__, dataset
from caloscope.config.catalogue import MapSpec
from caloscope.config.ranges import Ranges
from caloscope.convert.dropped import Drop, Drops, Why
from caloscope.convert.eras import eras_of, one_era
from caloscope.convert.index import Index
from caloscope.convert.luminosity import Luminosity
from caloscope.convert.merge import Chosen, Merge
from caloscope.convert.request import Request
from caloscope.convert.selection import Selection
from caloscope.dataset import Kind, MapInfo, Row, Stored, map_info
from caloscope.errors import CaloscopeError
from caloscope.geometry import View, era_of_run, view
from caloscope.records import MapRecord

_TOLD_EVERY = 100
_MOST_ASSUMPTIONS = 100
_MOST_SOURCES = 200_000


class Finished(TypedDict):
    """What `finish` wrote."""

    lumisections: int
    maps: dict[str, int]
    runs: int
    dropped: tuple[Drop, ...]
    assumptions: tuple[str, ...]


class Tally:
    """What a first pass over the rows finds out: how many there are, of which maps and runs."""

    def __init__(self) -> None:
        self.rows = 0
        self.maps: dict[str, int] = {}
        self.examples: dict[str, Stored | MapRecord] = {}
        self.runs: set[int] = set()
        self.no_pileup = 0

    def add(self, chosen: Chosen) -> None:
        """One more row."""
        self.rows += 1
        self.runs.add(chosen.id.run)
        self.no_pileup += all(found.pileup is None for found in chosen.maps.values())
        for name, found in chosen.maps.items():
            self.maps[name] = self.maps.get(name, 0) + 1
            if name not in self.examples:
                self.examples[name] = found.record() if isinstance(found, Stored) else found


class NothingLeftError(CaloscopeError):
    """No lumisection of any source passes, so there is no data set to be written."""


def finish(
    shards: Sequence[Path],
    request: Request,
    output: Path,
    command: str,
    tell: Callable[[int, int], None] = lambda _, __: None,
) -> Finished:
    """Write the data set of all shards; see `convert`. `tell` hears of rows that are done, and of all.

    Raises `NothingLeftError`, and `UsageError` where runs, or data sets, are of several eras.
    """
    drops, sources = _notes(shards)
    merge = _merge(request, sources, drops)
    with Index(shards) as index:
        tally = Tally()
        for chosen in merge.rows(index):
            tally.add(chosen)
        if not tally.rows:
            raise NothingLeftError(_nothing(request, sources, drops))
        era = one_era(request.era, eras_of(sources, tally.runs))
        simulated = any(note.get("simulated") for note in sources)
        # Who reads no more than the label must see it too.
        marked = simulated and "simulated" not in request.label.lower()
        provenance = _provenance(request, command, sources, drops, tally)
        dataset.write(
            output,
            _rows(replace(merge, drops=Drops()).rows(index), tally.rows, tell),
            tally.rows,
            _infos(tally, era, request),
            label=f"simulated-{request.label}" if marked else request.label,
            era=era,
            provenance=provenance,
            simulated=simulated,
        )
    return Finished(
        lumisections=tally.rows,
        maps=dict(sorted(tally.maps.items())),
        runs=len(tally.runs),
        dropped=tuple(drops),
        assumptions=tuple(provenance["assumptions"]),
    )


def _merge(request: Request, sources: Sequence[Mapping[str, Any]], drops: Drops) -> Merge:
    told = request.era or next((str(note["era"]) for note in sources if "era" in note), None)
    specs = {spec.name: spec for spec in request.specs()}

    def view_of(name: str, run: int) -> View | None:
        """The view of a map in the era of a run, None for a map that is no view's."""
        spec = specs.get(name)
        return None if spec is None else view(spec.view, told or era_of_run(run), request.calorimeter)

    return Merge(
        selection=Selection.of(request),
        luminosity=Luminosity.of(request),
        from_start=request.from_start,
        views=view_of,
        checksums=[note.get("checksum") for note in sources],
        spoiled=drops.where(Why.UNUSABLE),
        drops=drops,
    )


def _infos(tally: Tally, era: str, request: Request) -> list[MapInfo]:
    specs = {spec.name: spec for spec in request.specs()}
    return [
        _info(name, found, specs.get(name), era, request) for name, found in sorted(tally.examples.items())
    ]


def _notes(shards: Sequence[Path]) -> tuple[Drops, list[dict[str, Any]]]:
    """What the shards say of their sources and of what they left out."""
    drops, sources = Drops(), []
    for path in shards:
        with dataset.open_shard(path) as shard:
            drops.merge(shard.meta["dropped"])
            sources += shard.meta["sources"]
    return drops, sources


def _rows(chosen: Iterator[Chosen], count: int, tell: Callable[[int, int], None]) -> Iterator[Row]:
    for done, one in enumerate(chosen):
        if done % _TOLD_EVERY == 0:
            tell(done, count)
        yield Row(run=one.id.run, lumi=one.id.lumi, began_at=one.began_at, maps=one.maps)


def _info(name: str, found: Stored | MapRecord, spec: MapSpec | None, era: str, request: Request) -> MapInfo:
    """What the data set says of a map."""
    record = found.record() if isinstance(found, Stored) else found
    kind: Kind = "counts" if record.is_counts else "float"
    if spec is not None:
        return map_info(spec, view(spec.view, era, request.calorimeter), kind)
    head, _, tail = name.partition("/")
    return MapInfo(name, head, tail, "", "", "", kind, record.counts.shape, record.axes)


def _provenance(
    request: Request, command: str, sources: list[dict[str, Any]], drops: Drops, tally: Tally
) -> dict[str, Any]:
    assumptions: dict[str, None] = {}
    for note in sources:
        assumptions |= dict.fromkeys(note.get("assumptions", []))
    if request.brilcalc is not None and tally.no_pileup:
        assumptions[f"pileup unknown in {tally.no_pileup} lumisections: not in the luminosity file"] = None
    more = len(assumptions) - _MOST_ASSUMPTIONS
    told = list(assumptions)[:_MOST_ASSUMPTIONS] + ([f"and {more} assumptions more"] if more > 0 else [])
    # The text of a year of files is long, and a data set's has an end; bad sources are named whatever comes.
    named = sources if len(sources) <= _MOST_SOURCES else [note for note in sources if "fault" in note]
    return {
        "command": command,
        "version": __version__,
        "request": request.to_json(),
        "runs": str(Ranges.of(tally.runs)),
        "sources": named[:_MOST_SOURCES],
        "sources_in_all": len(sources),
        "dropped": drops.to_json(),
        "assumptions": told,
    }


def _nothing(request: Request, sources: list[dict[str, Any]], drops: Drops) -> str:
    """Why no lumisection is left, in one line."""
    bad = [note["detail"] for note in sources if "fault" in note]
    left = ", ".join(f"{drop.count} {drop.map} {drop.why}" for drop in list(drops)[:4])
    why = [f"left out: {left}"] if left else []
    why += [f"the first of them: {bad[0]}"] if bad else []
    if not why and request.histograms:
        why = [
            f"no path of a histogram matches {' or '.join(request.histograms):.80} whole ('*' stands for any)"
        ]
    told = "; ".join(why) or "no lumisections in the sources"
    return f"no lumisection is left of {len(sources)} sources ({len(bad)} unreadable); {told}"
