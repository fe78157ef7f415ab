"""How long a faulty supercrystal of the endcaps goes unnoticed, and what is flagged when nothing is wrong.

CMSSW's chain and the reference detector see the same simulated lumisections: one fault at a time in each
endcap, new counts in every lumisection. False flags are counted on fills in which nothing is wrong.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.endcaps import FILES, Endcap, endcap
from benchmarks.scoring import Tally, Watch, learn, step
from benchmarks.tables import show
from caloscope.decide import LUMIS_PER_DAY
from caloscope.faults import Fault
from caloscope.pipeline.step import Scorer
from caloscope.records import Cell, Code, Lumisection
from caloscope.simulate import Fill, lumisections
from caloscope.study.metrics.intervals import garwood, wilson

ERA = "2018"
EVENTS = 300
FACTORS = (0.0, 0.5, 0.8, 1.25, 2.0)
CELLS = 60
WARM_UP = 10
FOLLOWED = 40
LEARNED = {"reference, 60 LS": 1, "reference, 600 LS": 10}
"""Detectors and the number of fills that they learn from."""
LENGTH = 60
HEALTHY_FILLS = 186
SEED = 41


def run() -> None:
    """Print both tables for both endcaps."""
    endcaps = {name: endcap(name, ERA) for name in FILES}
    if any(each.cmssw is None for each in endcaps.values()):
        print("the real networks are not here: only the reference, on simulated averages\n")
    detectors = {name: _detectors(name, each) for name, each in endcaps.items()}
    print(f"LS from the onset to the first flag: {CELLS} supercrystals, {EVENTS} events per LS")
    header = ("map", "detector", "fault", "found, % (95 %)", "median", "90 %", "largest")
    show(header, [row for name in endcaps for row in _delays(name, endcaps[name], detectors[name])])
    print(f"\nhealthy fills of {LENGTH} LS; rates per {LUMIS_PER_DAY} LS, intervals 95 %")
    columns = ("map", "detector", "LS judged", "LS with a flag, %", "flags", "incidents")
    show(columns, [row for name in endcaps for row in _healthy(name, endcaps[name], detectors[name])])


def _fill(name: str, each: Endcap, run: int, lumis: int, *faults: Fault) -> Iterator[Lumisection]:
    return lumisections(Fill(run, lumis, SEED, EVENTS), {f"{name}/digi": each.healthy}, faults)


def _detectors(name: str, each: Endcap) -> dict[str, Scorer]:
    found = {} if each.cmssw is None else {"cmssw-ml": each.cmssw}
    for title, fills in LEARNED.items():
        good = [lumi for run in range(1, fills + 1) for lumi in _fill(name, each, run, LENGTH)]
        found[title] = learn(each.view, good)
    return found


def _delays(name: str, each: Endcap, detectors: Mapping[str, Scorer]) -> Iterator[tuple[str, ...]]:
    living = np.argwhere(each.healthy.rate > 0)
    chosen = np.random.default_rng(SEED).choice(len(living), CELLS, replace=False)
    cells: list[Cell] = [tuple(int(i) for i in living[index]) for index in chosen]
    found: dict[tuple[str, float], list[float]] = {}
    for place, factor in enumerate(FACTORS):
        for number, cell in enumerate(cells):
            fault = Fault(f"{name}/digi", cell, "hot" if factor > 1 else "factor", factor, onset=WARM_UP + 1)
            seen = list(_fill(name, each, 1000 * (place + 1) + number, WARM_UP + FOLLOWED, fault))
            for title, scorer in detectors.items():
                found.setdefault((title, factor), []).append(_delay(scorer, seen, cell))
    for (title, factor), delays in sorted(found.items(), key=lambda item: list(detectors).index(item[0][0])):
        yield (name, title, f"x{factor:g}", *_summary(np.array(delays)))


def _delay(scorer: Scorer, seen: list[Lumisection], cell: Cell) -> float:
    """Lumisections from the onset to the first flag, 1 in the very first; infinite where there is none."""
    state = scorer.initial()
    for each in seen:
        scored = step(scorer, each, state)
        state = scored.state
        if each.lumi > WARM_UP and scored.result.codes[cell] == Code.BAD:
            return each.lumi - WARM_UP
    return np.inf


def _summary(delays: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[str, ...]:
    """Share found, and quantiles over all faults, those that were not found included."""
    found = np.isfinite(delays)
    ordered = np.sort(delays)
    quantiles = [ordered[int(np.ceil(q * len(ordered))) - 1] for q in (0.5, 0.9, 1.0)]
    shown = (f"{q:.0f}" if np.isfinite(q) else f"> {FOLLOWED}" for q in quantiles)
    return (wilson(int(found.sum()), len(found)).text(0, 100), *shown)


def _healthy(name: str, each: Endcap, detectors: Mapping[str, Scorer]) -> Iterator[tuple[str, ...]]:
    tallies = {title: Tally() for title in detectors}
    watches = [Watch(scorer, tallies[title]) for title, scorer in detectors.items()]
    for number in range(HEALTHY_FILLS):
        for seen in _fill(name, each, 10_000 + number, LENGTH):
            for watch in watches:
                watch.see(seen)
    for title, tally in tallies.items():
        yield (
            name,
            title,
            str(tally.lumis),
            wilson(tally.flagged_lumis, tally.lumis).text(2, 100),
            f"{tally.flags / tally.days:.1f}",
            garwood(tally.incidents, tally.days).text(),
        )
