"""What the numbers say, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from caloscope.study.ml4dqm.comparison import Line
from caloscope.study.ml4dqm.reference import NAME
from caloscope.study.report.words import counted, listed
from caloscope.study.results import Interval

_WORDS: Final = {"theirs": "In their protocol", "honest": "Split by run, with faults that can be,"}
_WHO: Final = {False: "their networks", True: "the reference detector"}
_MOST_VOID: Final = 0.005


def sentences(lines: Sequence[Line]) -> Iterator[str]:
    """A few sentences; what is worse than prior work is said as such."""
    for protocol in _WORDS:
        for own in (False, True):
            yield from _against_print([each for each in lines if _is(each, protocol, own)], protocol, own)
        yield from _against_network(lines, protocol)
    for line in lines:
        yield from _not_told(line)


def _not_told(line: Line) -> Iterator[str]:
    """Images that got no verdict, and faults that are none."""
    where = _WORDS[line.protocol].lower()
    if line.unjudged:
        yield (
            f"Of {line.images:,} images of {line.task.name} {where} the reference detector judges "
            f"{line.unjudged:,} not at all (UNKNOWN); they count as wrong."
        )
    bad = line.images - sum(line.confusion[0])
    if line.protocol == "theirs" and line.detector == NAME and line.void > _MOST_VOID * bad:
        yield (
            f"Of the faulty images of {line.task.name} {where} {line.void:,} of {bad:,} "
            f"({100 * line.void / bad:.0f} %) change no channel that there is. Dead ones among them are good "
            "images letter for letter; hot ones the reference detector does not look at."
        )


def _is(line: Line, protocol: str, own: bool) -> bool:
    return line.protocol == protocol and (line.detector == NAME) == own


def _against_print(mine: Sequence[Line], protocol: str, own: bool) -> Iterator[str]:
    if not mine:
        return
    worse = [each for each in mine if "worse" in (each.accuracy_beside, each.auc_beside)]
    are = "is" if own else "are"
    if not worse:
        yield (
            f"{_WORDS[protocol]} {_WHO[own]} {are} nowhere worse than what the notebooks printed "
            f"({counted(len(mine), 'task')})."
        )
        return
    told = "; ".join(_numbers(each) for each in worse)
    yield (
        f"{_WORDS[protocol]} {_WHO[own]} {are} worse than what the notebooks printed in {len(worse)} of "
        f"{counted(len(mine), 'task')}: {told}."
    )


def _against_network(lines: Sequence[Line], protocol: str) -> Iterator[str]:
    theirs, ours = (
        {each.task.name: each.accuracy for each in lines if _is(each, protocol, own)} for own in (False, True)
    )
    names = [name for name in theirs if name in ours]
    ahead = [name for name in names if ours[name].low > theirs[name].high]
    behind = [name for name in names if ours[name].high < theirs[name].low]
    if not names:
        return
    rest = len(names) - len(ahead) - len(behind)
    text = (
        f"{_WORDS[protocol]} the reference detector is right more often than their network on the same "
        f"images in {len(ahead)} of {counted(len(names), 'task')}"
    )
    if behind:
        pairs = [f"{n} ({_share(ours[n])}, not {_share(theirs[n])})" for n in behind]
        text += f", less often in {listed(pairs)}"
    yield text + (f"; in {rest} the intervals overlap." if rest else ".")


def _numbers(line: Line) -> str:
    printed, told = line.task.printed, []
    if line.accuracy_beside == "worse":
        told.append(f"accuracy {_share(line.accuracy)}, printed {printed.accuracy:.4g}")
    if line.auc_beside == "worse":
        told.append(f"area {_share(line.auc)}, printed {printed.auc:.4g}")
    return f"{line.task.name} ({', '.join(told)})"


def _share(of: Interval) -> str:
    return f"{of.value:.4f}, {of.low:.4f} to {of.high:.4f}"
