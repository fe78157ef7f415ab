"""Who comes first: slowness against the oracle and the share found, detector by detector."""

from collections.abc import Callable, Mapping

from caloscope.study.report.charts import Axis, Chart, Line, Panel, exact
from caloscope.study.report.looks import REFERENCE_LINE, Look
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.results import Interval, RankLine

_ROW, _ROOM = 23, 60
"""Pixels of a detector in a panel of one line each, and of what is around."""


def ranking_chart(of: Parts, at: Conditions, looks: Mapping[str, Look], name: str) -> Chart | None:
    """Detectors below each other, best first."""
    ranked = of.ranking(at)
    if not ranked:
        return None
    slower = Axis(of.slowness, log=True)
    found = Axis("found, % of all trials", low=-0.02, high=1.02, ticks=_per_cent())
    rows: dict[str, RankLine] = dict(ranked)
    panels = (
        by_detector("", slower, {who: line.slower for who, line in rows.items()}, looks, 1.0),
        by_detector("", found, {who: line.found for who, line in rows.items()}, looks, None, named=False),
    )
    over = "over the oracle's" if of.has_oracle else "in lumisections"
    caption = (
        f"Left: the mean delay {over}, as geometric "
        "mean over all faults, on a logarithmic scale; "
        "1 (dotted) is as good as can be, further right is worse. Right: the share of all trials in which "
        "the "
        "fault was found. Bars are 95 % intervals. Look for bars that do not overlap: those detectors differ."
    )
    return Chart(name, "Ranking", caption, panels, 2, height_of(len(ranked)), legend=False)


def by_detector(
    title: str,
    x: Axis,
    values: Mapping[str, Interval],
    looks: Mapping[str, Look],
    rule: float | None,
    mark: Callable[[str], bool] = lambda _who: False,
    named: bool = True,
) -> Panel:
    """One row for each detector, and a dotted line at `rule`; hollow where `mark` says so."""
    last = len(values) - 1
    ticks = tuple((float(last - place), who if named else "") for place, who in enumerate(values))
    y = Axis("", False, -0.6, last + 0.6, ticks)
    lines = [
        Line(who, looks[who], (value,), (exact(float(last - place)),), joined=False, hollow=mark(who))
        for place, (who, value) in enumerate(values.items())
    ]
    if rule is not None:
        ends = (exact(-0.6), exact(last + 0.6))
        lines.insert(0, Line("", REFERENCE_LINE, (exact(rule), exact(rule)), ends))
    return Panel(title, x, y, tuple(lines))


def height_of(rows: int) -> int:
    """Pixels of a panel with one line for each detector."""
    return _ROOM + _ROW * rows


def _per_cent() -> tuple[tuple[float, str], ...]:
    return tuple((each / 100, str(each)) for each in (0, 20, 40, 60, 80, 100))
