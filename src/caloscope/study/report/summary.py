"""The summary of a study, written from its numbers."""

from collections.abc import Iterator
from math import isfinite

from caloscope.study.report.compared import first_place, prior_work
from caloscope.study.report.parts import ORACLE, Parts, parts
from caloscope.study.report.varied import amounts, transferred
from caloscope.study.report.words import counted, listed, named, percent, with_ends
from caloscope.study.results import FaultLine, Results

_MOST = 8
"""Names that a sentence lists."""

_WIDE = 5.0
"""Times the rate asked for from which on the end of an interval says little."""

_NEARLY = 0.95
"""Share of the healthy lumisections below which it is said that others were not judged."""


def summary(results: Results) -> list[str]:
    """Sentences: what was compared, who is first, what nobody finds, how false rates are, what varies."""
    return sentences(parts(results))


def sentences(of: Parts) -> list[str]:
    """The same of results whose seeds are put together."""
    parts_ = (
        _compared,
        _not_calibrated,
        first_place,
        _not_found,
        _false,
        _unknown,
        prior_work,
        transferred,
        amounts,
        _failed,
    )
    return [sentence for part in parts_ for sentence in part(of)]


def _compared(of: Parts) -> Iterator[str]:
    lines = of.lines(of.main)
    trials: dict[str, int] = {}
    for (who, fault), line in lines.items():
        if who != ORACLE:
            trials[fault] = max(trials.get(fault, 0), line.trials)
    what = f"{counted(len(of.detectors), 'detector was', 'detectors were')} compared on {of.results.map}"
    faults = f"{counted(len(trials), 'kind')} of fault"
    each = sorted(set(trials.values()))
    often = f"{each[0]:,}" if len(each) == 1 else f"{each[0]:,} to {each[-1]:,}" if each else "no"
    sample = f", learned from {of.main.trained} and judged on {of.main.tested}" if of.main.trained else ""
    yield (
        f"{what}{sample}: {faults}, {often} trials of each, {sum(trials.values()):,} in all. Thresholds "
        "were made "
        f"for {of.results.rate:g} false incident{'s' * (of.results.rate != 1)} in 3,700 lumisections (24 h)."
    )


def _not_calibrated(of: Parts) -> Iterator[str]:
    """Whose thresholds rest on no good lumisections."""
    known = {each.setting.detector for each in of.calibration(of.main)}
    others = [each.setting.detector for each in of.clean(of.main) if each.setting.detector not in known]
    if others:
        yield (
            f"Not calibrated, for want of good lumisections or as asked: {listed(list(map(named, others)))}. "
            "Thresholds are those of the formula, or of a detector's own."
        )


def _failed(of: Parts) -> Iterator[str]:
    """What could not be trained, and why."""
    whys: dict[str, list[str]] = {}
    for each in of.results.failed:
        whys.setdefault(each.why, []).append(each.setting.detector)
    for why, who in whys.items():
        yield f"Not measured, as it could not be trained: {listed(list(dict.fromkeys(who)))} ({why})."


def _not_found(of: Parts) -> Iterator[str]:
    """Faults that no detector finds in half of the trials."""
    lines = of.lines(of.main)
    told = []
    faults = [fault.title for fault in of.faults(of.main)]
    for fault in faults:
        mine = [line for (who, title), line in lines.items() if title == fault and who != ORACLE]
        best = max(mine, key=lambda line: line.found.value)
        if best.found.value < 0.5:
            told.append(_missed(best, lines.get((ORACLE, fault))))
    if told:
        more = f"; and {len(told) - _MOST} more" if len(told) > _MOST else ""
        yield (
            f"{counted(len(told), 'fault is', 'faults are')} found by nobody in half of the trials: "
            f"{'; '.join(told[:_MOST])}{more}."
        )
    elif faults:
        yield "Every fault is found in at least half of its trials by at least one detector."


def _missed(best: FaultLine, oracle: FaultLine | None) -> str:
    yardstick = "" if oracle is None else f", the oracle {percent(oracle.found)}"
    return f"{best.fault} (at best {named(best.setting.detector)}, {percent(best.found)}{yardstick})"


def _false(of: Parts) -> Iterator[str]:
    """Detectors whose interval of the rate leaves out the one that was asked for."""
    clean = of.clean(of.main)
    over = [line for line in clean if line.rate.low > line.asked]
    under = [line for line in clean if line.rate.high < line.asked]
    for lines, word in ((over, "more"), (under, "fewer")):
        if lines:
            names = [
                f"{named(line.setting.detector)} {with_ends(line.rate)} where {line.asked:g} was asked for"
                for line in lines[:_MOST]
            ]
            names += [f"{len(lines) - _MOST} more"] * (len(lines) > _MOST)
            who = counted(len(lines), "detector has", "detectors have")
            yield (
                f"{who} {word} false incidents than asked for, in 3,700 lumisections with 95 % interval: "
                f"{listed(names)}."
            )
    known = [line for line in clean if isfinite(line.rate.low)]
    fair = [line for line in known if line not in (*over, *under)]
    if fair:
        which = "all" if len(fair) == len(known) else f"{len(fair)} of {len(known)}"
        wide = sum(line.rate.high > _WIDE * line.asked for line in fair)
        few = f", for {wide} of them for want of lumisections to tell" if wide else ""
        yield (
            "The interval of the rate of false incidents contains the one asked for in "
            f"{which} cases of the first part{few}."
        )


def _unknown(of: Parts) -> Iterator[str]:
    """Who does not judge all that is healthy."""
    told = [
        f"{named(line.setting.detector)} {line.judged:,} of {line.lumis:,}"
        for line in of.clean(of.main)
        if line.judged < _NEARLY * line.lumis
    ]
    if told:
        yield f"Healthy lumisections that got a verdict at all: {listed(told)}."
