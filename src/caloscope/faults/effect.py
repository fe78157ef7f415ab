"""What faults do to the counts of one map in one lumisection, and to what is expected there.

Faults act on finished counts, one after the other in the order given, so any counts will do: simulated or
real. `act` draws, `outcome` is exactly its mean.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.change import Added, Array, Change, Replaced, Scrambled, Thinned, exchange
from caloscope.faults.fault import Kind
from caloscope.faults.limits import ECAL, capacity, crystals, finite
from caloscope.faults.trigger import FalseSeeds, around, seeds_of
from caloscope.faults.truth import truth_of
from caloscope.geometry import View
from caloscope.geometry.readout import CRYSTALS, full_readout_share, lost_with_seeds
from caloscope.records import Counts, MapTruth, Mask

__all__ = ["act", "capacity", "change_of", "kept", "outcome", "reach", "truth"]

_HIGHEST_GROWTH: Final = np.log(1e6)


def act(
    counts: Counts,
    mean: Array,
    faults: Sequence[Active],
    view: View,
    capacity: float,
    stream: Sequence[int],
) -> Counts:
    """Counts with the faults in them; those given are not changed, nor is any cell that no fault touches.

    `counts` (uint32) and `mean`, what is expected of them without faults (float64), have the view's shape;
    `capacity` is the most that a cell can count. What is random for one fault comes from the stream of
    numbers `[*stream, its number]` and from nothing else. Raises `UsageError` for a fault that makes no sense
    on the view.
    """
    found = counts.astype(np.int64)
    now = mean
    for active in faults:
        cells, change = change_of(active, now, view, capacity)
        rng = np.random.default_rng([*stream, active.number])
        before = now[cells]
        found[cells] = change.counts(found[cells], before, rng)
        now = now.copy()
        now[cells] = change.mean(before)
    return np.minimum(found, np.iinfo(np.uint32).max).astype(np.uint32)


def outcome(mean: Array, faults: Sequence[Active], view: View, capacity: float) -> Array:
    """Mean counts with the faults, float64 in the view's shape: what `act` gives on average."""
    now = mean.astype(np.float64)
    for active in faults:
        cells, change = change_of(active, now, view, capacity)
        now[cells] = change.mean(now[cells])
    return now


def truth(mean: Array, expected: Array, faults: Sequence[Active], view: View) -> MapTruth | None:
    """What is wrong with a map, None where there is no fault.

    `expected` are the mean counts with the faults, `mean` those without, both float64 in the view's shape.
    Where several faults change a cell it is given to the one that by itself changes it most. A cell that none
    of the faults holds, but that is changed by one, carries the fault's number with a minus.
    """
    if not faults:
        return None
    if len(faults) == 1:
        return truth_of(mean, expected, [expected], faults, view)
    # Enough to compare faults: a stuck cell is taken to be stuck at the highest count there is.
    unit = CRYSTALS if view.name in ECAL else 1  # as a capacity it has to be whole
    most = float(unit * np.ceil(max(expected.max(initial=0.0), mean.max(initial=0.0)) / unit))
    alone = (outcome(mean, [active], view, most) for active in faults)
    return truth_of(mean, expected, alone, faults, view)


def change_of(active: Active, mean: Array, view: View, capacity: float) -> tuple[Mask, Change]:
    """The cells that a fault changes, its own or those around, and how; `UsageError` where it cannot be."""
    fault = active.fault
    if fault.mechanism == "trigger":
        return _trigger(active, view, capacity)
    if fault.mechanism == "high-voltage" and view.name in ECAL:
        return _high_voltage(active, view, capacity)
    cells = active.cells & view.exists
    if fault.mechanism == "readouts":
        return cells, Thinned(kept(active), full_readout_share(view)[cells], CRYSTALS)
    if fault.kind in _LIMITED:
        finite(capacity, view, fault.kind)
    return cells, _CHANGES[fault.kind](active, mean[cells], _most(view, capacity)[cells])


def reach(active: Active, view: View) -> Mask:
    """The cells that a fault can change: its own, and those around where it has to do with seeds."""
    own = active.cells & view.exists
    if active.fault.mechanism not in ("trigger", "high-voltage"):
        return own
    return own | (around(view, own) if active.fault.kind == "noisy" else lost_with_seeds(view, own) > 0.0)


