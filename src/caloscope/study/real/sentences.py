"""What the numbers say, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from caloscope.study.metrics.intervals import wilson
from caloscope.study.real.comparing import ComparedLine
from caloscope.study.real.difference import difference_of
from caloscope.study.real.found import Found
from caloscope.study.real.injected import DIGIS, HITS
from caloscope.study.real.lines import ALL, InjectedLine
from caloscope.study.real.lost import LostHits
from caloscope.study.real.measured import Measured
from caloscope.study.real.present import PresentLine, QuietLine
from caloscope.study.real.shares import share
from caloscope.study.report.words import counted, listed

_ENOUGH: Final = 20
"""Channels that a share rests on that is put into a sentence."""


def sentences(found: Found) -> Iterator[str]:
    """A few, in the order of the page; what is missed or false is said as such."""
    yield from _present(found)
    yield from _beside(found)
    yield from _injected(found)
    for of in found.samples:
        if of.minus:
            yield difference_of(of).told()
            yield from _compared(of, found.compared)
    yield from _twins(found)
    yield from found.notes


def _detectors(found: Found) -> list[str]:
    return list(dict.fromkeys(each.detector for each in found.quiet))


def _present(found: Found) -> Iterator[str]:
    if not found.present:
        return
    told = []
    for name in _detectors(found):
        mine = [each for each in found.present if each.detector == name]
        if mine:
            part = wilson(sum(each.found for each in mine), len(mine))
            told.append(f"{name} {sum(each.found for each in mine)} of {len(mine)} ({share(part)})")
    faults = len({(each.sample, each.lumi, each.fault) for each in found.present})
    yield f"{counted(faults, 'fault')} are in the lumisections. Found: {listed(told)}."


def _beside(found: Found) -> Iterator[str]:
    """False incidents, and how many of these are hardware that was faulty in what was learned."""
    known = {of.title: {fault.name for faults in of.faults for fault in faults} for of in found.samples}
    clean, told, learned = [], [], 0
    for name in _detectors(found):
        mine = [each for each in found.quiet if each.detector == name]
        false = [(each.sample, one[1]) for each in mine for one in each.incidents]
        lumis = sum(each.judged for each in mine)
        learned += sum(hardware in known[sample] for sample, hardware in false)
        if not lumis:
            continue
        if false:
            told.append(f"{name} {len(false)} in {lumis} lumisections")
        else:
            clean.append(f"{name} in {lumis} lumisections")
    if clean:
        yield f"No false incident: {listed(clean)}."
    if told:
        why = "are of hardware that has a fault in another lumisection, which was learned from"
        yield f"False incidents: {listed(told)}." + (f" {learned:,} of them {why}." if learned else "")


def _injected(found: Found) -> Iterator[str]:
    """What the first detector finds in the cells that expect most."""
    first = _detectors(found)[:1]
    mine = [each for each in found.injected if each.detector in first and not _minus(found, each.sample)]
    for factor in dict.fromkeys(each.factor for each in mine):
        told = []
        for sample in dict.fromkeys(each.sample for each in mine):
            line = _busiest([each for each in mine if (each.sample, each.factor) == (sample, factor)])
            if line is not None:
                told.append(f"{sample} {share(line.first)}")
        if told:
            yield (
                f"Single cells at x{factor:g} that {first[0]} finds in their first lumisection, of those "
                f"that expect most: {', '.join(told)}."
            )


def _busiest(lines: Sequence[InjectedLine]) -> InjectedLine | None:
    """Of classes with some cells in them, the last."""
    some = [each for each in lines if each.expects != ALL and each.trials]
    return some[-1] if some else None


def _minus(found: Found, title: str) -> bool:
    return any(of.minus for of in found.samples if of.title == title)


def _compared(of: Measured, every: Sequence[ComparedLine]) -> Iterator[str]:
    """What the difference adds, by the weakest fault that was made, and where it adds most."""
    lines = [each for each in every if each.sample == of.title]
    whole = [each for each in lines if each.expects == ALL]
    if not whole:
        return
    weakest, first = max(each.factor for each in whole), whole[0].detector
    for kind, what in ((HITS, "rec hits alone fail"), (DIGIS, "digis fail, and their rec hits with them")):
        told = [
            f"{each.map} ({each.detector}) {share(each.first)}"
            for each in whole
            if (each.kind, each.factor) == (kind, weakest) and each.detector in (first, LostHits.name)
        ]
        yield f"Where {what}, to x{weakest:g}, channels are found in the first lumisection by {listed(told)}."
    yield from _added(of, lines, first)


def _added(of: Measured, lines: Sequence[ComparedLine], first: str) -> Iterator[str]:
    """The channels and the factor of rec hits in which the difference gains most over the rec hits."""
    found = {(e.map, e.detector, e.factor, e.expects): e for e in lines if e.kind == HITS}
    pairs = [
        (own, found[of.minus, first, own.factor, own.expects])
        for own in found.values()
        if own.detector == LostHits.name
        and own.trials >= _ENOUGH
        and (of.minus, first, own.factor, own.expects) in found
    ]
    if not pairs:
        return
    weakest = max(own.factor for own, _ in pairs)
    weak = [each for each in pairs if each[0].factor == weakest]
    own, other = max(weak, key=lambda each: each[0].first.value - each[1].first.value)
    if own.first.low > other.first.high:
        yield (
            f"So the difference adds what neither map has. Where rec hits alone fail, to x{own.factor:g}, "
            f"channels that expect {own.expects} digis are found at once in {share(own.first)} if the "
            f"digis of the same channel are the yardstick, in {share(other.first)} from {of.minus} alone; "
            "and it tells that the fault lies behind the digis. To faults of the digis it is blind."
        )


def _twins(found: Found) -> Iterator[str]:
    """Detectors that say the same of everything."""
    said: dict[tuple[object, ...], list[str]] = {}
    for name in _detectors(found):
        said.setdefault(tuple(_said(found, name)), []).append(name)
    for names in said.values():
        if len(names) > 1:
            yield f"{listed(names)} give the same numbers: with so few lumisections nothing sets them apart."


def _said(found: Found, name: str) -> Iterator[object]:
    present: Iterator[PresentLine] = (each for each in found.present if each.detector == name)
    quiet: Iterator[QuietLine] = (each for each in found.quiet if each.detector == name)
    yield from ((each.sample, each.lumi, each.fault, each.flagged) for each in present)
    yield from ((each.sample, each.flags, round(each.peak, 6)) for each in quiet)
    for each in found.injected:
        if each.detector == name:
            yield (each.sample, each.kind, each.factor, each.expects, each.first.value, each.within.value)
