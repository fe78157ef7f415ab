"""Running a bundle's self-test again: does this machine answer as the one did that made the bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle.answered import Answered
from caloscope.bundle.edited import EDITED, edited, in_force
from caloscope.bundle.files import CARD, SELFTEST
from caloscope.bundle.folder import Bundle
from caloscope.bundle.selftest import SelfTest, answers_of, read
from caloscope.errors import BundleError

TOLERANCE = 1e-3
"""Largest relative difference between the answers of two machines.

A network works in float32, and another machine adds in another order: 1e-6 to 1e-5 of an output for networks
of our depth. CMSSW's score is a product of up to six squared differences, which makes twelve times as much of
it: 1e-4. Ten times that is still too little to move a verdict (thresholds differ by more from one calibration
to the next), and what this is there to find is larger by orders of magnitude: weights that were cut short,
operators that do something else, a picture that is scaled or padded in another way.
"""

SMALL = 0.01
"""Of an expectation's mean over testable cells: numbers below that share are compared with it instead."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a self-test found: its lumisections, and of each array the largest relative difference."""

    lumisections: int
    differences: Mapping[str, float]

    @property
    def worst(self) -> float:
        """The largest of all."""
        return max(self.differences.values(), default=0.0)


def read_selftest(bundle: Bundle) -> SelfTest | None:
    """The self-test of a loaded bundle, None where it has none. Raises `BundleError` when damaged."""
    path = _path(bundle)
    return read(path, bundle.view.shape) if path is not None and path.is_file() else None


def verify(bundle: Bundle, tolerance: float = TOLERANCE) -> Verified:
    """Run the self-test of a bundle with its detector as it was loaded; needs no torch.

    The difference of two numbers is taken relative to the larger of the one stored and a scale below which
    numbers do not matter: the threshold for a score, else `SMALL` times the mean over testable cells.
    Raises `BundleError` where thresholds are not those that were calibrated by the card's own word, there
    is no self-test, an answer is of another kind, has another reason,
    threshold or other testable cells, or differs by more than `tolerance`.
    """
    _require_calibrated(bundle)
    found = read_selftest(bundle)
    if found is None or not len(found):
        where = _path(bundle) or bundle.card.name
        raise BundleError(f"{where}: found no self-test, expected one: train or import the bundle again")
    largest: dict[str, float] = {}
    answers = answers_of(bundle.detector, found.observations)
    for seen, stored, now in zip(found.observations, found.answers, answers, strict=True):
        where = f"{_path(bundle)}: {seen.id.run}:{seen.id.lumi}"
        _require_alike(where, stored, now)
        for name, difference in _differences(stored, now).items():
            if not difference <= tolerance:
                told = f"{name} differs by {difference:.2g} of what was stored"
                raise BundleError(f"{where}: {told}, expected at most {tolerance:g}")
            largest[name] = max(largest.get(name, 0.0), difference)
    return Verified(len(found), largest)


def _require_calibrated(bundle: Bundle) -> None:
    """Raises `BundleError` for thresholds that were written into a card by hand: its rates are not theirs."""
    for name, calibrated in edited(bundle.card).items():
        where = bundle.card.name if bundle.folder is None else bundle.folder / CARD
        found = f"found {in_force(bundle.card, name):.4g} for {name.replace('_', ' ')}"
        raise BundleError(f"{where}: {EDITED}: {found}, expected {calibrated:.4g}: calibrate again")


def _path(bundle: Bundle) -> Path | None:
    return None if bundle.folder is None else bundle.folder / SELFTEST


def _require_alike(where: str, stored: Answered, now: Answered) -> None:
    """Raises `BundleError` where two answers differ in more than numbers."""
    same = stored.arrays.keys() == now.arrays.keys()
    if (stored.kind, stored.reason) != (now.kind, now.reason) or not same:
        raise BundleError(f"{where}: found {_shown(now)}, expected {_shown(stored)}")
    if stored.threshold is not None and not np.isclose(now.threshold or 0.0, stored.threshold, rtol=1e-6):
        raise BundleError(f"{where}: found threshold {now.threshold}, expected {stored.threshold}")
    if stored.kind != "not_known":
        other = int(np.count_nonzero(stored.arrays["testable"] != now.arrays["testable"]))
        if other:
            raise BundleError(f"{where}: found {other} cells testable or not, expected as was stored")


def _shown(answer: Answered) -> str:
    told = answer.reason or ", ".join(answer.arrays)
    return f"{answer.kind} ({told})"


def _differences(stored: Answered, now: Answered) -> dict[str, float]:
    """The largest relative difference of each array, over testable cells."""
    if stored.kind == "not_known":
        return {}
    testable = stored.arrays["testable"].astype(np.bool_)
    found = {}
    for name in (name for name in stored.arrays if name != "testable"):
        old, new = (each.arrays[name][testable].astype(np.float64) for each in (stored, now))
        if old.size:
            typical = SMALL * float(np.abs(old).mean())
            found[name] = _largest(old, new, typical if name != "value" else stored.threshold or typical)
    return found


def _largest(old: NDArray[Any], new: NDArray[Any], small: float) -> float:
    """Of `|new - old| / max(|old|, small)`; infinite where either is no number."""
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        return float("inf")
    return float(np.max(np.abs(new - old) / np.maximum(np.maximum(np.abs(old), small), 1e-300)))
