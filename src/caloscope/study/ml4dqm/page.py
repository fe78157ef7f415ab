"""The page of the comparison, which needs no network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from math import isnan
from pathlib import Path
from typing import Final

from caloscope import __version__
from caloscope.outputs.data_page.document import Column, closing, opening, table
from caloscope.study.ml4dqm.comparison import Comparison, Line
from caloscope.study.ml4dqm.protocols import Protocol
from caloscope.study.ml4dqm.reference import NAME
from caloscope.study.ml4dqm.table import matrix
from caloscope.study.ml4dqm.tasks import Task
from caloscope.study.report.charts import Axis, Chart, Panel, exact
from caloscope.study.report.charts import Line as Drawn
from caloscope.study.report.looks import Look
from caloscope.study.report.page import captioned
from caloscope.study.report.plot_lines import chart_figure
from caloscope.study.report.words import NOT_KNOWN
from caloscope.study.results import Interval

_TITLE: Final = "ML4DQM, measured again"
_ABOUT: Final = (
    "HCALDQM/ML4DQM (2018) told good from faulty occupancy images of HCAL. Its tasks and networks are "
    "repeated here on simulated lumisections of 2017 JetHT, beside what its notebooks printed and beside "
    "Caloscope's reference detector. Their protocol: one run, images drawn at random, checkpoint chosen on "
    "the test images, hot cells up to 8 times above what a channel can count. Honest: split by run in time "
    "order, runs differ in events and pileup, checkpoint and thresholds from runs between; hot cells count "
    "twice as much and never more than there are events, and faults are in channels that live."
)
_CAPTION: Final = (
    "Share of test images that were told wrong, and what the area under the ROC curve of bad against good "
    "images lacks of 1, both on logarithmic scales: further right is worse. Stars are what the notebooks "
    "printed; bars hold 95 %. What is less than one in 10,000, and none at all, is drawn at the left edge. "
    "Look whether a bar reaches the star, and how far the honest protocol (open) is from theirs (full)."
)
_SERIES: Final[tuple[tuple[str, Protocol, bool, Look], ...]] = (
    ("their network, their protocol", "theirs", False, Look("#D55E00", "solid", "square")),
    ("their network, honest", "honest", False, Look("#D55E00", "solid", "square")),
    ("reference, their protocol", "theirs", True, Look("#0072B2", "solid", "circle")),
    ("reference, honest", "honest", True, Look("#0072B2", "solid", "circle")),
)
_PRINTED: Final = Look("#000000", "solid", "star")
_ROW: Final = 62
_APART: Final = 0.16
_FLOOR: Final = 1e-4
_WHO: Final = (Column("Task", False), Column("Protocol", False), Column("Detector", False))
_TASKS: Final = (
    *(Column("Task", False), Column("What is told apart", False), Column("Network", False)),
    *(Column("Accuracy"), Column("AUC"), Column("Test images")),
)
_RESULTS: Final = (
    *(*_WHO, Column("Images"), Column("Accuracy"), Column("Beside printed", False)),
    *(Column("AUC"), Column("Beside printed", False)),
)
_DETAILS: Final = (
    *(*_WHO, Column("Confusion", False), Column("Worst cell is faulty"), Column("Numbers learned")),
    *(Column("Learned from"), Column("Epochs"), Column("Seconds")),
)
_STYLE: Final = "td { overflow-wrap: normal; word-break: normal; }"


def write_page(found: Comparison, path: Path) -> None:
    """Write the page; one of an earlier call is replaced. Raises `OSError`."""
    part = path.with_suffix(".html.part")
    part.write_text("".join(_page(found)), "utf-8")
    part.replace(path)


def _page(found: Comparison) -> Iterator[str]:
    style = files("caloscope.study.report").joinpath("report.css").read_text("utf-8")
    yield opening(_TITLE).replace("</head>", f"<style>{style}{_STYLE}</style></head>", 1)
    yield f'<header><p class="kind">Study on HCAL/digi</p><h1>{_TITLE}</h1>'
    yield f'<p class="note">{escape(_ABOUT)}</p></header>'
    words = "".join(f"<p>{escape(each)}</p>" for each in found.sentences)
    yield f'<main><section id="summary"><h2>Summary</h2><div class="summary">{words}</div></section>\n'
    if found.lines:
        drawn = chart_figure(_chart(found.lines))
        yield captioned(drawn, "What was printed, and what is found", _CAPTION, 1)
        tasks = dict.fromkeys(line.task for line in found.lines)
        yield table("What the notebooks printed", _TASKS, map(_task, tasks))
        yield table("What is found; intervals hold 95 %", _RESULTS, map(_result, found.lines))
        yield table("Its details", _DETAILS, map(_detail, found.lines))
        yield f'<p class="note">{_KEY} The same for programs: <a href="ml4dqm.csv">ml4dqm.csv</a>.</p>'
    yield f"</main><footer>Made by Caloscope {escape(__version__)}.</footer>\n{closing()}"


_KEY: Final = (
    "Confusion: a row for each class in the order of the task, good first, what was said from left to right. "
    "&ldquo;same&rdquo;: the interval holds what was printed. Numbers learned are counted as Keras does; the "
    "reference detector learned from lumisections, networks from images."
)


def _chart(lines: Sequence[Line]) -> Chart:
    tasks = list(dict.fromkeys(line.task for line in lines))
    panels = (
        _panel(
            "share of images told wrong",
            tasks,
            lines,
            lambda line: line.accuracy,
            lambda task: task.printed.accuracy,
        ),
        _panel(
            "1 - area under the ROC curve", tasks, lines, lambda line: line.auc, lambda task: task.printed.auc
        ),
    )
    return Chart("ml4dqm", "", "", panels, 2, 60 + _ROW * len(tasks))


def _panel(
    title: str,
    tasks: Sequence[Task],
    lines: Sequence[Line],
    value: Callable[[Line], Interval],
    printed: Callable[[Task], float],
) -> Panel:
    height = {task: float(len(tasks) - 1 - place) for place, task in enumerate(tasks)}
    drawn = list(_drawn(lines, value, height))
    known = [task for task in tasks if not isnan(printed(task))]
    if known:
        stars = tuple(_lacking(exact(printed(task))) for task in known)
        places = tuple(exact(height[task] + 2.5 * _APART) for task in known)
        drawn.append(Drawn("printed in 2018", _PRINTED, stars, places, joined=False))
    ticks = tuple((height[task], task.name) for task in tasks)
    x = Axis(title, log=True, low=_FLOOR / 1.3, high=1.0)
    return Panel("", x, Axis("", False, -0.6, len(tasks) - 0.4, ticks), tuple(drawn))


def _drawn(
    lines: Sequence[Line], value: Callable[[Line], Interval], height: Mapping[Task, float]
) -> Iterator[Drawn]:
    """One line for each detector in each protocol, a little below the one before."""
    for number, (name, protocol, own, look) in enumerate(_SERIES):
        mine = [each for each in lines if each.protocol == protocol and (each.detector == NAME) == own]
        across = tuple(_lacking(value(each)) for each in mine)
        where = tuple(exact(height[each.task] + _APART * (1.5 - number)) for each in mine)
        if mine:
            yield Drawn(name, look, across, where, joined=False, hollow=protocol == "honest")


def _lacking(of: Interval) -> Interval:
    """What is lacking of 1, as a logarithmic axis can show it; NaN stays."""
    return Interval(
        *(each if isnan(each) else max(_FLOOR, 1.0 - each) for each in (of.value, of.high, of.low))
    )


def _who(line: Line) -> tuple[str, str, str]:
    return line.task.name, line.protocol, line.detector


def _task(task: Task) -> tuple[str, ...]:
    printed = task.printed
    numbers = (_number(printed.accuracy), _number(printed.auc), f"{printed.images:,}")
    return (task.name, task.title, task.network, *numbers)


def _result(line: Line) -> tuple[str, ...]:
    accuracy, area = _interval(line.accuracy), _interval(line.auc)
    return (*_who(line), f"{line.images:,}", accuracy, line.accuracy_beside, area, line.auc_beside)


def _detail(line: Line) -> tuple[str, ...]:
    numbers = (
        f"{line.parameters:,}",
        f"{line.learned:,}",
        str(line.epochs or NOT_KNOWN),
        f"{line.seconds:.0f}",
    )
    return (*_who(line), matrix(line), _interval(line.localised), *numbers)


def _interval(of: Interval) -> str:
    return NOT_KNOWN if isnan(of.value) else f"{of.value:.4f} ({of.low:.4f} to {of.high:.4f})"


def _number(value: float) -> str:
    return NOT_KNOWN if isnan(value) else f"{value:.4g}"
