"""What is drawn: shares that are found, by what a cell expects."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from caloscope.study.real.comparing import DIFFERENCE, ComparedLine
from caloscope.study.real.found import Found
from caloscope.study.real.injected import DIGIS, HITS
from caloscope.study.real.lines import ALL, InjectedLine
from caloscope.study.real.lost import LostHits
from caloscope.study.report.charts import Axis, Chart, Line, Panel, exact
from caloscope.study.report.looks import Look, looks

_APART: Final = 0.07
_LOOKS: Final = (
    Look("#0072B2", "solid", "circle", 2.0),
    Look("#009E73", "longdash", "square", 2.0),
    Look("#6b6b6b", "dot", "diamond", 1.6),
    Look("#D55E00", "solid", "triangle-up", 2.4),
)
_COLUMNS: Final = 3
_Kind = TypeVar("_Kind", InjectedLine, ComparedLine)


def drawings(found: Found) -> Iterator[Chart]:
    """The charts that there is something for."""
    for title in dict.fromkeys(each.sample for each in found.compared):
        yield _compared(title, [each for each in found.compared if each.sample == title])
    factors = list(dict.fromkeys(each.factor for each in found.injected))
    plain = [of.title for of in found.samples if not of.minus]
    if plain and factors:
        yield _injected(found, plain, factors[len(factors) // 2])


def _compared(title: str, lines: Sequence[ComparedLine]) -> Chart:
    first = lines[0].detector
    shown = [each for each in lines if each.detector in (first, LostHits.name)]
    factors = list(dict.fromkeys(each.factor for each in shown))
    panels = []
    for kind, words in ((DIGIS, "digis and rec hits"), (HITS, "rec hits only")):
        for factor in factors:
            mine = [each for each in shown if (each.kind, each.factor) == (kind, factor)]
            names = list(dict.fromkeys((each.map, each.detector) for each in mine))
            drawn = [
                _line(
                    name if who == first else f"{name}, {who}",
                    _LOOKS[number % len(_LOOKS)],
                    [each for each in mine if (each.map, each.detector) == (name, who)],
                    _APART * (number - (len(names) - 1) / 2),
                )
                for number, (name, who) in enumerate(names)
            ]
            panels.append(_panel(f"{words} x{factor:g}", mine, drawn, "digis expected"))
    caption = (
        f"{title}: share of the channels that are found in the first lumisection of a fault, by the digis "
        "that they expect; bars hold 95 %. Above, digis fail and take their rec hits with them; below, rec "
        f"hits fail and digis do not change. Judged by {first}, to which the {DIFFERENCE} is a map like "
        f"others, most of whose channels never count, and by {LostHits.name}, which compares the difference "
        "with the digis of the same channel."
    )
    return Chart(
        "compared", "Digis, rec hits and their difference", caption, tuple(panels), len(factors), 230
    )


def _injected(found: Found, plain: Sequence[str], factor: float) -> Chart:
    names = list(dict.fromkeys(each.detector for each in found.injected))
    look = looks(names)
    panels = []
    for title in plain:
        mine = [each for each in found.injected if (each.sample, each.factor) == (title, factor)]
        drawn = [
            _line(name, look[name], own, _APART * (number - (len(names) - 1) / 2))
            for number, name in enumerate(names)
            if (own := [each for each in mine if each.detector == name])
        ]
        if drawn:
            panels.append(_panel(title, mine, drawn, "counts expected"))
    caption = (
        f"Single cells at x{factor:g}: share that is found in the first lumisection, by the counts that a "
        "cell expects; bars hold 95 %. Classes without a cell are left out."
    )
    return Chart("injected", f"Cells at x{factor:g}", caption, tuple(panels), _COLUMNS, 210)


def _panel(
    title: str, lines: Sequence[InjectedLine | ComparedLine], drawn: Sequence[Line], across: str
) -> Panel:
    names = list(dict.fromkeys(each.expects for each in lines if each.expects != ALL))
    ticks = tuple((float(place), name.replace(">=", "\u2265 ")) for place, name in enumerate(names))
    x = Axis(across, False, -0.5, len(names) - 0.5, ticks)
    return Panel(title, x, Axis("found", False, -0.04, 1.04), tuple(drawn))


def _line(name: str, look: Look, lines: Sequence[_Kind], shift: float) -> Line:
    """Points in the order of the classes; those of no cell are left out."""
    some = [(place, each) for place, each in enumerate(lines) if each.expects != ALL and each.trials]
    x = tuple(exact(place + shift) for place, _ in some)
    return Line(name, look, x, tuple(each.first for _, each in some))
