"""Which maps of the catalogue a file's histograms feed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from caloscope.config.catalogue import MapSpec
from caloscope.errors import CaloscopeError
from caloscope.geometry import View, era_of_run
from caloscope.readers.contents.survey import RunLumis
from caloscope.readers.maps.depths import planes


@dataclass(frozen=True, slots=True)
class Feed:
    """How a file feeds one map of the catalogue, or that it does not.

    `histograms` is the alternative that is there whole, the `alternative`-th of the catalogue, from 1; None
    and 0 where none is. `scope` says whether the counts are of each record alone or since the start.
    """

    name: str
    era: str
    producer: str
    histograms: str | None
    alternative: int
    scope: Literal["per_lumi", "cumulative"] | None


class _Seen(Protocol):
    """What must be known of a file."""

    names: set[str]
    tops: set[str]
    grows: bool

    def runs(self) -> tuple[RunLumis, ...]: ...


def feeds(
    catalogue: Mapping[str, MapSpec], views: Callable[[str, str], View], seen: _Seen, era: str | None
) -> tuple[Feed, ...]:
    """One for each map whose producer has a top folder in the file, in the catalogue's order.

    Where the format has no folders, its producers are those that feed a map. A file without lumisections
    feeds none.
    """
    known = known_era(seen.runs(), era)
    if known is None:
        return ()
    found = [_feed(spec, views, seen, known) for spec in catalogue.values() if not spec.is_plain]
    if not seen.tops:
        return with_producer(found)
    here = {spec.name for spec in catalogue.values() if seen.tops.intersection(spec.folders)}
    return tuple(feed for feed in found if feed.name in here)


def with_producer(found: Sequence[Feed]) -> tuple[Feed, ...]:
    """Those of producers that feed at least one map: of the others nothing can be said to be missing."""
    producers = {feed.producer for feed in found if feed.histograms is not None}
    return tuple(feed for feed in found if feed.producer in producers)


def known_era(runs: Sequence[RunLumis], era: str | None) -> str | None:
    """The era asked for, else that of the first run; None where there is neither."""
    try:
        return era or (era_of_run(runs[0].run) if runs else None)
    except CaloscopeError:
        return None


def _feed(spec: MapSpec, views: Callable[[str, str], View], seen: _Seen, era: str) -> Feed:
    """The best alternative of a map that is there whole."""
    for number, pattern in enumerate(spec.paths(era), start=1):
        try:
            wanted = planes(pattern, views(spec.view, era))
        except CaloscopeError:
            continue
        if all(path in seen.names for path, needed in wanted if needed):
            grows = spec.scope == "cumulative" or (seen.grows and spec.accumulates(pattern))
            scope: Literal["per_lumi", "cumulative"] = "cumulative" if grows else "per_lumi"
            return Feed(spec.name, era, spec.producer, pattern, number, scope)
    return Feed(spec.name, era, spec.producer, None, 0, None)
