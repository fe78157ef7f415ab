"""The blind-spot network, and what it learns: each cell's count from its surroundings."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.network.blind_spot import LOGARITHM
from caloscope.detectors.network.residuals import CLIPPED
from caloscope.geometry import View
from caloscope.records import Floats, Mask
from caloscope.training.neural.constant import Constant
from caloscope.training.neural.layers import Circular, active, around, silent
from caloscope.training.neural.losses import HIGHEST_PROBABILITY, LOWEST_RATIO, likelihood
from caloscope.training.neural.problem import Arrays, Rows, Tensors
from caloscope.training.prepared import Prepared

REACH = 3
"""Bins on each side that a cell's surroundings go: beyond, residuals of ECAL's towers know nothing of it."""

WIDTH, WIDTH_IN_DEPTH = 48, 12
"""Channels on a view without depths, and for each depth."""

LEFT_OUT = 0.03
"""Share of the cells that are hidden in training, at most, so that masked ones are no surprise."""


class BlindConv(nn.Module):
    """A convolution of residuals and masks without the cell that it is for.

    Input `(batch, 2 x depths, y, x)`: residuals of all depths, then which cells take part. Output
    `(batch, depths x width, y, x)`. In another depth the same bin is seen: it is another cell.
    """

    def __init__(self, depths: int, width: int, circular: Circular) -> None:
        super().__init__()
        self.circular = circular
        zeros = (0 if circular[0] else REACH, 0 if circular[1] else REACH)
        self.conv = nn.Conv2d(2 * depths, depths * width, 2 * REACH + 1, padding=zeros)
        seen = torch.ones_like(self.conv.weight)
        for depth in range(depths):
            own = slice(depth * width, (depth + 1) * width)
            seen[own, [depth, depths + depth], REACH, REACH] = 0.0
        self.seen: Tensor
        self.register_buffer("seen", seen)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        weight, bias = self.conv.weight * self.seen, self.conv.bias
        padding = self.conv.padding
        return nn.functional.conv2d(around(x, REACH, self.circular), weight, bias, padding=padding)


class Surroundings(nn.Module):
    """From residuals, masks and hardware sums `(batch, 3 x depths, y, x)` to `(batch, 2 x depths, y, x)`.

    The answer: the residual that is expected of each cell, and the logarithm of the share of its variance
    that is left. After the first layer every depth goes its own way, bin by bin, with the sum over the other
    cells of its hardware beside it, so that no cell's own residual reaches it.
    """

    def __init__(self, depths: int, circular: Circular) -> None:
        super().__init__()
        self.depths = depths
        self.width = WIDTH if depths == 1 else WIDTH_IN_DEPTH
        self.first = BlindConv(depths, self.width, circular)
        wide = depths * self.width
        self.second = nn.Conv2d(wide + depths, wide, 1, groups=depths)
        self.third = nn.Conv2d(wide, wide, 1, groups=depths)
        self.last = nn.Conv2d(wide, 2 * depths, 1, groups=depths)
        silent(self.last)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        cells, hardware = x[:, : 2 * self.depths], x[:, 2 * self.depths :]
        found = torch.unflatten(active(self.first(cells)), 1, (self.depths, self.width))
        beside = torch.cat([found, hardware[:, :, None]], dim=2).flatten(1, 2)
        answer = self.last(active(self.third(active(self.second(beside)))))
        # Of each depth come the residual and the logarithm; asked for are all residuals, then the others.
        return torch.unflatten(answer, 1, (self.depths, 2)).transpose(1, 2).flatten(1, 2)


@dataclass(eq=False)
class Blind:
    """The blind-spot network's problem. Rows hold `residual`, `counts`, `mean` of living cells and `events`.

    `hardware` is the number of each living cell's smallest region, -1 for none; `dispersion` `(cell,)`.
    """

    on: View
    noise: Noise
    prepared: Prepared
    alive: Mask
    dispersion: Array
    hardware: NDArray[np.int64]
    learn: Rows
    held: Rows

    def __post_init__(self) -> None:
        """Keeps at hand what every step needs."""
        self._constant = Constant(np.flatnonzero(self.alive), self.dispersion)

    def module(self) -> nn.Module:
        """The network, new."""
        # Around a circle that is as short as the reach, a cell would come upon itself.
        y, x = (axis.circular and axis.bins > REACH for axis in (self.on.y, self.on.x))
        return Surroundings(len(self.on.depths) or 1, (y, x))

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:
        """Surroundings with some cells hidden, and what the counts were."""
        found = self.prepared.rows(rows)
        residual = found.pop("residual")
        agree = rng.random(residual.shape, np.float32) >= rng.uniform(0.0, LEFT_OUT, (len(rows), 1))
        return {"input": self.inputs(residual, agree), **found}

    def inputs(self, residual: Floats, agree: Mask) -> Floats:
        """The network's input of residuals and masks `(batch, cell)`."""
        seen = np.where(agree, np.clip(residual, -CLIPPED, CLIPPED), np.float32(0.0))
        others = batch_of_others(seen, agree.astype(np.float32), self.hardware)
        made = np.zeros((len(seen), 3, *self.alive.shape), np.float32)
        for place, values in enumerate((seen, agree, others)):
            made[:, place][:, self.alive] = values
        return made.reshape(len(seen), -1, *self.alive.shape[-2:])

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        """Minus the log-likelihood of the counts of every cell, given its surroundings."""
        answer = module(batch["input"].contiguous(memory_format=torch.channels_last))
        lives, dispersion = self._constant.on(answer.device)
        found, logarithm = (
            each.flatten(1).index_select(1, lives) for each in answer.unflatten(1, (2, -1)).unbind(1)
        )
        counts, mean, events = batch["counts"], batch["mean"], batch["events"]
        if self.noise == "binomial":
            spread = 1.0 + (events - 1.0).clamp_min(0.0) * dispersion
            width = (mean * (1.0 - mean / events).clamp_min(1e-6) * spread).sqrt()
            moved = torch.minimum((mean + found * width).clamp_min(1e-6), events * HIGHEST_PROBABILITY)
            left = dispersion
        else:
            moved = torch.maximum(mean + found * (dispersion * mean).sqrt(), LOWEST_RATIO * mean)
            left = dispersion * logarithm.clamp(*LOGARITHM).exp()
        made = likelihood(counts, moved, events, left, self.noise)
        return (made - likelihood(counts, mean, events, dispersion, self.noise)).mean()


def batch_of_others(seen: Floats, part: Floats, hardware: NDArray[np.int64]) -> Floats:
    """`blind_spot.others_of` of many rows at once, `(batch, cell)`."""
    rows, places = len(seen), int(hardware.max(initial=-1)) + 2
    number = (hardware + 1) + places * np.arange(rows)[:, np.newaxis]
    flat = number.ravel()
    total, count = (
        np.bincount(flat, weights=each.ravel(), minlength=rows * places)[number] - each
        for each in (seen, part)
    )
    others = np.where(hardware >= 0, total / np.sqrt(np.maximum(count, 1.0)), 0.0)
    return others.astype(np.float32)
