"""The picture of a data set: one HTML page that holds all it needs and asks nobody for anything."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TextIO

from caloscope import __version__
from caloscope.dataset import DataSet
from caloscope.geometry import View, view
from caloscope.outputs.data_page.document import Column, closing, link, more, opening, table
from caloscope.outputs.data_page.document import facts as fact_list
from caloscope.outputs.data_page.facts import Facts, Range, RunFacts, facts, text
from caloscope.outputs.data_page.one_map import map_section
from caloscope.outputs.data_page.scales import short
from caloscope.outputs.data_page.truth import truth_text
from caloscope.outputs.data_page.truth_section import truth_section

MOST_MAPS = 40
"""Maps that are drawn unless all are asked for."""

MOST_PLANES = 16
UNNAMED = "converted"
"""The label of a conversion that was given none."""

MOST_ROWS = 60
"""Rows of a table of runs or of what was left out, unless all are asked for."""


def write_page(
    data: DataSet,
    path: Path,
    *,
    name: str,
    said: Facts | None = None,
    everything: bool = False,
    views: Callable[[str, str], View] = view,
    tell: Callable[[str, int], None] = lambda _name, _number: None,
) -> int:
    """Write the page of a data set that is called `name`; answers with the number of maps on it.

    `said` is what `facts` finds, given where only some of the maps are to be on the page. Maps are read in
    slices and written one by one; `tell` is called with each map's name and number before. The file appears
    whole or not at all. Raises `SourceError` where the data set is damaged as a whole; of a map that is
    damaged the page says so.
    """
    said = facts(data) if said is None else said
    names = [one.info.name for one in said.maps]
    drawn = names if everything else names[:MOST_MAPS]
    hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with hidden.open("w", encoding="utf-8", newline="\n") as file:
            _write_head(file, said, text(name), drawn, everything)
            for number, each in enumerate(drawn):
                tell(each, number)
                most = len(data.runs) + 10**6 if everything else MOST_PLANES
                file.write(map_section(data, each, anchor(number), views, most))
            file.write(f"</main><footer>Made by Caloscope {escape(__version__)}.</footer>\n{closing()}")
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
    return len(drawn)


def anchor(number: int) -> str:
    """The name of a map's place on the page."""
    return f"map-{number + 1}"


def when(seconds: float | None) -> str:
    """A moment for people, in UTC; empty where it is not known or no moment at all."""
    try:
        return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return ""


def span_text(of: Facts, number: int) -> str:
    """How many lumisections the rows of a map cover each: `1`, or `1 and 10 to 15`."""
    spans = sorted(of.maps[number].spans)
    if len(spans) < 4:
        return " and ".join(map(str, spans)) or "none"
    return f"{spans[0]} to {spans[-1]}"


def range_text(of: Range | None, present: int) -> str:
    """The range of what is known."""
    if of is None:
        return "unknown"
    low, high = short(of.low), short(of.high)
    words = low if low == high else f"{low} to {high}"
    return words if of.known == present else f"{words} (known in {of.known:,})"


def _write_head(file: TextIO, of: Facts, name: str, drawn: list[str], everything: bool) -> None:
    """All that stands above the maps."""
    file.write(opening(f"{of.label} · {name}"))
    file.write(
        '<a class="skip" href="#maps">Skip to the maps</a>'
        f'<header><p class="kind">Data set {escape(name)}</p>'
        f"<h1>{escape(_headline(of))}</h1>{fact_list(_facts(of))}</header><main>\n"
    )
    most = None if everything else MOST_ROWS
    parts = (
        _maps(of, drawn),
        _runs(of, most),
        truth_section(of.truth, most),
        _left_out(of, most),
        _origin(of, most),
    )
    for part in parts:
        file.writelines(part)


def _headline(of: Facts) -> str:
    """The primary dataset and the runs; a data set whose maker did not name the first has only the others."""
    runs = [run.run for run in of.runs]
    words = f"run {runs[0]}" if len(runs) == 1 else f"runs {_runs_text(runs)}"
    words = words.capitalize() if of.label in ("", UNNAMED) else f"{of.label}, {words}"
    return f"{words} (simulated)" if of.simulated and "simulated" not in of.label.lower() else words


