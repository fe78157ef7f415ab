"""False incidents, asked against observed, and what a detector costs."""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from caloscope.study.report.charts import NAN, Axis, Chart, Line, Panel, exact
from caloscope.study.report.looks import REFERENCE_LINE, Look
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.ranked import by_detector, height_of
from caloscope.study.results import CleanLine, Interval

_TITLE: Final = "False incidents: asked and observed"


def false_chart(of: Parts, at: Conditions, looks: Mapping[str, Look]) -> Chart | None:
    """One row for each detector; lines of observed against asked where several rates were asked for."""
    clean = of.clean(at)
    asked = sorted({each.asked for each in clean if each.asked > 0})
    values = [each.rate.value for each in clean if each.rate.value > 0] + [each.rate.high for each in clean]
    known = [each for each in (*values, *asked) if isfinite(each) and each > 0]
    if not known or not asked:
        return None
    floor = min(known) / 2.5
    return _rows(clean, asked[0], floor, looks) if len(asked) == 1 else _lines(clean, asked, floor, looks)


def _rows(clean: tuple[CleanLine, ...], asked: float, floor: float, looks: Mapping[str, Look]) -> Chart:
    values = {each.setting.detector: _above(each.rate, floor) for each in clean}
    none = {each.setting.detector for each in clean if each.incidents == 0}
    x = Axis("false incidents in 3,700 LS", True, floor / 1.25, NAN)
    panel = by_detector("", x, values, looks, asked, none.__contains__)
    caption = (
        "False incidents in 3,700 lumisections (24 h) in which nothing was wrong, on a logarithmic scale. "
        "Dotted: "
        f"the rate of {asked:g} that thresholds were made for. Bars are 95 % intervals; open marks at the "
        "left edge: none seen, with the upper limit. Look for bars that do not reach the dotted line."
    )
    return Chart("false-incidents", _TITLE, caption, (panel,), 1, height_of(len(values)), legend=False)


def _lines(
    clean: tuple[CleanLine, ...], asked: list[float], floor: float, looks: Mapping[str, Look]
) -> Chart:
    ticks = tuple((each, f"{each:g}") for each in asked)
    x = Axis("asked: false incidents in 3,700 LS", True, asked[0] / 1.4, asked[-1] * 1.4, ticks)
    diagonal = (exact(asked[0] / 1.4), exact(asked[-1] * 1.4))
    lines = [Line("as asked", REFERENCE_LINE, diagonal, diagonal)]
    for who in dict.fromkeys(each.setting.detector for each in clean):
        mine = [each for each in clean if each.setting.detector == who and each.asked > 0]
        at, seen = (
            tuple(exact(each.asked) for each in mine),
            tuple(_above(each.rate, floor) for each in mine),
        )
        lines.append(Line(who, looks[who], at, seen))
    caption = (
        "False incidents in 3,700 lumisections (24 h) in which nothing was wrong, against what thresholds "
        "were made "
        "for, both on logarithmic scales. Bars are 95 % intervals. Look for lines that leave the dotted "
        "diagonal: above it there are more false incidents than asked for."
    )
    panel = Panel("", x, Axis("observed", True, floor / 1.25), tuple(lines))
    return Chart("false-incidents", _TITLE, caption, (panel,), 1, 420)


def _above(of: Interval, floor: float) -> Interval:
    return Interval(*(max(each, floor) for each in of))


def cost_chart(of: Parts, at: Conditions, looks: Mapping[str, Look]) -> Chart | None:
    """Slowness against seconds of training and against milliseconds of inference."""
    costs, ranked = of.costs(at), of.ranking(at)
    both = [who for who in of.detectors if who in costs and who in ranked]
    if not both:
        return None
    training = Axis("training, seconds", True)
    inference = Axis("inference, ms a lumisection", True)
    slower = Axis("times slower than the oracle", True)

    def lines(cost: Mapping[str, float]) -> tuple[Line, ...]:
        least = min((each for each in cost.values() if each > 0), default=1.0)
        return tuple(
            Line(who, looks[who], (exact(max(cost[who], least)),), (ranked[who].slower,), joined=False)
            for who in both
        )

    panels = (
        Panel("", training, slower, lines({who: costs[who].training_seconds for who in both})),
        Panel("", inference, slower, lines({who: costs[who].inference_ms for who in both})),
    )
    caption = (
        "Times slower than the oracle (down: better) against seconds of training (left) and milliseconds of "
        "inference for one lumisection (right), all on logarithmic scales; bars are 95 % intervals. Look for "
        "detectors at the lower left: those to the right of them cost more and find faults later."
    )
    return Chart("cost", "Cost against performance", caption, panels, 2, 330)
