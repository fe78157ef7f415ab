"""Which maps of a data set faults can be put into."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from caloscope.config.catalogue import PLAIN
from caloscope.dataset import DataSet, MapInfo, open_data_set
from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.geometry import View, view


def views_of(
    source: Path, maps: Sequence[str] | None = None, calorimeter: str | None = None
) -> dict[str, View]:
    """The maps of a data set that faults can be put into, and their views, by name.

    They hold counts of cells that a view describes. `maps` are shell patterns for their names; `calorimeter`
    is the TOML text of one that is not CMS's. Raises `UsageError` where a pattern matches none, for a map
    that is asked for and cannot be, and where a map was made for another geometry than that of the data set's
    era.
    """
    with open_data_set(source) as data:
        return targets(data, maps, calorimeter)


def targets(data: DataSet, maps: Sequence[str] | None, calorimeter: str | None) -> dict[str, View]:
    """As `views_of`, of a data set that is open."""
    fitting = {name: info for name, info in data.maps.items() if _why_not(info) is None}
    if maps:
        fitting = {name: data.maps[name] for pattern in maps for name in _matching(data, pattern)}
    if not fitting:
        raise UsageError(
            f"{data.path}: no map of counts in cells that are known, expected one to put faults into"
        )
    return {name: _view(data, fitting[name], calorimeter) for name in data.maps if name in fitting}


def touched(views: dict[str, View], faults: Sequence[Fault], path: Path) -> dict[str, View]:
    """The maps that some fault is one of; raises `UsageError` where there is none."""
    found = {name: on for name, on in views.items() if any(fault.touches(name) for fault in faults)}
    if not found:
        maps = ", ".join(dict.fromkeys(fault.map for fault in faults)) or "nothing"
        raise UsageError(f"{path}: found faults of {maps:.100}, expected some of {', '.join(views)}")
    return found


def _matching(data: DataSet, pattern: str) -> list[str]:
    """The maps that a pattern is for; those that cannot be are left out where it is no plain name."""
    if pattern in data.maps and (why := _why_not(data.maps[pattern])) is not None:
        raise UsageError(f"{data.path}: {pattern} holds {why}, expected counts in cells that are known")
    found = [
        name for name, info in data.maps.items() if fnmatchcase(name, pattern) and _why_not(info) is None
    ]
    if not found:
        known = ", ".join(sorted(data.maps)[:8])
        raise UsageError(f"{data.path}: no map {pattern!r}, expected one of {known}, or a pattern for them")
    return found


def _why_not(info: MapInfo) -> str | None:
    """What is in the way of putting faults into a map."""
    if info.kind != "counts":
        return "real numbers"
    return "a histogram as it is" if info.view == PLAIN or not info.geometry else None


def _view(data: DataSet, info: MapInfo, calorimeter: str | None) -> View:
    on = view(info.view, data.era, calorimeter)
    if (info.geometry, info.shape) != (on.version, on.shape):
        found = f"{info.name} of geometry {info.geometry:.20} and shape {info.shape}"
        expected = f"{on.version} and {on.shape} (era {data.era})"
        raise UsageError(f"{data.path}: found {found}, expected {expected}")
    return on
