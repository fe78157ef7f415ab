"""`caloscope mask`: known-bad cells, with an author, a reason and an end."""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli.calibrated import many
from caloscope.cli.options import StoreUrl
from caloscope.errors import UsageError
from caloscope.records import Cell

if TYPE_CHECKING:
    from caloscope.geometry import View
    from caloscope.store import BundleRow, MaskRow, Store

app = typer.Typer(help="Known-bad cells: add, list, revoke. They hold from the next lumisection on.")

MapName = Annotated[str, typer.Option("--map", help="The map, such as EE+/digi.")]


@app.command("add")
def add(
    store: StoreUrl,
    map_name: MapName,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who read it in a year.")],
    incident: Annotated[
        str | None, typer.Option("--incident", help="All cells of an incident: its id, or its hardware.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="All cells of a piece of hardware, such as HEM15.")
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(
            "--cell", help="One cell, as flags have it: y,x or depth index,y,x; may be given again."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="When it ends (UTC), such as 2026-12-01T06:00; never without."),
    ] = None,
    author: Annotated[str | None, typer.Option("--author", help="Who says so; you without it.")] = None,
) -> None:
    """Mask cells of a map: what is found in them is known, and makes nothing BAD."""
    from caloscope.store import Store

    if sum(each is not None for each in (incident, region, cell)) != 1:
        raise UsageError("expected one of --incident, --region and --cell")
    if not reason.strip():
        raise UsageError("--reason: found none, expected some words")
    ends = None if until is None else _moment(until)
    with Store(store) as opened:
        on = _view_of(opened, map_name)
        if incident is not None:
            cells = _of_incident(opened, map_name, incident)
        else:
            cells = _of_region(on, region) if region is not None else [_cell(each, on) for each in cell or []]
        row = opened.add_mask(map_name, cells, author or getpass.getuser(), reason, ends)
    print(_line(row))


@app.command("list")
def show(
    store: StoreUrl,
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended or were revoked.")] = False,
) -> None:
    """The masks that are in force."""
    from caloscope.store import Store

    with Store(store, read_only=True) as opened:
        rows = opened.masks(in_force=not everything)
    for row in rows:
        print(_line(row))
    if not rows:
        print("no masks")


@app.command("revoke")
def revoke(
    mask: Annotated[int, typer.Argument(help="Its number, as `list` shows it.")], store: StoreUrl
) -> None:
    """End a mask; it stays on record."""
    from caloscope.store import Store

    with Store(store) as opened:
        opened.revoke_mask(mask)
    print(f"mask {mask} revoked")


def _line(row: "MaskRow") -> str:
    """One mask, in words."""
    end = "for ever" if row.until is None else f"until {_shown(row.until)}"
    state = ", revoked" if row.revoked else ""
    cells = many(len(row.cells), "cell")
    return f"mask {row.id}: {cells} of {row.map} {end}{state}, by {row.author}: {row.reason}"


def _view_of(store: "Store", map_name: str) -> "View":
    from caloscope.geometry import view

    known = store.bundles()
    found: BundleRow | None = next((row for row in known if row.map == map_name), None)
    if found is None:
        maps = ", ".join(sorted({row.map for row in known})) or "none yet"
        raise UsageError(f"--map: found {map_name}, expected one of this store's maps: {maps}")
    return view(found.view, found.era, found.calorimeter)


def _of_incident(store: "Store", map_name: str, name: str) -> list[Cell]:
    """The cells of the newest incident of this id or hardware."""
    known = [each for each in store.incidents(map=map_name) if not each.standing]
    found = [each for each in known if name in (each.id, each.hardware)]
    if not found:
        names = ", ".join(dict.fromkeys(each.hardware for each in known[-5:])) or "none"
        raise UsageError(f"--incident: found {name!r}, expected one of {map_name}, lately: {names}")
    return list(found[-1].cells)


def _of_region(on: "View", name: str) -> list[Cell]:
    import numpy as np

    for region in on.regions:
        if region.name == name:
            return [tuple(int(index) for index in place) for place in np.argwhere(region.members)]
    some = ", ".join(region.name for region in on.regions[:5])
    raise UsageError(f"--region: found {name!r}, expected one of {on.name}, such as {some}")


def _cell(text: str, on: "View") -> Cell:
    parts = text.split(",")
    if len(parts) == len(on.shape) and all(part.strip().isdecimal() for part in parts):
        place = tuple(int(part) for part in parts)
        if all(index < size for index, size in zip(place, on.shape, strict=True)) and on.exists[place]:
            return place
    axes = "depth index,y,x" if len(on.shape) == 3 else "y,x"
    raise UsageError(f"--cell: found {text!r}, expected {axes} of a cell of {on.name}, zero-based")


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until: found {text!r}, expected a time such as 2026-12-01T06:00") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
