"""What `caloscope info` says of a file of histograms."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from caloscope.cli.info.words import cell, pairs, plural, size, table
from caloscope.readers.contents import Contents, Entry, Feed, RunLumis
from caloscope.readers.shelf import BinAxis

SHOWN = 40
"""Rows of a table, unless all are asked for."""


def show_contents(found: Contents, console: Console, *, name: str, everything: bool) -> None:
    """Print all that is known of a file."""
    most = None if everything else SHOWN
    console.print(
        pairs(
            {
                "file": name,
                "format": f"{found.format}, {size(found.size)}",
                "lumisections": _lumis(found),
                "runs": runs_text(found.runs),
                "counts": "simulated, not measured" if found.simulated else "",
                "holds": _nature(found),
                "top folders": ", ".join(found.tops),
                "assumed": "; ".join(found.assumptions),
            }
        )
    )
    if found.scalars:
        console.print(pairs(dict(found.scalars)))
    if found.maps:
        _show_maps(found.maps, console)
    _show_entries(found, console, most)


def binning(axes: Sequence[BinAxis]) -> str:
    """Bins and edges of each axis: `84 x 72, 0..84, 0.5..72.5`."""
    if not axes:
        return ""
    bins = " x ".join(str(axis.bins) for axis in axes)
    edges = ", ".join(f"{axis.low:g}..{axis.high:g}{' uneven' if axis.edges else ''}" for axis in axes)
    return f"{bins}, {edges}"


def runs_text(runs: Sequence[RunLumis], most: int = 6) -> str:
    """`306138: LS 1-6 (6)`, the first few runs."""
    words = [f"{run.run}: LS {run.first}-{run.last} ({run.number:,})" for run in runs[:most]]
    return "; ".join(words) + (f"; and {len(runs) - most:,} runs more" if len(runs) > most else "")


def _lumis(found: Contents) -> str:
    if found.lumis and not found.runs:
        return f"{found.lumis:,}, of a run that the file does not tell: --run N does"
    looked = "" if found.looked_at >= found.lumis else f", names from the first {found.looked_at:,}"
    return f"{found.lumis:,} in {plural(len(found.runs), 'run')}{looked}"


def _nature(found: Contents) -> str:
    """Spans, growth and parts, where there are any."""
    low, high = found.spans
    words = []
    if high > 1:
        words.append(f"records of {low} to {high} LS" if low < high else f"records of {high} LS")
    if found.grows:
        words.append("what accumulates does so since an earlier lumisection")
    if found.partial:
        words.append("parts of lumisections, to be added to those in other files")
    return "; ".join(words)


def _show_maps(maps: Sequence[Feed], console: Console) -> None:
    made = table("Maps", "map", "counts", "from", wide=("from",))
    for feed in maps:
        if feed.histograms is None:
            made.add_row(cell(feed.name), "missing", cell(f"nothing of {feed.producer} here feeds it"))
            continue
        scope = "cumulative" if feed.scope == "cumulative" else "per LS"
        other = "" if feed.alternative == 1 else f" (alternative {feed.alternative})"
        made.add_row(cell(feed.name), scope, cell(f"{feed.histograms}{other}"))
    console.print(made)


def _show_entries(found: Contents, console: Console, most: int | None) -> None:
    entries = found.entries[:most]
    number = plural(len(found.entries), "histogram")
    columns = ("path", "bins", "kind", "in LS", "sum")
    made = table(number[0].upper() + number[1:], *columns, numeric=("in LS", "sum"), wide=("path", "bins"))
    for entry in entries:
        made.add_row(
            cell(entry.path),
            _bins(entry, narrow=console.width < 100),
            entry.kind,
            f"{entry.lumis:,}",
            _total(entry),
        )
    console.print(made)
    more = len(found.entries) - len(entries)
    if more or found.more:
        hint = "--grep PATTERN chooses among them, --all shows all"
        console.print(f"and {more + found.more:,} more: {hint}", markup=False)


def _bins(entry: Entry, *, narrow: bool) -> Text:
    """Bins and edges, one below the other where there is little room; or what is wrong."""
    if entry.kind == "damaged":
        return cell(entry.detail)
    words = binning(entry.axes)
    return Text(words.replace(", ", "\n", 1) if narrow else words)


def _total(entry: Entry) -> str:
    if entry.total is None:
        return ""
    return f"{entry.total:,.0f}" if entry.total == round(entry.total) else f"{entry.total:,.5g}"
