"""False incidents, asked and observed, and what a detector costs."""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from caloscope.study.report.charts import NAN, Axis, Chart, Line, Panel, exact
from caloscope.study.report.looks import REFERENCE_LINE, Look
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.ranked import by_detector, height_of
from caloscope.study.results import CleanLine, Interval

_FEWEST: Final = 2
"""Excursions at some rate below which a line would be its bar alone."""


def false_chart(of: Parts, at: Conditions, looks: Mapping[str, Look]) -> Chart | None:
    """One row for each detector."""
    clean = of.clean(at)
    asked = [each.asked for each in clean if each.asked > 0]
    return _rows(clean, asked[0], floor, looks) if asked and (floor := _floor(clean)) else None


def calibration_chart(of: Parts, at: Conditions, looks: Mapping[str, Look]) -> Chart | None:
    """Lines of observed against asked rates."""
    lines = of.calibration(at)
    known = {each.setting.detector for each in lines if each.incidents >= _FEWEST}
    lines = tuple(each for each in lines if each.setting.detector in known)
    return _lines(lines, floor, looks) if (floor := _floor(lines)) else None


def _floor(clean: tuple[CleanLine, ...]) -> float:
    """Where marks are put that stand for no incident at all; 0 where nothing is known."""
    values = [each.rate.value for each in clean if each.rate.value > 0] + [each.rate.high for each in clean]
    known = [each for each in (*values, *(line.asked for line in clean)) if isfinite(each) and each > 0]
    return min(known) / 2.5 if known else 0.0


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
    return Chart(
        "false-incidents",
        "False incidents: asked and observed",
        caption,
        (panel,),
        1,
        height_of(len(values)),
        legend=False,
    )


def _lines(clean: tuple[CleanLine, ...], floor: float, looks: Mapping[str, Look]) -> Chart:
    asked = sorted({each.asked for each in clean})
    ticks = tuple((each, f"{each:g}") for each in asked)
    x = Axis("asked: false incidents in 3,700 LS", True, asked[0] / 1.4, asked[-1] * 1.4, ticks)
    diagonal = (exact(asked[0] / 1.4), exact(asked[-1] * 1.4))
    lines = [Line("as asked", REFERENCE_LINE, diagonal, diagonal)]
    for who in dict.fromkeys(each.setting.detector for each in clean):
        mine = [each for each in clean if each.setting.detector == who]
        at, seen = (
            tuple(exact(each.asked) for each in mine),
            tuple(_above(each.rate, floor) for each in mine),
        )
        lines.append(Line(who, looks[who], at, seen))
    caption = (
        "Excursions above thresholds in 3,700 lumisections (24 h) in which nothing was wrong, against the "
        "rate that the thresholds were made for, both on logarithmic scales. Bars are 95 % intervals; marks "
        "at the lower edge: none seen, with the upper limit. Look for lines that leave the dotted "
        "diagonal: above it there are more false ones than asked for."
    )
    panel = Panel("", x, Axis("observed", True, floor / 1.25), tuple(lines))
    return Chart("calibration", "Thresholds: asked and observed", caption, (panel,), 1, 420)


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
    slower = Axis(of.slowness, True)

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
        f"{of.slowness.capitalize()} (down: better), against seconds of training (left) and milliseconds of "
        "inference for one lumisection (right), all on logarithmic scales; bars are 95 % intervals. Look for "
        "detectors at the lower left: those to the right of them cost more, those above find faults later."
    )
    return Chart("cost", "Cost against performance", caption, panels, 2, 330)