def _facts(of: Facts) -> Iterator[tuple[str, str]]:
    missing = sum(run.missing for run in of.runs)
    runs = [run.run for run in of.runs]
    if of.simulated:
        yield "Counts", "simulated, not measured"
    yield "Era", of.era
    yield ("Run", str(runs[0])) if len(runs) == 1 else ("Runs", _runs_text(runs))
    yield "Lumisections", f"{of.lumis:,}" + (f" ({missing:,} missing between)" if missing else ", no gaps")
    if when(of.began):
        yield "Began", when(of.began)
        yield "Last began", when(of.ended)
    yield "Maps", f"{len(of.maps):,}"
    if of.truth is not None:
        yield "Known faults", truth_text(of.truth, of.lumis)
    yield "Left out", f"{sum(left.times for left in of.left_out):,}"
    unreadable = f", {len(of.unreadable):,} of them unreadable" if of.unreadable else ""
    yield "Sources", f"{of.sources:,}{unreadable}" if of.sources else "not recorded"
    yield "Written by", f"Caloscope {of.version}" if of.version else "not recorded"


def _runs_text(runs: list[int]) -> str:
    few = ", ".join(map(str, runs))
    return few if len(runs) < 4 else f"{len(runs):,}, {runs[0]} to {runs[-1]}"


def _maps(of: Facts, drawn: list[str]) -> Iterator[str]:
    """The maps with links to their pictures: the table of contents."""
    yield '<section id="maps" aria-labelledby="maps-title"><h2 id="maps-title">Maps</h2>'
    names = ("map", "kind", "shape", "rows", "events per row", "pileup", "LS per row")
    columns = [Column(each, each in {"shape", "rows"}) for each in names]
    yield table("What the data set holds; a name leads to its pictures", columns, _map_rows(of, drawn))
    if len(drawn) < len(of.maps):
        number = f"{len(drawn)} of {len(of.maps):,}"
        yield f'<p class="note">{number} maps are drawn; <code>--all</code> draws all.</p>'
    yield "</section>\n"


def _map_rows(of: Facts, drawn: list[str]) -> Iterator[list[str]]:
    for number, one in enumerate(of.maps):
        name = text(one.info.name)
        yield [
            link(anchor(number), name) if number < len(drawn) else name,
            "counts" if one.info.kind == "counts" else "real numbers",
            " x ".join(map(str, one.info.shape)),
            f"{one.present:,}",
            range_text(one.events, one.present),
            range_text(one.pileup, one.present),
            span_text(of, number),
        ]


def _runs(of: Facts, most: int | None) -> Iterator[str]:
    yield '<section id="runs" aria-labelledby="runs-title"><h2 id="runs-title">Runs</h2>'
    names = ("run", "first LS", "last LS", "rows", "missing", "missing lumisections")
    columns = [Column(each, each != "missing lumisections") for each in names]
    yield table("Rows of each run, and what no row covers between its first and last", columns, [
        [str(run.run), str(run.first), str(run.last), f"{run.number:,}", f"{run.missing:,}", gaps_text(run)]
        for run in of.runs[:most]
    ])  # fmt: skip
    yield f"{more(len(of.runs), most)}</section>\n"


def gaps_text(run: RunFacts) -> str:
    """The gaps of a run, the first few of them: `4-6, 9`."""
    words = [str(low) if low == high else f"{low}-{high}" for low, high in run.gaps[:8]]
    return ", ".join(words) + (f" and {len(run.gaps) - 8} more" if len(run.gaps) > 8 else "")


def _left_out(of: Facts, most: int | None) -> Iterator[str]:
    yield '<section id="left-out" aria-labelledby="left-title"><h2 id="left-title">What was left out</h2>'
    if not of.left_out:
        yield '<p class="note">Nothing, as far as the data set says.</p>'
    else:
        columns = [Column("map", False), Column("reason", False), Column("how often"), Column("runs", False)]
        yield table("What the sources held and the data set does not, and why", columns, [
            [left.map if left.map != "*" else "all", left.why, f"{left.times:,}", _runs_text(list(left.runs))]
            for left in of.left_out[:most]
        ])  # fmt: skip
        yield more(len(of.left_out), most)
    yield "</section>\n"


def _origin(of: Facts, most: int | None) -> Iterator[str]:
    yield '<section id="origin" aria-labelledby="origin-title"><h2 id="origin-title">Where it comes from</h2>'
    if of.command:
        yield f'<p class="note">Made by <code>{escape(of.command)}</code></p>'
    for heading, lines in (("Assumed", of.assumptions), ("Could not be read", of.unreadable)):
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines[:most])
            yield f"<h3>{heading}</h3><ul>{items}</ul>{more(len(lines), most)}"
    if not (of.command or of.assumptions or of.unreadable):
        yield '<p class="note">The data set does not say.</p>'
    yield "</section>\n"
