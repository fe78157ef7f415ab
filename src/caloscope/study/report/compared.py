"""Who is first, by how much, and how prior work stands against it."""

from collections.abc import Iterator, Mapping
from math import exp, hypot, isfinite, log
from typing import Final

from caloscope.study.report.parts import ORACLE, Parts
from caloscope.study.report.words import counted, listed, named, number, ordinal, percent, times
from caloscope.study.results import FaultLine, Interval, RankLine

PRIOR: Final = ("cmssw", "ml4dqm", "autodqm", "hcalmltask", "mlclient")
"""Words, in small letters, in the titles of detectors of prior work."""

_MOST: Final = 6


def over(slower: Interval, faster: Interval) -> Interval:
    """How many times one is the other; the two errors are taken as independent in the logarithm.

    Detectors are judged on the same trials, which makes the true interval narrower than this one.
    """
    if not all(isfinite(each) and each > 0 for each in (*slower, *faster)):
        nothing = float("nan")
        known = isfinite(slower.value) and faster.value > 0
        return Interval(slower.value / faster.value if known else nothing, nothing, nothing)
    ratio = slower.value / faster.value
    down = hypot(log(slower.value / slower.low), log(faster.high / faster.value))
    up = hypot(log(slower.high / slower.value), log(faster.value / faster.low))
    return Interval(ratio, ratio * exp(-down), ratio * exp(up))


def first_place(of: Parts) -> Iterator[str]:
    """The first, its lead on the second, and whether that is more than chance."""
    ranked = list(of.ranking(of.main).items())
    if not ranked:
        return
    who, line = ranked[0]
    yield (
        f"{named(who)} is first: as geometric mean over {counted(line.faults, 'fault')} its mean delay is "
        f"{of.delay(times(line.slower))} (95 % interval), and it finds {percent(line.found)} "
        "of all trials."
    )
    if len(ranked) > 1:
        second, behind = ranked[1]
        lead = over(behind.slower, line.slower)
        yield f"{named(second)} is second, {times(lead)} times as slow as the first: {_certain(lead)}."


def _certain(lead: Interval) -> str:
    if lead.low > 1.0:
        return "the interval excludes equality"
    if lead.low <= 1.0:
        return "the interval includes 1, so the two may be equally fast"
    return "there is no interval to say whether they differ"


def prior_work(of: Parts) -> Iterator[str]:
    """Where detectors of prior work stand, and where they are better than ours."""
    ranked = of.ranking(of.main)
    ours = {who: line for who, line in ranked.items() if not _is_prior(who)}
    prior = {who: line for who, line in ranked.items() if _is_prior(who)}
    if not prior or not ours:
        return
    order = list(ranked)
    for who, line in prior.items():
        place = f"{named(who)} (prior work) is {ordinal(order.index(who) + 1)} of {len(order)}"
        told = f"{place}, its mean delay {of.delay(times(line.slower))}"
        yield f"{told}; {_worse(ours, line)}."
    yield from _won(of, next(iter(ours)), tuple(prior))


def _worse(ours: Mapping[str, RankLine], line: RankLine) -> str:
    """Which of ours do worse than this one."""
    worse = {who: over(each.slower, line.slower) for who, each in ours.items()}
    surely = [who for who, ratio in worse.items() if ratio.low > 1.0]
    maybe = [who for who, ratio in worse.items() if ratio.value > 1.0 and not ratio.low > 1.0]
    if not surely and not maybe:
        return "none of the others is worse"
    words = []
    if surely:
        words.append(f"worse than it, beyond the intervals: {listed(_few(surely))}")
    if maybe:
        words.append(f"worse within the intervals: {listed(_few(maybe))}")
    return "; ".join(words)


def _won(of: Parts, best: str, prior: tuple[str, ...]) -> Iterator[str]:
    """Faults that one of prior work finds earlier than the best of ours, beyond the intervals."""
    lines = of.lines(of.main)
    for who in prior:
        lost = [
            (theirs, mine)
            for (name, fault), theirs in lines.items()
            if name == who and (mine := lines.get((best, fault))) is not None and _earlier(theirs, mine)
        ]
        if lost:
            names = [_told(theirs, mine) for theirs, mine in lost[:_MOST]]
            names += [f"{len(lost) - _MOST} more"] * (len(lost) > _MOST)
            yield (
                f"{named(who)} finds {counted(len(lost), 'fault')} earlier than {named(best)}, beyond the "
                "intervals of "
                "the mean "
                f"delay: {listed(names)}."
            )


def _earlier(theirs: FaultLine, mine: FaultLine) -> bool:
    return theirs.setting.detector != ORACLE and theirs.mean_delay.high < mine.mean_delay.low


def _told(theirs: FaultLine, mine: FaultLine) -> str:
    return f"{theirs.fault} ({number(theirs.mean_delay.value)} against {number(mine.mean_delay.value)} LS)"


def _is_prior(who: str) -> bool:
    return any(word in who.lower() for word in PRIOR)


def _few(names: list[str]) -> list[str]:
    names = list(map(named, names))
    return names if len(names) <= _MOST else [*names[:_MOST], f"{len(names) - _MOST} more"]
