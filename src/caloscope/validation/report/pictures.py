"""The pictures of a validation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caloscope.figures import Panel, Row, Shown, Verdict, comparison, map_figure, overview
from caloscope.figures.overview import Kind
from caloscope.validation.compare import Comparison
from caloscope.validation.outcome import Outcome
from caloscope.validation.report.results import Made
from caloscope.validation.report.words import p_value, verdict


class Picture(NamedTuple):
    """A PNG file: its name without ending, its content, and what it shows."""

    name: str
    png: bytes
    caption: str


def of_outcome(outcome: Outcome, made: Made) -> list[Picture]:
    """Noise, pattern and maps of one sample, as far as there are any."""
    found = []
    for kind, comparisons in (("noise", outcome.noise), ("pattern", outcome.pattern)):
        if comparisons:
            title = f"{outcome.title}: {'fluctuations' if kind == 'noise' else 'fixed pattern'}"
            against = "the sample's own pattern" if kind == "noise" else "detectors drawn afresh"
            subtitle = f"{outcome.source}; {made.replicas} replicas with {against}"
            panels, rows = _split(comparisons)
            caption = f"Real (points) against simulated (bands) for {title}."
            found.append(
                Picture(f"{outcome.name}-{kind}", comparison(title, subtitle, panels, rows), caption)
            )
    if outcome.maps is not None:
        found.append(_maps(outcome))
    return found


def _split(comparisons: Sequence[Comparison]) -> tuple[list[Panel], list[Row]]:
    usable = [each for each in comparisons if np.isfinite(each.p)]
    numbers = [each for each in usable if each.real.kind == "number"]
    rows = [_row(each) for each in numbers]
    return [_panel(each) for each in usable if each.real.kind != "number"], rows


def _row(each: Comparison) -> Row:
    real, mean, deviation = float(each.real.values[0]), float(each.mean[0]), float(each.deviation[0])
    return Row(each.real.title, real, mean, deviation, verdict(each), each.agrees)


def _panel(each: Comparison) -> Panel:
    real = each.real
    good = np.isfinite(each.replicas).all(0)
    band = np.full((2, real.values.size), np.nan)
    band[:, good] = np.quantile(each.replicas[:, good], (0.025, 0.975), axis=0)
    return Panel(
        title=real.title,
        kind="distribution" if real.kind == "distribution" else "curve",
        x=real.x,
        real=real.values,
        mean=each.mean,
        band=band,
        verdict=verdict(each),
        good=each.agrees,
        x_title=real.x_title,
        y_title=real.y_title,
        labels=real.labels,
        logarithmic=real.key.startswith(("residual", "given")),
    )


def _maps(outcome: Outcome) -> Picture:
    real, simulated = outcome.maps if outcome.maps is not None else (None, None)
    if real is None or simulated is None:
        raise ValueError("an outcome without maps has no picture of them")
    top = float(np.nanpercentile(real.mean, 99.0)) * 1.1
    shown = [
        Shown("real: mean counts in one LS", real.mean, 0.0, top),
        Shown("simulated with the real pattern: mean counts", simulated.mean, 0.0, top),
        Shown("real: residuals of one LS", real.residual, -4.0, 4.0, "standard deviations", "RdBu_r"),
        Shown(
            "simulated: residuals of one LS", simulated.residual, -4.0, 4.0, "standard deviations", "RdBu_r"
        ),
    ]
    png = map_figure(outcome.frame.view, shown, outcome.title)
    return Picture(f"{outcome.name}-maps", png, f"Maps of {outcome.title}; grey: no cell, or left out.")


def of_verdicts(outcomes: Sequence[Outcome]) -> list[Picture]:
    """All verdicts on noise in one picture, all on patterns in another."""
    found = []
    for kind, title in (
        ("noise", "Fluctuations: real against simulated"),
        ("pattern", "Fixed patterns: real against simulated"),
    ):
        columns = [each for each in outcomes if (each.noise if kind == "noise" else each.pattern)]
        titles = {
            c.real.key: c.real.title for o in columns for c in (o.noise if kind == "noise" else o.pattern)
        }
        verdicts = {
            (row, column): Verdict(_kind(each), p_value(each).removeprefix("p ").removeprefix("= "))
            for column, outcome in enumerate(columns)
            for each in (outcome.noise if kind == "noise" else outcome.pattern)
            for row, key in enumerate(titles)
            if key == each.real.key and np.isfinite(each.p)
        }
        if verdicts:
            png = overview(
                f"{title} (p-values)", list(titles.values()), [_short(each) for each in columns], verdicts
            )
            found.append(Picture(f"overview-{kind}", png, f"{title}: p-value of each comparison."))
    return found


def _kind(each: Comparison) -> Kind:
    return (
        "agrees" if each.agrees else "differs slightly" if each.verdict == "differs slightly" else "differs"
    )


def _short(outcome: Outcome) -> str:
    """A heading for a narrow column: the map, and what the file is about."""
    words = outcome.source.rsplit(".", 1)[0].replace("_", " ").replace("avgocc", "").split()
    keep = [
        w
        for w in words
        if w.lower() in ("missing", "hot", "good", "run2022", "runa", "runb", "runc", "rund")
        or w.startswith("run3")
    ]
    return "\n".join([outcome.frame.spec.name, " ".join(keep) or "2018 average"])
