"""The page of a study on measured files, and its tables."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Final

from caloscope import __version__
from caloscope.outputs.data_page.document import closing, facts, opening
from caloscope.study.real import csvs, share_tables, tables
from caloscope.study.real.drawings import drawings
from caloscope.study.real.found import Found
from caloscope.study.real.sentences import sentences
from caloscope.study.report.page import captioned
from caloscope.study.report.plot_lines import chart_figure
from caloscope.study.report.words import counted

_ABOUT: Final = (
    "Measured lumisections, no simulation. Every block of lumisections is held out in turn, and the "
    "detectors learn from all others of the same file, faults included; the lumisection that is judged is "
    "never among them. A file is too short to calibrate on: thresholds are those of the formula, one false "
    "incident a day (3,700 lumisections), or those that a detector finds by itself where it scores. Files of "
    "ECAL do not say how many events they hold: what is learned from has 500 times its level, what is judged "
    "has none."
)
_MADE: Final = (
    "Faults are made by thinning the counts of single cells binomially, which gives exactly what a cell "
    "would have counted that loses this share. A fault begins in the first lumisection of a block and stays. "
    "In brackets 95 % intervals (Wilson), as if cells were independent. Wrong are flags of sound cells "
    "beside the faulty ones, of 1,000 cells in a lumisection; as the same lumisections come back with every "
    "set of cells, their interval is rather too narrow. Where a block is one lumisection, as in ECAL, "
    "nothing can add up, which is how weak faults are found. A cell that a detector flags anyway counts as "
    "found when it is its turn, and as wrong before and after."
)
_DIFFERENCE: Final = (
    "Faults in digis and their rec hits thin both together, and so the difference; in rec hits only, the "
    "digis stay as they were. Only channels that have rec hits are compared. In HF of 2017 digis of depths 3 "
    "and 4, the second anodes, have no rec hit of their own: there the difference is the digi, in every "
    "event. What else there is of it is rare, and wedges lose the rec hits of one event together: these are "
    "no trials in events, so to the detectors that judge any map its counts are overdispersed ones."
)
_STYLE: Final = (
    "td { overflow-wrap: normal; } td:nth-child(2) { white-space: nowrap; } "
    ".small td, .small th { font-size: 13px; padding-right: 14px; } "
    ".small table { margin-bottom: 22px; }"
)


def write(found: Found, folder: Path) -> list[str]:
    """Write `report.html` and the CSV tables; gives the sentences of the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    csvs.write_tables(found, folder)
    told = list(sentences(found))
    (folder / "report.html").write_text("".join(_page(found, told)), "utf-8")
    return told


def _page(found: Found, told: list[str]) -> Iterator[str]:
    style = files("caloscope.study.report").joinpath("report.css").read_text("utf-8")
    yield opening(found.title).replace("</head>", f"<style>{style}{_STYLE}</style></head>", 1)
    yield f'<header><p class="kind">Study</p><h1>{escape(found.title)}</h1>'
    yield f'<p class="note">{escape(_ABOUT)}</p>{facts(_facts(found))}</header><main>'
    words = "".join(f"<p>{escape(each)}</p>" for each in told)
    yield _section("summary", "Summary", f'<div class="summary">{words}</div>')
    yield _section("files", "What was measured", tables.samples(found) + tables.failed(found))
    yield _section(
        "present", "Faults that are in the lumisections", tables.present(found) + tables.quiet(found)
    )
    drawn, numbers = list(drawings(found)), count(1)
    figures = {
        each.name: captioned(chart_figure(each), each.title, each.caption, next(numbers)) for each in drawn
    }
    if found.compared:
        inner = (
            f'<p class="note">{escape(_DIFFERENCE)}</p>{figures["compared"]}{share_tables.compared(found)}'
        )
        yield _section("difference", "Digis, rec hits and their difference", inner)
    made = f'<p class="note">{escape(_MADE)}</p>{figures.get("injected", "")}{share_tables.injected(found)}'
    yield _section("injected", "Faults made in measured counts", made)
    names = (csvs.PRESENT, csvs.SOUND, csvs.INJECTED, csvs.COMPARED)
    links = ", ".join(f'<a href="{name}">{name}</a>' for name in names)
    yield f'<p class="note">The same for programs: {links}.</p></main>'
    yield f"<footer>Made by Caloscope {escape(__version__)}.</footer>\n{closing()}"


def _facts(found: Found) -> Iterator[tuple[str, str]]:
    yield "Samples", f"{len(found.samples)}"
    yield "Lumisections judged", f"{sum(of.lumis for of in found.samples):,}"
    faults = {
        (of.title, place, f.name) for of in found.samples for place, fs in enumerate(of.faults) for f in fs
    }
    yield "Faults listed in them", f"{len(faults):,}"
    yield "Detectors", f"{len({each.detector for each in found.quiet})}"
    yield "Cells made faulty", f"{counted(found.sets, 'set')} of {100 * found.places:g} %"


def _section(anchor: str, title: str, inner: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{inner}</section>\n'
