"""How well cells are told apart: ROC and precision-recall curves, and the false discovery rate at 99 %."""

from collections.abc import Mapping
from math import isnan, nan
from statistics import fmean
from typing import Final

from caloscope.study.report.charts import Axis, Chart, Grid, Heat, Line, Panel, Tile, exact
from caloscope.study.report.looks import Look
from caloscope.study.report.parts import Conditions, Parts, conditions
from caloscope.study.report.words import small_print, tiny
from caloscope.study.results import NOTHING, Interval, Points

MOST: Final = 6
"""Faults whose curves are drawn."""

_LEAST: Final = 1e-4
"""Where the axis of false positives begins at the least."""


def curve_chart(of: Parts, at: Conditions, looks: Mapping[str, Look], kind: str) -> Chart | None:
    """Curves of a kind (`roc`, `pr`), one panel for each fault, the hardest few where there are many."""
    curves = [each for each in of.results.curves if each.kind == kind and conditions(each.setting) == at]
    faults = [fault.title for fault in of.faults(at)]
    faults += [each.fault for each in curves if each.fault not in faults]
    every = [fault for fault in faults if any(each.fault == fault for each in curves)]
    chosen = set(sorted(every, key=lambda fault: _area(of, at, fault))[:MOST])
    shown = [fault for fault in every if fault in chosen]
    if not shown:
        return None
    panels = tuple(
        _panel(fault, kind, [each for each in curves if each.fault == fault], looks) for fault in shown
    )
    few = f" Shown are the {MOST} of {len(every)} faults where areas under curves are smallest."
    title, caption = _WORDS[kind]
    caption += few if len(every) > MOST else ""
    return Chart(kind, title, caption, panels, min(3, len(panels)), 270)


_WORDS: Final = {
    "roc": (
        "ROC curves of cells",
        "Share of faulty cells that are found (up: better) against share of good cells that are flagged, "
        "on a "
        "logarithmic scale, as the threshold is moved. Curves have no bars; the intervals of the areas under "
        "them are in the table at the end. Look at the left edge: only there few good cells are flagged.",
    ),
    "pr": (
        "Precision and recall of cells",
        "Share of flagged cells that are faulty (up: better) against share of faulty cells that are "
        "flagged, as "
        "the threshold is moved. Curves have no bars; the intervals of the areas under them are in the "
        "table at "
        "the end. Look for curves that stay at the top until the right edge.",
    ),
}


def _panel(fault: str, kind: str, curves: list[Points], looks: Mapping[str, Look]) -> Panel:
    known = {each.setting.detector: each for each in curves}
    low = max(_LEAST, min((x for each in curves for x in each.x if x > 0), default=_LEAST))
    unit = Axis("", False, -0.02, 1.02)
    x = Axis("good cells flagged", True, low, 1.0) if kind == "roc" else unit._replace(title="recall")
    y = unit._replace(title="faulty cells found" if kind == "roc" else "precision")
    lines = tuple(_line(known[who], looks[who], low, kind) for who in looks if who in known)
    return Panel(fault, x, y, lines)


def _line(of: Points, look: Look, low: float, kind: str) -> Line:
    points = list(zip(of.x, of.y, strict=True))
    if kind == "roc":
        start = max((y for x, y in points if x <= low), default=nan)
        points = ([] if isnan(start) else [(low, start)]) + [each for each in points if each[0] > low]
    plain = Look(look.colour, look.dash, "", look.width)
    return Line(
        of.setting.detector, plain, tuple(exact(x) for x, _ in points), tuple(exact(y) for _, y in points)
    )


def _area(of: Parts, at: Conditions, fault: str) -> float:
    mine = (line.cell_auc.value for (_, title), line in of.lines(at).items() if title == fault)
    known = [each for each in mine if not isnan(each)]
    return fmean(known) if known else 1.0


def discovery(of: Parts, at: Conditions) -> Heat | None:
    """The false discovery rate at 99 % detection: detectors by faults."""
    lines = of.lines(at)
    faults = [
        fault.title
        for fault in of.faults(at)
        if any(title == fault.title and not isnan(line.fdr.value) for (_, title), line in lines.items())
    ]
    shown = [
        who
        for who in of.detectors
        if any((who, fault) in lines and not isnan(lines[who, fault].fdr.value) for fault in faults)
    ]
    if not shown:
        return None
    tiles = tuple(
        tuple(_tile(lines[who, fault].fdr if (who, fault) in lines else NOTHING) for fault in faults)
        for who in shown
    )
    caption = (
        "The share of good cells among all flagged ones, in per cent, if the threshold were low enough to "
        "flag 99 % of the faulty cells (0, white, is best). Small print: 95 % interval; of fewer than 368 "
        "faulty cells nobody knows the worst in a hundred, and it ends where all is flagged. Look for faults "
        "where even the best detector would flag mostly good cells."
    )
    ticks = tuple((each, f"{100 * each:.0f}") for each in (0.0, 0.5, 1.0))
    grid = Grid("", tuple(shown), tuple(faults), tiles)
    title = "False discovery rate at 99 % detection"
    return Heat("fdr", title, caption, (grid,), "", "", 0.0, 1.0, "FDR, %", ticks)


def _tile(of: Interval) -> Tile | None:
    if isnan(of.value):
        return None
    text = tiny(100 * of.value) if of.value < 0.1 else f"{100 * of.value:.3g}"
    return Tile(min(1.0, max(0.0, of.value)), text, small_print(of, 100.0))
