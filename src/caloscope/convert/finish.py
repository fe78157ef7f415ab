"""The last part of a conversion: from shards to the data set."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from caloscope import __version__, dataset
from caloscope.config.catalogue import MapSpec
from caloscope.config.ranges import Ranges
from caloscope.convert.dropped import Drop, Drops
from caloscope.convert.index import Index
from caloscope.convert.luminosity import Luminosity
from caloscope.convert.merge import Chosen, Merge
from caloscope.convert.request import Request
from caloscope.convert.selection import Selection
from caloscope.dataset import MapInfo, Row, Stored
from caloscope.errors import CaloscopeError, UsageError
from caloscope.geometry import View, era_of_run, view
from caloscope.records import BinRange, MapRecord


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

    def add(self, chosen: Chosen) -> None:
        """One more row."""
        self.rows += 1
        self.runs.add(chosen.id.run)
        for name, found in chosen.maps.items():
            self.maps[name] = self.maps.get(name, 0) + 1
            if name not in self.examples:
                self.examples[name] = found.record() if isinstance(found, Stored) else found


def finish(shards: Sequence[Path], request: Request, output: Path, command: str) -> Finished:
    """Write the data set of all shards; see `convert`."""
    drops, sources = _notes(shards)
    specs = {spec.name: spec for spec in request.specs()}
    with Index(shards) as index:
        tally = Tally()
        for chosen in _merge(request, specs, drops).rows(index):
            tally.add(chosen)
        if not tally.rows:
            raise CaloscopeError(_nothing(sources, drops))
        era = era_of(request, tally.runs)
        provenance = _provenance(request, command, sources, drops, tally)
        dataset.write(
            output,
            _rows(_merge(request, specs, Drops()).rows(index)),
            tally.rows,
            [
                _info(name, found, specs.get(name), era, request)
                for name, found in sorted(tally.examples.items())
            ],
            label=request.label,
            era=era,
            provenance=provenance,
        )
    return Finished(
        lumisections=tally.rows,
        maps=dict(sorted(tally.maps.items())),
        runs=len(tally.runs),
        dropped=tuple(drops),
        assumptions=tuple(provenance["assumptions"]),
    )


def _merge(request: Request, specs: Mapping[str, MapSpec], drops: Drops) -> Merge:
    def view_of(name: str, run: int) -> View | None:
        spec = specs.get(name)
        return None if spec is None else view(spec.view, request.era or era_of_run(run), request.calorimeter)

    return Merge(_selection(request), _luminosity(request), request.from_start, view_of, drops)


@lru_cache(maxsize=2)
def _selection(request: Request) -> Selection:
    return Selection.of(request)


@lru_cache(maxsize=2)
def _luminosity(request: Request) -> Luminosity | None:
    return Luminosity.of(request)


def _notes(shards: Sequence[Path]) -> tuple[Drops, list[dict[str, Any]]]:
    """What the shards say of their sources and of what they left out."""
    drops, sources = Drops(), []
    for path in shards:
        with dataset.open_shard(path) as shard:
            drops.merge(shard.meta["dropped"])
            sources += shard.meta["sources"]
    return drops, sources


def _rows(chosen: Iterator[Chosen]) -> Iterator[Row]:
    for one in chosen:
        yield Row(run=one.id.run, lumi=one.id.lumi, began_at=one.began_at, maps=one.maps)


def era_of(request: Request, runs: set[int]) -> str:
    """The era of runs, one at least; raises `UsageError` where there are several: geometries differ."""
    if request.era is not None:
        return request.era
    eras = sorted({era_of_run(run) for run in runs})
    if len(eras) > 1:
        raise UsageError(f"runs of eras {', '.join(eras)}, expected one: choose with --runs or --era")
    return eras[0]


def _info(name: str, found: Stored | MapRecord, spec: MapSpec | None, era: str, request: Request) -> MapInfo:
    """What the data set says of a map."""
    record = found.record() if isinstance(found, Stored) else found
    on = None if spec is None else view(spec.view, era, request.calorimeter)
    head, _, tail = name.partition("/")
    return MapInfo(
        name=name,
        view=head,
        quantity=tail,
        noise="" if spec is None else spec.noise,
        producer="" if spec is None else spec.producer,
        geometry="" if on is None else on.version,
        kind="counts" if record.is_counts else "float",
        shape=record.counts.shape,
        axes=record.axes if on is None else _axes(on),
    )


def _axes(on: View) -> tuple[BinRange, ...]:
    """The view's axes in the order of its arrays."""
    plane = tuple(BinRange(axis.title, axis.bins, axis.low, axis.high) for axis in (on.y, on.x))
    if not on.depths:
        return plane
    depths = BinRange("depth", len(on.depths), on.depths[0] - 0.5, on.depths[-1] + 0.5)
    return (depths, *plane)


def _provenance(
    request: Request, command: str, sources: list[dict[str, Any]], drops: Drops, tally: Tally
) -> dict[str, Any]:
    assumptions: dict[str, None] = {}
    for note in sources:
        assumptions |= dict.fromkeys(note.pop("assumptions", []))
    return {
        "command": command,
        "version": __version__,
        "request": request.to_json(),
        "runs": str(Ranges.of(tally.runs)),
        "sources": sources,
        "dropped": drops.to_json(),
        "assumptions": list(assumptions)[:100],
    }


def _nothing(sources: list[dict[str, Any]], drops: Drops) -> str:
    """Why no lumisection is left, in one line."""
    bad = [note["detail"] for note in sources if "fault" in note]
    left = ", ".join(f"{drop.count} {drop.map} {drop.why}" for drop in list(drops)[:4])
    why = f"left out: {left}" if left else (bad[0] if bad else "no lumisections in the sources")
    return f"no lumisection is left of {len(sources)} sources ({len(bad)} unreadable); {why}"
