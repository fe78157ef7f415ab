"""What `caloscope info` says of a store."""

from pathlib import Path
from typing import Any

from rich.console import Console

from caloscope.cli.info.words import cell, pairs, plural, size, table
from caloscope.store import Store

SHOWN = 20
"""Runs whose results are counted, the newest first, unless all are asked for."""


def store_facts(store: Store, url: str, *, everything: bool) -> dict[str, Any]:
    """Labels with their runs and results, bundles, incidents, files and masks, in plain values."""
    most = None if everything else SHOWN
    incidents = store.incidents(commissioning=False)
    return {
        "bytes": _bytes(url),
        "labels": [_label(store, label, most) for label in store.labels()],
        "bundles": [
            {
                "map": b.map,
                "name": b.name,
                "detector": b.detector,
                "era": b.era,
                "state": b.state,
                "hash": b.hash,
            }
            for b in store.bundles()
        ],
        "incidents": {
            "open": sum(one.closed is None and not one.standing for one in incidents),
            "closed": sum(one.closed is not None for one in incidents),
            "standing": sum(one.standing for one in incidents),
        },
        "files": dict(sorted(store.count_files().items())),
        "masks_in_force": len(store.masks()),
    }


def show_store(found: dict[str, Any], console: Console, *, name: str) -> None:
    """Print what `store_facts` found."""
    counted, files = found["incidents"], found["files"]
    console.print(
        pairs(
            {
                "store": name if found["bytes"] is None else f"{name}, {size(found['bytes'])}",
                "labels": ", ".join(label["label"] for label in found["labels"]) or "none",
                "incidents": f"{counted['open']} open, {counted['closed']} closed, "
                f"{counted['standing']} standing (cells never alive)",
                "files": ", ".join(f"{number:,} {status}" for status, number in files.items()) or "none",
                "masks in force": found["masks_in_force"],
            }
        )
    )
    _show_bundles(found, console)
    for label in found["labels"]:
        _show_label(label, console)


def _bytes(url: str) -> int | None:
    """Size of an SQLite file with its log; None for a server."""
    path = Path(url.removeprefix("sqlite:///"))
    if "://" in str(path) or not path.is_file():
        return None
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.is_file() else 0)


def _label(store: Store, label: str, most: int | None) -> dict[str, Any]:
    from caloscope.store.aggregate import lumi_columns

    runs = store.runs(label)
    newest = runs[::-1][:most]
    rows = []
    for run in newest:
        columns = lumi_columns(store, label, run)
        rows.append(
            {
                "run": run,
                "first": min(int(one.lumi[0]) for one in columns),
                "last": max(int(one.lumi[-1]) for one in columns),
                "maps": sorted({one.newest.map for one in columns}),
                "results": sum(len(one.lumi) for one in columns),
                "unknown": sum(int((~one.scored).sum()) for one in columns),
            }
        )
    return {"label": label, "runs": len(runs), "newest_runs": rows}


def _show_bundles(found: dict[str, Any], console: Console) -> None:
    made = table("Bundles", "map", "name", "detector", "era", "state", "hash", wide=("name",))
    for bundle in found["bundles"]:
        fields = ("map", "name", "detector", "era", "state")
        made.add_row(*(cell(bundle[field]) for field in fields), bundle["hash"][:12])
    console.print(made)


def _show_label(label: dict[str, Any], console: Console) -> None:
    numbers = ("run", "first LS", "last LS", "results", "UNKNOWN")
    title = f"{label['label']}: {plural(label['runs'], 'run')}"
    made = table(title, *numbers, "maps", numeric=numbers, wide=("maps",))
    for run in label["newest_runs"]:
        counts = (run["run"], run["first"], run["last"], run["results"], run["unknown"])
        made.add_row(*map(str, counts), cell(", ".join(run["maps"])))
    console.print(made)
    if label["runs"] > len(label["newest_runs"]):
        more = label["runs"] - len(label["newest_runs"])
        console.print(f"and {plural(more, 'older run')}: --all shows all", markup=False)
