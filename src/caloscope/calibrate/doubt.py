"""Whether lumisections that are said to be good look as if they held faults."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from caloscope.bundle import Bundle, Told
from caloscope.calibrate.apply import BEYOND, SCORE, thresholds_of
from caloscope.calibrate.calibration import Calibration
from caloscope.calibrate.named import NAMED, named
from caloscope.calibrate.rates import Rate, rates_above
from caloscope.calibrate.sound import Sound
from caloscope.decide import budget
from caloscope.detectors.base import scores
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.records import Incident

FAR: Final = 5.0
"""Times the rate that a threshold stands for beyond which the observed one is doubted, surely (95 %)."""

GROWN: Final = 1.5
"""Factor by which a threshold in nats may grow: beyond it the tail is not that of chance."""

LEFT_OUT: Final = 0.01
"""Share of the living cells that may be bad already without a word, and in any case `_FEW` of them."""

_FEW: Final = 5


def doubt(before: Bundle, given: Sequence[Given], seen: Sound, found: Calibration) -> dict[str, Told]:
    """What a card says, in one line under `doubt`, where the data may hold faults; else nothing.

    `before` is the bundle with the thresholds that it had, `seen` what it saw in `given`, `found` are
    the new ones. Doubted are classes that were above the old thresholds far more often than these
    stand for or further than chance goes, thresholds that grew much, and many cells that were left out.
    The worst incidents that the old thresholds would have opened are named.
    """
    reasons = [*_classes(before, seen, found), *_cells(before, seen)]
    if not reasons:
        return {}
    more = f"; {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    worst = named(_incidents(before, given, seen))
    where = f"; worst: {worst}" if worst else ""
    return {"doubt": "; ".join(reasons[:NAMED]) + more + where}


def _classes(before: Bundle, seen: Sound, found: Calibration) -> list[str]:
    """What speaks against each class, the one with the largest rate first."""
    old = thresholds_of(before)
    rates, meant = rates_above(seen.seen, old), _meant(before, seen)
    reasons = []
    for name in (each for each in seen.seen.peaks if each in old):
        rate = rates[name]
        fitted = name in found.cuts and name not in found.by_formula
        new = found.cuts[name].threshold if fitted else old[name]
        why = _why(name, rate, meant.get(name), old[name], new, float(np.nanmax(seen.seen.peaks[name])))
        if why:
            reasons.append((rate.low, f"{name.replace('_', ' ')} {why}"))
    return [text for _, text in sorted(reasons, key=lambda each: -each[0])]


def _why(name: str, rate: Rate, meant: float | None, old: float, new: float, peak: float) -> str:
    """What speaks against one class, if anything. A score is of no known scale: it has a rate alone."""
    if meant is not None and rate.seen > 1 and rate.low > FAR * meant:
        seen = f"{_number(rate.per_day)} a day (at least {_number(rate.low)})"
        return f"{seen} above {old:.4g}, meant for {_number(meant)}"
    if name == SCORE:
        return ""
    if new > GROWN * old:
        return f"needs a threshold of {new:.4g} after {old:.4g}"
    return f"at {peak:.0f} nats, beyond chance" if peak > old + BEYOND else ""


def _meant(before: Bundle, seen: Sound) -> Mapping[str, float]:
    """The rates that the old thresholds stand for, where somebody knows."""
    per_day = before.card.false_alarms_per_day
    guessed = scores(before.detector) and f"threshold_{SCORE}" not in before.card.calibration
    return {} if per_day is None or guessed else budget(seen.seen.peaks, per_day)


def _cells(before: Bundle, seen: Sound) -> list[str]:
    bad, alive = len(seen.left_out), int(np.count_nonzero(before.detector.alive))
    return [f"{bad} of {alive} cells bad already"] if bad > max(_FEW, LEFT_OUT * alive) else []


def _incidents(before: Bundle, given: Sequence[Given], seen: Sound) -> list[Incident]:
    """What the old thresholds would have opened, the worst first, without what was left out."""
    scorer, masked = Scorer(before, "calibration"), seen.mask(before.view.shape)
    state = scorer.initial()
    found: dict[str, Incident] = {}
    for each in given:
        scored = scorer.score(each, state, masked)
        state = scored.state
        found |= {incident.id: incident for incident in scored.incidents}
    told = [each for each in found.values() if not (each.standing or each.masked)]
    return sorted(told, key=lambda each: (-each.peak_evidence, each.opened))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
