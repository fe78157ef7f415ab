"""How much a detector must see, and how much of it may be faulty."""

from collections.abc import Callable, Mapping

from caloscope.study.report.charts import NAN, Axis, Chart, Line, Panel, exact
from caloscope.study.report.looks import Look
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.results import Interval, RankLine


def short_ones(of: Parts) -> tuple[str, ...]:
    """The matrices with several numbers of lumisections to learn from."""
    return tuple(name for name in of.matrices if len({each.lumis for each in of.conditions(name)}) > 1)


def contaminated(of: Parts) -> tuple[str, ...]:
    """The matrices with several shares of faulty lumisections to learn from."""
    return tuple(name for name in of.matrices if len({each.faulty for each in of.conditions(name)}) > 1)


def size_chart(of: Parts, matrix: str, looks: Mapping[str, Look], number: int) -> Chart | None:
    """Slowness, share found and false incidents against lumisections to learn from."""
    lumis = sorted({each.lumis for each in of.conditions(matrix)})
    apart = [n for n in lumis if n > 0]
    ticks = tuple((float(n), f"{n:,}") for n in apart)
    x = Axis("lumisections learned from", True, 0.75 * apart[0], 1.33 * apart[-1], ticks)
    least = max((each.faulty for each in of.conditions(matrix)), default=0.0)
    same = [each for each in of.conditions(matrix) if each.faulty == least and each.lumis > 0]
    title = f"How much there is to learn from{f': {matrix}' if matrix else ''}"
    return _chart(of, f"lumis-{number}", title, x, same, looks, lambda at: float(at.lumis))


def faulty_chart(of: Parts, matrix: str, looks: Mapping[str, Look], number: int) -> Chart | None:
    """Slowness, share found and false incidents against the share of what was learned that is faulty."""
    shares = sorted({each.faulty for each in of.conditions(matrix)})
    room = 0.06 * (shares[-1] - shares[0])
    ticks = tuple((each, f"{100 * each:g}") for each in shares)
    x = Axis("faulty lumisections learned from, %", False, shares[0] - room, shares[-1] + room, ticks)
    most = max(each.lumis for each in of.conditions(matrix))
    same = [each for each in of.conditions(matrix) if each.lumis == most]
    title = f"Faults in what is learned from{f': {matrix}' if matrix else ''}"
    return _chart(of, f"faulty-{number}", title, x, same, looks, lambda at: at.faulty)


def _chart(
    of: Parts,
    name: str,
    title: str,
    x: Axis,
    every: list[Conditions],
    looks: Mapping[str, Look],
    place: Callable[[Conditions], float],
) -> Chart | None:
    # One sample alone: that of the first conditions.
    mine = [each for each in every if each[1:3] == every[0][1:3]] if every else []
    ranks = {at: of.ranking(at) for at in sorted(mine, key=place)}
    if not any(ranks.values()):
        return None
    caption = (
        f"Left: {of.slowness}, on a logarithmic scale; middle: share of all trials found; "
        "right: "
        f"false incidents in 3,700 lumisections without faults; all against {x.title}. Bars are 95 % "
        "intervals. Look for where a line rises, and where it is flat."
    )
    panels = (
        _panel(of, ranks, looks, place, x, Axis(of.slowness, True), _slower),
        _panel(of, ranks, looks, place, x, Axis("found, %", False, -0.04, 1.04, _PER_CENT), _found),
        _panel(of, ranks, looks, place, x, Axis("false incidents in 3,700 LS", False, 0.0, NAN), _false),
    )
    return Chart(name, title, caption, panels, 3, 300)


_PER_CENT = tuple((each / 100, str(each)) for each in (0, 25, 50, 75, 100))


def _slower(line: RankLine) -> Interval:
    return line.slower


def _found(line: RankLine) -> Interval:
    return line.found


def _false(line: RankLine) -> Interval:
    return line.false


def _panel(
    of: Parts,
    ranks: Mapping[Conditions, Mapping[str, RankLine]],
    looks: Mapping[str, Look],
    place: Callable[[Conditions], float],
    x: Axis,
    y: Axis,
    value: Callable[[RankLine], Interval],
) -> Panel:
    lines = []
    for who in of.detectors:
        points = [(exact(place(at)), value(rank[who])) for at, rank in ranks.items() if who in rank]
        if points:
            xs, ys = zip(*points, strict=True)
            lines.append(Line(who, looks[who], xs, ys))
    return Panel("", x, y, tuple(lines))
