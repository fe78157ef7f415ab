"""Whether a fault makes sense: its amount, its times, its mechanism, its view."""

import math
from collections.abc import Iterator
from typing import Final, TypeAlias

from caloscope.errors import UsageError
from caloscope.faults.fault import KINDS, MECHANISMS, Fault, Kind, Mechanism
from caloscope.faults.limits import ECAL
from caloscope.geometry import View
from caloscope.geometry.readout import CRYSTALS

LATEST: Final = 1_000_000_000
"""Highest number of a lumisection that a fault may name."""

_AMOUNTS: Final[dict[Kind, tuple[float, float]]] = {
    "dead": (0.0, 1.0),
    "factor": (0.0, 1.0),
    "hot": (1.0, 1000.0),
    "noisy": (0.0, 1.0),
    "stuck": (0.0, 1.0),
    "garbage": (0.0, 1.0),
    "drift": (-1.0, 1.0),
}

_KINDS_OF: Final[dict[Mechanism, tuple[Kind, ...]]] = {
    "channels": KINDS,
    "crystals": ("dead", "factor"),
    "readouts": ("dead", "factor", "drift"),
    "trigger": ("dead", "factor", "noisy"),
    "high-voltage": ("dead", "factor", "drift"),
}

_ONLY_ECAL: Final = frozenset({"crystals", "readouts", "trigger", "full-readout"})

_Wrong: TypeAlias = tuple[str, object, str]
"""A key, what it is, and what was expected."""


def check(fault: Fault, view: View | None = None) -> None:
    """Raises `UsageError` for a fault that makes no sense, naming key, value and what was expected.

    With a `view` its cells, its mechanism and its kind must be possible there.
    """
    for key, found, expected in (*_wrong(fault), *(_wrong_times(fault)), *_wrong_place(fault, view)):
        raise UsageError(f"{key} is {found!r}: expected {expected}")
    if view is not None:
        fault.cells(view)


def _wrong(fault: Fault) -> Iterator[_Wrong]:
    """What is wrong with kind, mechanism and amount."""
    if fault.kind not in KINDS:
        yield "kind", fault.kind, f"one of {', '.join(KINDS)}"
        return
    if fault.mechanism not in MECHANISMS:
        yield "mechanism", fault.mechanism, f"one of {', '.join(MECHANISMS)}"
        return
    if fault.kind not in _KINDS_OF[fault.mechanism]:
        fitting = ", ".join(_KINDS_OF[fault.mechanism])
        yield "kind", fault.kind, f"one of {fitting} with mechanism {fault.mechanism!r}"
    if fault.amount is None:
        return
    if fault.kind not in _AMOUNTS:
        yield "amount", fault.amount, f"none for kind {fault.kind!r}"
        return
    low, high = _AMOUNTS[fault.kind]
    if not low <= fault.amount <= high:  # also where it is not a number
        yield "amount", fault.amount, f"{low:g} to {high:g} for kind {fault.kind!r}"
    elif fault.kind == "factor" and fault.amount == 1.0:
        yield "amount", fault.amount, "below 1, as 1 changes nothing"
    elif fault.mechanism == "crystals" and not _whole(fault.amount * CRYSTALS):
        yield "amount", fault.amount, "a multiple of 0.04 (crystals) or 0.2 (strips of five)"
    elif fault.mechanism == "readouts" and fault.kind == "drift" and fault.amount > 0.0:
        yield "amount", fault.amount, "-1 to 0 with mechanism 'readouts', which can only be lost"


def _whole(number: float) -> bool:
    return math.isclose(number, round(number), abs_tol=1e-6)


def _wrong_times(fault: Fault) -> Iterator[_Wrong]:
    """What is wrong with when the fault is there, and with its seed."""
    if not 1 <= fault.onset <= LATEST:
        yield "onset", fault.onset, f"a lumisection, 1 to {LATEST:,}"
    if fault.end is not None and not fault.onset < fault.end <= 2 * LATEST:
        yield "end", fault.end, f"a lumisection after the onset, {fault.onset}"
    if not 0.0 <= fault.within < 1.0:
        yield "within_lumisection", fault.within, "a share from 0 to below 1"
    if not 0 <= fault.ramp <= LATEST:
        yield "ramp", fault.ramp, "a number of lumisections, 0 or more"
    if not 0.0 < fault.duty <= 1.0:
        yield "duty", fault.duty, "a share above 0, at most 1"
    if not 0 <= fault.period <= LATEST:
        yield "period", fault.period, "a number of lumisections, 0 or more"
    if fault.seed < 0:
        yield "seed", fault.seed, "0 or more"


def _wrong_place(fault: Fault, view: View | None) -> Iterator[_Wrong]:
    """What cannot be on these cells, or on this view: selective readout and triggers are ECAL's."""
    if fault.kind == "scrambled" and _alone(fault, view):
        yield "kind", fault.kind, "two cells or more, as one alone has none to exchange counts with"
    if view is None or view.name in ECAL:
        return
    if fault.mechanism in _ONLY_ECAL:
        yield "mechanism", fault.mechanism, f"channels or high-voltage on {view.name}, which is not ECAL"
    if fault.kind in _ONLY_ECAL:
        yield "kind", fault.kind, f"another on {view.name}, which is not ECAL"


def _alone(fault: Fault, view: View | None) -> bool:
    """Whether this is a single cell, as far as that is known without a view."""
    if view is not None:
        return int(fault.cells(view).sum()) == 1
    if isinstance(fault.where, str) or not fault.where:
        return False
    return not isinstance(fault.where[0], tuple) or len(set(fault.where)) == 1
