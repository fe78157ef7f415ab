"""The tables, from what the pieces of work left behind, as Markdown."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.detection import contenders, fdr, regimes, tasks
from benchmarks.detection.figures import Delays, met
from benchmarks.detection.tasks import Plan, Task
from benchmarks.detection.trials import ORACLE
from benchmarks.scoring import Tally
from benchmarks.tables import lines
from caloscope.study.metrics.intervals import garwood
from caloscope.study.rows import Row

VERDICT: Final = {True: "met", False: "missed"}
BEGIN, END = "<!-- measured: {} -->", "<!-- end -->"


def sections(plan: Plan) -> dict[str, str]:
    """The tables by name, each with all maps that there are results of."""
    found = {
        "targets": _joined(plan, _targets),
        "false incidents": _joined(plan, _false),
        "all detectors": _joined(plan, _compared),
        "discovery": "\n".join(_discovery(plan)),
        "oracle": _joined(plan, _limits),
        "training": "\n".join(_training(plan)),
    }
    return {name: text for name, text in found.items() if text}


def fill_in(page: Path, found: dict[str, str]) -> None:
    """Put the tables between their marks in a page; marks without a table are left as they are."""
    text = page.read_text("utf-8")
    for name, table in found.items():
        mark = BEGIN.format(name)
        before, there, after = text.partition(mark)
        if there:
            text = f"{before}{mark}\n\n{table}\n\n{END}{after.partition(END)[2]}"
    page.write_text(text, "utf-8")


def _joined(plan: Plan, made: Callable[[Plan, str, str], Iterator[str]]) -> str:
    """One table after the other, with headings."""
    parts = []
    for regime in plan.regimes:
        for name in plan.maps:
            found = list(made(plan, name, regime))
            if found:
                title = regimes.REGIMES[regime].title
                parts.append("\n".join((f"### {name}, {title}", "", *found)))
    return "\n\n".join(parts)


def delays(plan: Plan, name: str, regime: str, row: Row) -> dict[str, Delays]:
    """By detector, of all trials of a row that were done."""
    done = (
        tasks.read(Task("trial", name, regime, number), plan.place)
        for number in range(plan.faults(name, regime))
    )
    trials = [each[row.key] for each in done if each is not None]
    titles = trials[0] if trials else ()
    return {title: Delays.of([trial[title] for trial in trials], row.window) for title in titles}


def _targets(plan: Plan, name: str, regime: str) -> Iterator[str]:
    """The reference against the oracle, with intervals."""
    body = []
    for row in tasks.rows(name, regime):
        found = delays(plan, name, regime, row)
        if contenders.REFERENCE in found:
            mine, best = found[contenders.REFERENCE], found[ORACLE]
            texts = (each for one in (best, mine) for each in _texts(one))
            body.append((row.title, str(row.window), *texts, VERDICT[met(mine, best)]))
    sides = [f"{who}: {what}" for who in ("oracle", "reference") for what in ("found, %", "median", "90 %")]
    if body:
        yield from lines(("fault", "window, LS", *sides, "target"), body)


def _texts(found: Delays) -> tuple[str, str, str]:
    return found.found_text(), found.median_text(), found.late_text()


def _compared(plan: Plan, name: str, regime: str) -> Iterator[str]:
    """All detectors: share found, median delay; those that meet the target in bold."""
    titles = [title for title in plan.titles(name, regime) if title not in (contenders.REFERENCE, "blind")]
    if not titles:
        return
    body = []
    for row in tasks.rows(name, regime):
        found = delays(plan, name, regime, row)
        if found:
            body.append((row.title, found[ORACLE].short_text(), *_marked(found, plan.titles(name, regime))))
    shown = [title for title in plan.titles(name, regime) if title != "blind"]
    if body:
        yield from lines(("fault", ORACLE, *shown), body)


def _marked(found: dict[str, Delays], titles: tuple[str, ...]) -> Iterator[str]:
    for title in titles:
        if title != "blind":
            text = found[title].short_text()
            yield f"**{text}**" if met(found[title], found[ORACLE]) else text


def _false(plan: Plan, name: str, regime: str) -> Iterator[str]:
    tallies: dict[str, Tally] = {}
    for task in tasks.second(plan, name, regime):
        done = tasks.read(task, plan.place) if task.kind == "clean" else None
        for title, counted in (done or {}).items():
            tally = tallies.setdefault(title, Tally())
            for what, number in counted.items():
                setattr(tally, what, getattr(tally, what) + number)
    body = [
        (title, str(each.seen), str(each.lumis), str(each.incidents), _rate(each))
        for title, each in tallies.items()
    ]
    if body:
        yield from lines(("detector", "clean LS", "judged", "incidents", "per 3,700 LS (95 %)"), body)


def _rate(tally: Tally) -> str:
    return garwood(tally.incidents, tally.days).text() if tally.lumis else "-"


def _limits(plan: Plan, name: str, regime: str) -> Iterator[str]:
    """The oracle's thresholds, for those who want to do it again."""
    found = tasks.read(Task("oracle", name, regime), plan.place)
    if found is not None:
        body = [(row.title, f"{found[row.key]:.1f}") for row in tasks.rows(name, regime)]
        yield from lines(("fault", "threshold, nats"), body)


def _training(plan: Plan) -> Iterator[str]:
    """How long each network learned, and how far it came; a picture of each curve lies beside its bundle."""
    steady = regimes.STEADY_EVENTS.name
    body = []
    for name in plan.maps:
        for title in contenders.TRAINED:
            told = tasks.read(Task("train", name, steady, title=title), plan.place)
            if told is not None:
                body.append((name, title, *_learned(told)))
    header = ("map", "network", "parameters", "LS", "epochs", "to the best, s", "in all, s", "held-out loss")
    if body:
        yield from lines(header, body)


def _learned(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What a card says of the training."""
    counts = (f"{told[name]:,}" for name in ("parameters", "lumisections"))
    seconds = (f"{told[name]:.0f}" for name in ("seconds_to_best", "seconds"))
    return (*counts, f"{told['best_epoch']} of {told['epochs']}", *seconds, f"{told['held_out_loss']:.4f}")


def _discovery(plan: Plan) -> Iterator[str]:
    steady = regimes.STEADY_EVENTS.name
    body = []
    for name in tasks.fdr_maps(plan, steady):
        pieces = [task for task in tasks.second(plan, name, steady) if task.kind == "fdr"]
        done = [each for each in (tasks.read(task, plan.place) for task in pieces) if each is not None]
        body += [(name, title, *_discovered(done, title)) for title in (done[0] if done else ())]
    if body:
        header = ("map", "detector", "LS an image", "good images", "false towers", "FDR at 99 % detection")
        yield from lines(header, body)


def _discovered(done: list[dict[str, dict[str, fdr.Histogram]]], title: str) -> tuple[str, ...]:
    sums: dict[str, Counter[int]] = {"good": Counter(), "dead": Counter()}
    for each in done:
        for what, total in sums.items():
            total.update({int(value): number for value, number in each[title][what].items()})
    images = len(done) * fdr.GROUP // fdr.LUMIS[title]
    false, share = fdr.rate(sums["good"], sums["dead"], images)
    return str(fdr.LUMIS[title]), str(images), str(false), f"{share:.3g}"
