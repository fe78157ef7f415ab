"""The page of a study; every word that comes from outside is escaped."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from math import isfinite

from caloscope import __version__
from caloscope.geometry import View
from caloscope.outputs.data_page.document import closing, figure, opening
from caloscope.outputs.data_page.document import facts as fact_list
from caloscope.outputs.data_page.plotly import Figure
from caloscope.study.report.charts import Chart, Drawing
from caloscope.study.report.listing import every_fault, ranking_table
from caloscope.study.report.parts import ORACLE, Parts
from caloscope.study.report.plot_heat import heat_figure
from caloscope.study.report.plot_lines import chart_figure
from caloscope.study.report.plot_scene import scene_figure
from caloscope.study.report.scenes import Scene
from caloscope.study.report.sections import Section
from caloscope.study.report.tables import NAMES
from caloscope.study.report.words import seconds
from caloscope.study.results import FaultLine


def page(
    of: Parts,
    sentences: Sequence[str],
    sections: Sequence[Section],
    scenes: Sequence[Scene],
    view: View,
    lines: Sequence[FaultLine],
) -> str:
    """The whole page; `lines` are all that the table at its end lists."""
    results = of.results
    name = results.title or "Study"
    style = files("caloscope.study.report").joinpath("report.css").read_text("utf-8")
    head = opening(name).replace("</head>", f"<style>{style}</style></head>", 1)
    links = [(each.anchor, each.title) for each in sections]
    links += [("examples", "Examples")] * bool(scenes) + [("all", "All numbers")] * bool(lines)
    numbers = iter(range(1, 1000))
    body = [
        f'{head}<a class="skip" href="#summary">Skip to the summary</a>'
        f'<header><p class="kind">Study on {escape(results.map)}</p><h1>{escape(name)}</h1>',
        f'<p class="note">{escape(results.about)}</p>' if results.about else "",
        f"{fact_list(_facts(of))}</header><main>\n{_summary(sentences)}{_contents(links)}",
        *(_section(of, each, numbers) for each in sections),
        _examples(scenes, view, numbers),
        *_listing(lines),
        *_origin(of),
        f"</main><footer>Made by Caloscope {escape(__version__)}.</footer>\n{closing()}",
    ]
    return "".join(body)


def captioned(drawn: Figure, title: str, caption: str, number: int) -> str:
    """A figure with its number and caption."""
    words = f"<figcaption><b>Figure {number}. {escape(title)}.</b> {escape(caption)}</figcaption>"
    return figure(drawn, f"{title}. {caption}").removesuffix("</figure>\n") + f"{words}</figure>\n"


def _facts(of: Parts) -> Iterator[tuple[str, str]]:
    results, at = of.results, of.main
    yield "Map", results.map
    yield "Detectors", f"{len(of.detectors):,}"
    yield "Faults", f"{len(of.faults(at)):,}"
    yield "False incidents asked for", f"{results.rate:g} in 3,700 LS"
    if at.trained or at.tested:
        yield "Learned from", at.trained or "nothing"
        yield "Judged on", at.tested
    if at.lumis:
        yield "Lumisections learned from", f"{at.lumis:,}"
    if results.cells:
        yield "Cells of the matrix", f"{results.cells:,}"
    if results.seconds and isfinite(results.seconds):
        yield "Took", seconds(results.seconds)


def _summary(sentences: Sequence[str]) -> str:
    text = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    title = '<h2 id="summary-title">Summary</h2>'
    return (
        f'<section id="summary" aria-labelledby="summary-title">{title}<div class="summary">{text}</div>'
        "</section>\n"
    )


def _contents(links: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<li><a href="#{escape(to)}">{escape(words)}</a></li>' for to, words in links)
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>\n'


def _headed(anchor: str, title: str, inner: str) -> str:
    head = f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">'
    return f"{head}{escape(title)}</h2>{inner}</section>\n"


def _section(of: Parts, section: Section, numbers: Iterator[int]) -> str:
    tables = "".join(ranking_table(of, at) for at in section.ranked)
    drawn = "".join(
        captioned(_drawn(each), each.title, each.caption, next(numbers)) for each in section.drawings
    )
    return _headed(section.anchor, section.title, tables + drawn)


def _drawn(drawing: Drawing) -> Figure:
    return chart_figure(drawing) if isinstance(drawing, Chart) else heat_figure(drawing)


_EXAMPLES = (
    "One lumisection each. From left to right: the counts, what was expected of them, the evidence of a "
    "fault (high "
    "is bad), the verdict and the truth; axes are those of the map. Counts and expectation share their "
    "colours."
)
_KEYS = (
    '<ul class="legend"><li><span class="key" style="background:#D55E00"></span>flagged</li>'
    '<li><span class="key" style="background:#000"></span>faulty in truth</li>'
    '<li><span class="key" style="background:#e3ebf2"></span>neither</li>'
    '<li><span class="key" style="background:#d4d4d4"></span>nothing known or expected</li></ul>'
)


def _examples(scenes: Sequence[Scene], view: View, numbers: Iterator[int]) -> str:
    if not scenes:
        return ""
    look = "Look whether what is flagged is what is faulty, and whether the evidence shows what was missed."
    drawn = "".join(
        captioned(
            scene_figure(each, view),
            each.title,
            f"{each.note}. Counts, expectation, evidence, verdict, truth.",
            next(numbers),
        )
        for each in scenes
    )
    return _headed("examples", "Examples", f'<p class="note">{_EXAMPLES} {look}</p>{_KEYS}{drawn}')


def _listing(lines: Sequence[FaultLine]) -> Iterator[str]:
    """Every fault line, folded up, and where the same stands for programs."""
    if not lines:
        return
    yield '<section id="all" aria-labelledby="all-title"><h2 id="all-title">All numbers</h2>'
    links = ", ".join(f'<a href="{name}.csv">{name}.csv</a>' for name in NAMES)
    yield f'<p class="note">The same for programs, beside this page: {links}.</p>'
    oracle = sum(line.setting.detector == ORACLE for line in lines)
    told = f"{len(lines):,} lines" + (f", {oracle:,} of them the oracle's" if oracle else "")
    yield f'<details class="all"><summary>Every fault and detector: {told}</summary>'
    yield f"{every_fault(lines)}</details></section>\n"


def _origin(of: Parts) -> Iterator[str]:
    results = of.results
    if not (results.text or results.made_with):
        return
    yield '<section id="origin" aria-labelledby="origin-title"><h2 id="origin-title">How it was made</h2>'
    if results.made_with:
        yield fact_list(results.made_with.items())
    if results.text:
        yield "<details><summary>The study as it was asked for</summary>"
        yield f'<pre tabindex="0">{escape(results.text)}</pre></details>'
    yield "</section>\n"
