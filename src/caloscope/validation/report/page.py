"""The report as one HTML page that needs nothing else: pictures are part of it."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from caloscope.validation.compare import Comparison
from caloscope.validation.outcome import Outcome
from caloscope.validation.report.markdown import CAVEATS, METHOD, summary
from caloscope.validation.report.pictures import Picture
from caloscope.validation.report.results import Lines, Made
from caloscope.validation.report.words import differing, p_value, size, values

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:1240px;margin:2rem auto;padding:0
1rem} h1{font-size:1.7rem}h2{margin-top:2.6rem;border-bottom:2px solid #0072B2;padding-bottom:.2rem}
img{max-width:100%;height:auto;margin:.6rem 0}table{border-collapse:collapse;font-size:13.5px;margin:.8rem 0}
th,td{text-align:left;padding:.22rem .7rem;border-bottom:1px solid #e3e3e3}th{background:#f4f7fa} tr.differs
td:last-child{color:#fff;background:#D55E00;font-weight:600} tr.slightly td:last-child{background:#f6d58a}nav
a{margin-right:1rem}.pale{color:#666}
"""


def page(
    outcomes: Sequence[Outcome],
    lines: Lines,
    made: Made,
    overview: Sequence[Picture],
    pictures: Mapping[str, list[Picture]],
) -> str:
    """The text of index.html."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Caloscope: validation</title><style>{_STYLE}</style>",
        "<h1>The simulation against real data</h1>",
        f"<p>{escape(METHOD)}</p><p><b>{escape(summary(outcomes))}</b> "
        f"<span class=pale>Version {escape(made.version)}, {made.replicas} replicas, "
        f"seed {made.seed}.</span></p>",
        "<ul>" + "".join(f"<li>{escape(text.replace('*', ''))}</li>" for text in CAVEATS) + "</ul>",
        "<nav>" + "".join(f"<a href='#{escape(o.name)}'>{escape(o.label)}</a>" for o in outcomes) + "</nav>",
        "<h2>What does not agree</h2>",
        _table([(outcome, each) for outcome, each in differing(outcomes)], with_sample=True),
        "<h2>All verdicts</h2>",
        *map(_image, overview),
        *(_section(outcome, pictures[outcome.name]) for outcome in outcomes),
        _lines(lines),
        "".join(f"<p>Not used: {escape(line)}</p>" for line in made.refused),
    ]
    return "\n".join(parts) + "\n"


def _section(outcome: Outcome, pictures: Sequence[Picture]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in outcome.notes)
    table = _table([(outcome, each) for each in outcome.comparisons], with_sample=False)
    head = f"<h2 id='{escape(outcome.name)}'>{escape(outcome.label)}</h2>"
    source = f"<ul>{notes}</ul>"
    numbers = f"<details><summary>Numbers</summary>{table}</details>"
    return head + source + "".join(map(_image, pictures)) + numbers


def _table(rows: Sequence[tuple[Outcome, Comparison]], *, with_sample: bool) -> str:
    heads = (["sample"] if with_sample else []) + [
        "quantity",
        "real",
        "simulated",
        "difference",
        "p",
        "verdict",
    ]
    text = "<table><tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"
    for outcome, each in rows:
        if np.isfinite(each.p):
            cells = ([outcome.label] if with_sample else []) + [each.real.title, *values(each), size(each)]
            cells += [p_value(each).removeprefix("p ").removeprefix("= "), each.verdict]
            kind = (
                ""
                if each.agrees
                else " class=slightly"
                if each.verdict == "differs slightly"
                else " class=differs"
            )
            text += f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    return text + "</table>"


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    return f"<img alt='{escape(picture.caption, quote=True)}' src='data:image/png;base64,{data}'>"


def _lines(lines: Lines) -> str:
    if not lines:
        return ""
    rows = "".join(
        f"<tr><td>{escape(line.source)}</td><td>{escape(line.view)}</td>"
        f"<td>{line.slope:.0f} x + {line.intercept:.0f}</td>"
        f"<td>{line.simulated_slope:.0f} x + {line.simulated_intercept:.0f}</td>"
        f"<td>{100 * line.differs:.1f} %</td></tr>"
        for line in lines
    )
    heads = "".join(
        f"<th>{head}</th>" for head in ("file", "view", "published", "simulated", "largest difference")
    )
    return f"<h2>Total digis against pileup, 500 events</h2><table><tr>{heads}</tr>{rows}</table>"
