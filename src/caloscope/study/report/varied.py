"""Sentences on what varies: the sample, how much is learned from, and how much of it is faulty."""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite

from caloscope.study.report.amounts import contaminated, short_ones
from caloscope.study.report.compared import over
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.transfer import Pair, pairs, transfers
from caloscope.study.report.words import counted, listed, named, times


def transferred(of: Parts) -> Iterator[str]:
    """What becomes of detectors away from home: no verdict, later finds, false incidents."""
    for matrix in transfers(of):
        found = list(pairs(of, matrix))
        away = [pair for pair in found if pair.ratio is not None and pair.trained != pair.tested]
        if not away:
            yield from _at_home(of, found, matrix)
            continue
        told = [f"Judged on another sample than learned from ({matrix or 'main part'}):"]
        told += _refused(away)
        home = {(pair.detector, pair.tested): pair for pair in found if pair.trained == pair.tested}
        told.append(_slower([pair for pair in away if not pair.refused], home))
        told.append(_false([pair for pair in away if not pair.refused]))
        yield " ".join(each for each in told if each)


def _at_home(of: Parts, found: Sequence[Pair], matrix: str) -> Iterator[str]:
    """Where each detector is nearest to the oracle, and where farthest, of samples that it learned from."""
    told = []
    for who in dict.fromkeys(pair.detector for pair in found):
        mine = [pair for pair in found if pair.detector == who and isfinite(pair.slower.value)]
        if mine:
            best, worst = (end(mine, key=lambda pair: pair.slower.value) for end in (min, max))
            ends = f"{times(best.slower)} ({best.tested}) to {times(worst.slower)} ({worst.tested})"
            told.append(f"{named(who)} {ends}")
    if told:
        yield f"{_delays(of)} from sample to sample, {matrix}: {'; '.join(told)}."


def _refused(away: Sequence[Pair]) -> Iterator[str]:
    """Who gives no verdict, and how often."""
    for who in dict.fromkeys(pair.detector for pair in away if pair.refused):
        mine = [pair for pair in away if pair.detector == who]
        none = sum(pair.refused for pair in mine)
        yield f"{named(who)} gives no verdict in most trials of {none} of {counted(len(mine), 'pair')}."


def _slower(away: Sequence[Pair], home: dict[tuple[str, str], Pair]) -> str:
    """The most that each is slowed down where it gives verdicts."""
    told = []
    for who in dict.fromkeys(pair.detector for pair in away):
        worst = max((pair for pair in away if pair.detector == who), key=lambda pair: pair.ratio or 0.0)
        ratio = over(worst.slower, home[who, worst.tested].slower)
        told.append(f"{named(who)} {times(ratio)} (learned from {worst.trained}, judged on {worst.tested})")
    if not told:
        return ""
    return f"The most that verdicts are late, as times the delay at home: {'; '.join(told)}."


def _false(away: Sequence[Pair]) -> str:
    """The highest rate of false incidents."""
    known = [pair for pair in away if isfinite(pair.false.value)]
    if not known:
        return ""
    worst = max(known, key=lambda pair: pair.false.value)
    where = f"{named(worst.detector)}, learned from {worst.trained}, judged on {worst.tested}"
    return f"Most false incidents in 3,700 lumisections: {times(worst.false)} ({where})."


def amounts(of: Parts) -> Iterator[str]:
    """What becomes of the first detector with less to learn from, or with faults in it, and who is first."""
    for matrix in short_ones(of):
        yield from _series(of, matrix, lambda at: float(at.lumis), lambda at: f"{at.lumis:,} lumisections")
    for matrix in contaminated(of):
        yield from _series(
            of,
            matrix,
            lambda at: at.faulty,
            lambda at: f"lumisections of which {100 * at.faulty:g} % are faulty",
        )


def _series(
    of: Parts, matrix: str, place: Callable[[Conditions], float], words: Callable[[Conditions], str]
) -> Iterator[str]:
    every = sorted((at for at in of.conditions(matrix) if of.ranking(at)), key=place)
    if len(every) < 2:
        return
    firsts = [next(iter(of.ranking(at))) for at in every]
    who = next((each for each in of.detectors if all(each in of.ranking(at) for at in every)), firsts[0])
    told = [f"{times(of.ranking(at)[who].slower)} from {words(at)}" for at in every if who in of.ranking(at)]
    first = list(dict.fromkeys(firsts))
    best = (
        "; it is first in all" if first == [who] else f"; first are {listed([named(each) for each in first])}"
    )
    alone = all(len(of.ranking(at)) == 1 for at in every)
    yield f"{_delays(of)} for {named(who)}, {matrix}: {'; '.join(told)}{'' if alone else best}."


def _delays(of: Parts) -> str:
    return "Times the oracle's delay" if of.has_oracle else "Mean delay in lumisections"