def kept(active: Active) -> float:
    """The share of its counts that a dead, weak or drifting cell keeps; above 1 where it drifts upwards."""
    fault = active.fault
    if fault.kind == "drift":
        growth = np.log1p(fault.size) * active.days if fault.size > -1.0 else -np.inf
        left = float(np.exp(min(growth, _HIGHEST_GROWTH)))
    elif fault.kind in ("dead", "factor"):
        left = fault.size
    else:
        raise UsageError(f"fault of kind {fault.kind!r} has mechanism {fault.mechanism!r}, expected channels")
    return 1.0 - active.strength * (1.0 - left)


def _trigger(active: Active, view: View, capacity: float) -> tuple[Mask, Change]:
    if view.name not in ECAL:
        raise UsageError(f"{view.name}: found mechanism 'trigger', expected it on a view of ECAL only")
    seeds = active.cells & view.exists
    if active.fault.kind == "noisy":
        cells = around(view, seeds)
        events = finite(capacity, view, "noisy") // CRYSTALS
        rate = active.strength * active.fault.size
        return cells, FalseSeeds(events, rate, seeds_of(view, seeds, cells), crystals(view)[cells])
    lost = lost_with_seeds(view, seeds)
    cells = (lost > 0.0) & view.exists
    return cells, Thinned(1.0 - (1.0 - kept(active)) * lost[cells])


def _high_voltage(active: Active, view: View, capacity: float) -> tuple[Mask, Change]:
    """Fewer seeds and fewer single digis: cells keep what seeds outside read, and towers around lose some."""
    own, keep = active.cells & view.exists, kept(active)
    share = lost_with_seeds(view, own) + np.where(own, 1.0 - full_readout_share(view), 0.0)
    cells = (share > 0.0) & view.exists
    if keep <= 1.0:
        return cells, Thinned(1.0 - (1.0 - keep) * share[cells])
    return cells, Added(_most(view, capacity)[cells], gain=(keep - 1.0) * share[cells])


def _most(view: View, capacity: float) -> Array:
    """The most that each cell can count, in the view's shape: less where an ECAL cell is cut."""
    if view.name not in ECAL or not np.isfinite(capacity):
        return np.full(view.shape, capacity)
    return np.asarray(crystals(view) * (capacity / CRYSTALS), dtype=np.float64)


def _thinned(active: Active, mean: Array, most: Array) -> Change:  # noqa: ARG001 - made alike
    keep = kept(active)
    return Thinned(keep) if keep <= 1.0 else Added(most, gain=keep - 1.0)


def _hot(active: Active, mean: Array, most: Array) -> Change:  # noqa: ARG001 - made alike
    return Added(most, gain=active.strength * (active.fault.size - 1.0))


def _noisy(active: Active, mean: Array, most: Array) -> Change:  # noqa: ARG001 - made alike
    return Added(most, fill=active.strength * active.fault.size)


def _replaced(active: Active, mean: Array, most: Array) -> Change:
    """Stuck, garbage, or read in full: the last only where cells live."""
    fault = active.fault
    top = np.rint(fault.size * np.rint(active.strength * most))
    if fault.kind == "full-readout":
        top[mean <= 0.0] = 0.0
    return Replaced(most, active.strength, top.astype(np.int64), random=fault.kind == "garbage")


def _scrambled(active: Active, mean: Array, most: Array) -> Change:  # noqa: ARG001 - made alike
    return Scrambled(float(most.max(initial=0.0)), active.strength, exchange(len(most), active.fault.seed))


_CHANGES: Final[dict[Kind, Callable[[Active, Array, Array], Change]]] = {
    "dead": _thinned,
    "factor": _thinned,
    "drift": _thinned,
    "hot": _hot,
    "noisy": _noisy,
    "stuck": _replaced,
    "garbage": _replaced,
    "full-readout": _replaced,
    "scrambled": _scrambled,
}
_LIMITED: Final = frozenset({"noisy", "stuck", "garbage", "full-readout"})
"""Kinds that need to know what can be counted at most."""
