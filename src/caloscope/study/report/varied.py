"""Sentences on what varies: the sample, how much is learned from, and how much of it is faulty."""

from collections.abc import Callable, Iterator

from caloscope.study.report.amounts import contaminated, short_ones
from caloscope.study.report.compared import over
from caloscope.study.report.parts import Conditions, Parts
from caloscope.study.report.transfer import pairs, transfers
from caloscope.study.report.words import named, times


def transferred(of: Parts) -> Iterator[str]:
    """The worst that happens to the first detector, and to any, away from home."""
    for matrix in transfers(of):
        away = [pair for pair in pairs(of, matrix) if pair.ratio is not None and pair.trained != pair.tested]
        if not away:
            continue
        best = next(who for who in of.detectors if any(pair.detector == who for pair in away))
        names = {pair.detector: pair.ratio or 0.0 for pair in away}
        for pair in away:
            names[pair.detector] = max(names[pair.detector], pair.ratio or 0.0)
        robust, worst = min(names, key=names.__getitem__), max(names, key=names.__getitem__)
        home = {(p.detector, p.tested): p.slower for p in pairs(of, matrix) if p.trained == p.tested}
        told = []
        for who in dict.fromkeys((best, robust, worst)):
            pair = max((p for p in away if p.detector == who), key=lambda p: p.ratio or 0.0)
            ratio = over(pair.slower, home[who, pair.tested])
            told.append(f"{named(who)} {times(ratio)} (learned from {pair.trained}, judged on {pair.tested})")
        yield (
            "Judged on another sample than learned from, the worst that happens to a detector, as times "
            "its delay at "
            f"home: {'; '.join(told)}. Of {len(names)} detectors {named(robust)} loses least and "
            f"{named(worst)} most."
        )


def amounts(of: Parts) -> Iterator[str]:
    """The ends of matrices of short references and of contaminated ones."""
    for matrix in short_ones(of):
        yield from _ends(of, matrix, lambda at: float(at.lumis), lambda at: f"{at.lumis:,} lumisections")
    for matrix in contaminated(of):
        yield from _ends(
            of,
            matrix,
            lambda at: at.faulty,
            lambda at: f"lumisections of which {100 * at.faulty:g} % are faulty",
        )


def _ends(
    of: Parts, matrix: str, place: Callable[[Conditions], float], words: Callable[[Conditions], str]
) -> Iterator[str]:
    every = sorted((at for at in of.conditions(matrix) if of.ranking(at)), key=place)
    if len(every) < 2:
        return
    least, most = every[0], every[-1]
    told = []
    for at in (least, most):
        who, line = next(iter(of.ranking(at).items()))
        told.append(
            f"from {words(at)}, {named(who)} is first at {times(line.slower)} times the oracle's delay"
        )
    yield f"Learned {'; '.join(told)}{_grown(of, least, most, words)}."


def _grown(of: Parts, one: Conditions, other: Conditions, words: Callable[[Conditions], str]) -> str:
    """How much the first detector that was judged at both ends differs between them."""
    both = (who for who in of.detectors if who in of.ranking(one) and who in of.ranking(other))
    first = next(both, None)
    if first is None:
        return ""
    before, after = (of.ranking(at)[first].slower for at in (one, other))
    if before.value < after.value:
        one, other, before, after = other, one, after, before
    ratio = times(over(before, after))
    return f"; {named(first)} is {ratio} times as slow from {words(one)} as from {words(other)}"
