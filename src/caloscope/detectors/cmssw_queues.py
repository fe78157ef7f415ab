"""The queues of CMSSW's chain: the last lumisections, which are summed, and the last losses.

A map is `(y, x)`, and in every queue the newest is last.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Memory, Observation
from caloscope.detectors.cmssw_setup import Parameters
from caloscope.errors import BundleError

Queues: TypeAlias = dict[str, NDArray[np.generic]]
"""`maps`, `events`, `held` of what is summed; `losses`, `losses_held`; `companion_maps` where these pad."""


def recall(wanted: Parameters, shape: tuple[int, ...], memory: Memory) -> Queues:
    """The queues as they were left; empty ones at the start. Raises `BundleError` for those of another."""
    queues: Queues = {
        "maps": np.zeros((wanted.n_ls, *shape), dtype=np.float32),
        "events": np.zeros(wanted.n_ls, dtype=np.int64),
        "held": np.array(0, dtype=np.int64),
        "losses": np.zeros((wanted.n_loss, *shape), dtype=np.float32),
        "losses_held": np.array(0, dtype=np.int64),
    }
    if wanted.padding_fault:
        queues["companion_maps"] = queues["maps"]
    for name, empty in queues.items() if memory else ():
        if name not in memory or memory[name].shape != empty.shape:
            raise BundleError(f"cmssw-ml: found a saved state without {name} {empty.shape}, expected it")
    return queues | dict(memory)


def with_record(queues: Queues, observation: Observation, events: int, wanted: Parameters) -> Queues:
    """The queues with one more record in those that are summed."""
    span = observation.span
    held = min(int(queues["held"]) + span, wanted.n_ls)
    queues = queues | {
        "maps": _push(queues["maps"], observation.counts, span),
        "events": _push(queues["events"], np.array(events), span),
        "held": np.array(held, dtype=np.int64),
    }
    for name in wanted.companions:
        queues["companion_maps"] = _push(queues["companion_maps"], observation.companions[name], span)
    return queues


def with_loss(queues: Queues, loss: NDArray[Any]) -> Queues:
    """The queues with one more loss map."""
    losses = _push(queues["losses"], loss)
    held = min(int(queues["losses_held"]) + 1, len(losses))
    return queues | {"losses": losses, "losses_held": np.array(held, dtype=np.int64)}


def product(losses: NDArray[np.generic]) -> Array:
    """The product of the loss maps, oldest first, in float32; what overflows is the largest number."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.prod(losses.astype(np.float32), axis=0, dtype=np.float32)
    worst = np.float64(np.finfo(np.float32).max)
    return np.where(np.isfinite(found), found, worst).astype(np.float64)


def _push(queue: NDArray[np.generic], newest: NDArray[Any], places: int = 1) -> NDArray[np.generic]:
    """A new queue of the same length and type without the oldest; all new places but the last are empty."""
    new = np.zeros((min(places, len(queue)), *queue.shape[1:]), dtype=queue.dtype)
    new[-1] = newest
    return np.concatenate([queue[len(new) :], new])
