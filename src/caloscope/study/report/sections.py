"""What the page shows, in its order; what nothing is known of is left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from caloscope.study.report.amounts import contaminated, faulty_chart, short_ones, size_chart
from caloscope.study.report.charts import Drawing
from caloscope.study.report.curves import curve_chart, discovery
from caloscope.study.report.delays import delay_curves, found_curves, glance
from caloscope.study.report.looks import Look, looks
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.priced import calibration_chart, cost_chart, false_chart
from caloscope.study.report.ranked import ranking_chart
from caloscope.study.report.transfer import transfer_map, transfers


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, drawings below it, and the conditions whose ranking is tabulated before them."""

    anchor: str
    title: str
    drawings: tuple[Drawing, ...]
    ranked: tuple[Conditions, ...] = ()


def sections(of: Parts) -> list[Section]:
    """All that there is something to show in."""
    look = looks(of.detectors)
    return [each for each in _all(of, look) if each.drawings or any(of.ranking(at) for at in each.ranked)]


def _all(of: Parts, look: Mapping[str, Look]) -> Iterator[Section]:
    at = of.main
    yield Section("ranking", "Ranking", _drawn(ranking_chart(of, at, look, "ranking")), (at,))
    curves = (delay_curves(of, at, look, "delay"), found_curves(of, at, look, "found"))
    yield Section("delay", "When faults are found", _drawn(glance(of, at, "glance"), *curves))
    told = (curve_chart(of, at, look, "roc"), curve_chart(of, at, look, "pr"), discovery(of, at))
    yield Section("cells", "Which cells are faulty", _drawn(*told))
    yield from _others(of, look)
    maps = (transfer_map(of, name, number) for number, name in enumerate(transfers(of), 1))
    yield Section("transfer", "Learned here, judged there", _drawn(*maps))
    size = [size_chart(of, name, look, number) for number, name in enumerate(short_ones(of), 1)]
    yield Section("lumis", "How much there is to learn from", _drawn(*size))
    wrong = [faulty_chart(of, name, look, number) for number, name in enumerate(contaminated(of), 1)]
    yield Section("faulty", "Faults in what is learned from", _drawn(*wrong))
    false = _drawn(false_chart(of, at, look), calibration_chart(of, at, look))
    yield Section("false", "False incidents", false)
    yield Section("cost", "What it costs", _drawn(cost_chart(of, at, look)))


def _others(of: Parts, look: Mapping[str, Look]) -> Iterator[Section]:
    """Matrices besides the main one that vary nothing but detectors."""
    varied = {*transfers(of), *short_ones(of), *contaminated(of), of.main.matrix}
    plain = (name for name in of.matrices if name not in varied)
    for number, name in enumerate(plain, 1):
        (at,) = of.conditions(name)
        drawn = _drawn(
            ranking_chart(of, at, look, f"ranking-{number}"),
            glance(of, at, f"glance-{number}"),
            delay_curves(of, at, look, f"delay-{number}"),
        )
        yield Section(f"matrix-{number}", f"Matrix {name}", drawn, (at,))


def _drawn(*drawings: Drawing | None) -> tuple[Drawing, ...]:
    return tuple(each for each in drawings if each is not None)
