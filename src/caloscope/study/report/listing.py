"""Tables on the page of a study: the ranking, and every line of it."""

from collections.abc import Sequence
from math import isnan

from caloscope.outputs.data_page.document import Column, table
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.words import NOT_KNOWN, counted, number, percent, seconds, size, times, with_ends
from caloscope.study.results import CleanLine, CostLine, FaultLine, Interval

_RANKED = (
    "found",
    "clean LS judged",
    "false in 3,700 LS",
    "training",
    "ms/LS",
    "parameters",
    "size",
)


def ranking_table(of: Parts, at: Conditions) -> str:
    """Detectors, best first, with what they cost."""
    ranked, costs = of.ranking(at), of.costs(at)
    clean = {each.setting.detector: each for each in of.clean(at)}
    if not ranked:
        return ""
    rows = []
    for place, (who, line) in enumerate(ranked.items(), 1):
        rows.append(
            [
                who,
                str(place),
                times(line.slower),
                percent(line.found),
                _judged(clean.get(who)),
                with_ends(line.false),
                *_cost(costs.get(who)),
            ]
        )
    faults = max(line.faults for line in ranked.values())
    over = " over the oracle's" if of.has_oracle else ""
    caption = f"Ranking by the geometric mean over {counted(faults, 'fault')} of the mean delay{over}; "
    columns = [Column("detector", False), *map(Column, ("place", of.slowness, *_RANKED))]
    return table(caption + "in brackets 95 % intervals", columns, rows)


def _judged(of: CleanLine | None) -> str:
    return NOT_KNOWN if of is None or not of.lumis else f"{of.judged:,} of {of.lumis:,}"


def _cost(of: CostLine | None) -> list[str]:
    if of is None:
        return [NOT_KNOWN] * 4
    return [seconds(of.training_seconds), number(of.inference_ms), f"{of.parameters:,}", size(of.size)]


_EVERY = (
    Column("detector", False),
    *(Column(name, False) for name in ("matrix", "learned from", "judged on")),
    *map(Column, ("LS learned", "faulty", "seed")),
    Column("fault", False),
    *map(Column, ("trials", "found", "median delay, LS", "mean delay, LS", "judged after, LS")),
    *map(
        Column,
        (
            "cell AUC",
            "cell AP",
            "map AUC",
            "map AP",
            "FDR at 99 %",
            "precision",
            "localised",
            "had a verdict",
        ),
    ),
)


def every_fault(lines: Sequence[FaultLine]) -> str:
    """All lines with all their numbers; columns that nobody measured are left out."""
    rows = [_row(line) for line in lines]
    kept = [
        place
        for place in range(len(_EVERY))
        if place < 8 or any(row[place] not in (NOT_KNOWN, "") for row in rows)
    ]
    shown = [[row[place] for place in kept] for row in rows]
    return table("Every line; in brackets 95 % intervals", [_EVERY[place] for place in kept], shown)


def _row(line: FaultLine) -> list[str]:
    at = line.setting
    places = (at.matrix, at.trained, at.tested, f"{at.lumis:,}", f"{100 * at.faulty:g} %", str(at.seed))
    areas = (line.cell_auc, line.cell_ap, line.map_auc, line.map_ap)
    shares = (line.fdr, line.precision, line.localised, line.judged)
    return [
        at.detector,
        *places,
        line.fault,
        f"{line.trials:,}",
        percent(line.found),
        with_ends(line.delay, beyond=line.window),
        with_ends(line.mean_delay),
        str(line.after),
        *map(_area, areas),
        *map(percent, shares),
    ]


def _area(of: Interval) -> str:
    """Areas are close to 1: four digits."""
    if isnan(of.value):
        return NOT_KNOWN
    ends = "" if isnan(of.low) else f" ({of.low:.4f} to {of.high:.4f})"
    return f"{of.value:.4f}{ends}"
