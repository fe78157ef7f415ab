"""Faults that break what comes before the counts of ECAL: seeds, whole readouts, crystals.

They act on blocks and single digis apart, so that what is read together is lost together:

- *trigger*: towers seed fewer blocks, or none; the towers around lose what those would have brought.
- *high-voltage*: towers seed fewer blocks and have fewer single digis, as after a loss of gain.
- *readouts*: events of the towers are lost as a whole, the same ones in all of them.
- *crystals*: some crystals of each tower are lost for good; a readout of 25 is left with round(25 x share).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.faults.active import Active
from caloscope.faults.effect import kept
from caloscope.records import Mask
from caloscope.simulate.ecal.blocks import Blocks, Numbers

_ORDER: Final = ("trigger", "high-voltage", "readouts", "crystals")
_KINDS: Final = frozenset({"dead", "factor", "drift"})


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Blocks `(footprints, y, x)` and single digis `(y, x)`: drawn, or their means."""

    blocks: Numbers
    singles: Numbers


def apart(faults: Sequence[Active]) -> tuple[list[Active], list[Active]]:
    """The faults that act on the parts, in the order in which those are read, and the others."""
    early = [one for one in faults if one.fault.mechanism in _ORDER and one.fault.kind in _KINDS]
    late = [one for one in faults if one not in early]
    return sorted(early, key=lambda one: _ORDER.index(one.fault.mechanism)), late


def expected_digis(blocks: Blocks, mean: Parts, faults: Sequence[Active]) -> Array:
    """Mean digis of each tower, `(y, x)`, where these faults act on parts with this mean."""
    broken = _Broken(blocks, mean, mean)
    for active in faults:
        broken.act(active, None)
    return np.asarray(broken.digis(), dtype=np.float64)


def drawn_digis(
    blocks: Blocks, mean: Parts, drawn: Parts, faults: Sequence[Active], stream: Sequence[int]
) -> Numbers:
    """Digis of each tower, `(y, x)`; each fault has the stream `[*stream, its number]`."""
    broken = _Broken(blocks, mean, drawn)
    for active in faults:
        broken.act(active, np.random.default_rng([*stream, active.number]))
    return broken.digis()


@dataclass(slots=True)
class _Layer:
    """Towers that have been through the same losses of readouts, and the blocks that are left for them."""

    towers: Mask
    mean: Numbers
    drawn: Numbers


class _Broken:
    """Parts in which faults are at work; without a random stream only their means."""

    def __init__(self, blocks: Blocks, mean: Parts, drawn: Parts) -> None:
        self._blocks = blocks
        self._layers = [_Layer(blocks.view.exists, mean.blocks, drawn.blocks)]
        self._mean, self._drawn = mean.singles, drawn.singles
        self._left = np.ones(blocks.view.shape)

    def act(self, active: Active, rng: np.random.Generator | None) -> None:
        """Let one fault act."""
        cells, gain = active.cells & self._blocks.view.exists, kept(active)
        mechanism = active.fault.mechanism
        if mechanism in ("trigger", "high-voltage"):
            for layer in self._layers:
                layer.mean, layer.drawn = _scaled(layer.mean, layer.drawn, cells, gain, rng)
        if mechanism == "readouts":
            gain = min(gain, 1.0)
            self._lose_readouts(cells, gain, rng)
        if mechanism in ("high-voltage", "readouts"):
            self._mean, self._drawn = _scaled(self._mean, self._drawn, cells, gain, rng)
        if mechanism == "crystals":
            self._lose_crystals(cells, min(gain, 1.0), rng)

    def digis(self) -> Numbers:
        """Digis of each tower."""
        left = None if (self._left == 1.0).all() else self._left
        total = self._drawn.copy()
        for layer in self._layers:
            read = self._blocks.digis(layer.drawn, left)
            total[layer.towers] += read[layer.towers]
        return total

    def _lose_readouts(self, cells: Mask, keep: float, rng: np.random.Generator | None) -> None:
        """Of the blocks around, those of some events reach these towers no more; others they reach still."""
        for layer in list(self._layers):
            both = layer.towers & cells
            if both.any():
                every = self._blocks.view.exists
                self._layers.append(_Layer(both, *_scaled(layer.mean, layer.drawn, every, keep, rng)))
                layer.towers = layer.towers & ~cells

    def _lose_crystals(self, cells: Mask, keep: float, rng: np.random.Generator | None) -> None:
        live = np.maximum(self._blocks.live[cells], 1)
        before = np.rint(live * self._left[cells])
        self._left[cells] *= keep
        after = np.rint(live * self._left[cells])
        share = np.divide(after, before, out=np.zeros_like(after), where=before > 0.0)
        self._mean, self._drawn = _scaled(self._mean, self._drawn, cells, share, rng)


def _scaled(
    mean: Numbers, drawn: Numbers, where: Mask, gain: float | Array, rng: np.random.Generator | None
) -> tuple[Numbers, Numbers]:
    """Mean and numbers with `gain` times as many at some towers: fewer by chance, or more of them."""
    mean_after = mean.astype(np.float64)
    mean_after[..., where] *= gain
    if rng is None:
        return mean_after, mean_after
    after, now = drawn.copy(), drawn[..., where]
    if np.max(gain, initial=0.0) <= 1.0:
        after[..., where] = rng.binomial(now.astype(np.int64), gain)
    else:
        after[..., where] = now + rng.poisson((mean_after - mean)[..., where])
    return mean_after, after
