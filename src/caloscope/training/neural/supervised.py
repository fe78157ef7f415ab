"""The networks that are shown faults: a U-Net for cells, a convolutional classifier for whole maps."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from caloscope.training.neural.autoencoders import halved
from caloscope.training.neural.layers import Circular, Conv, active, enlarged, silent

KINDS = 3
"""Good, too low, too high."""


class Pair(nn.Module):
    """Two convolutions, each rectified."""

    def __init__(self, inputs: int, outputs: int, circular: Circular) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, circular)
        self.second = Conv(outputs, outputs, circular)

    def forward(self, x: Tensor) -> Tensor:
        """From `(batch, inputs, y, x)` to `(batch, outputs, y, x)`."""
        return active(self.second(active(self.first(x))))


class UNetwork(nn.Module):
    """From `(batch, inputs, y, x)` to logits `(batch, outputs, y, x)`, through coarser planes and back."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        plane: tuple[int, int],
        circular: Circular,
        channels: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.planes = [plane]
        for _ in channels[1:]:
            self.planes.append(halved(self.planes[-1]))
        self.inward = Pair(inputs, channels[0], circular)
        steps = list(pairwise(channels))
        self.smaller = nn.ModuleList(Conv(few, many, circular, stride=2) for few, many in steps)
        self.down = nn.ModuleList(Pair(many, many, circular) for _, many in steps)
        self.up = nn.ModuleList(Pair(few + many, few, circular) for few, many in steps[::-1])
        # The last layer sees the input itself, too: one cell far off is a fault already.
        self.outward = nn.Conv2d(channels[0] + inputs, outputs, 1)
        silent(self.outward)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        seen, passed = x, [self.inward(x)]
        for smaller, pair in zip(self.smaller, self.down, strict=True):
            passed.append(pair(active(smaller(passed[-1]))))
        x = passed.pop()
        for place, pair in enumerate(self.up):
            x = pair(torch.cat([enlarged(x, self.planes[-2 - place]), passed.pop()], dim=1))
        logits: Tensor = self.outward(torch.cat([x, seen], dim=1))
        return logits


class Classifier(nn.Module):
    """From `(batch, inputs, y, x)` to logits `(batch, 3)` of good, low and high.

    Strided convolutions, then the mean and the maximum over the plane: one cell far off, or many a little.
    """

    def __init__(self, inputs: int, circular: Circular, channels: tuple[int, ...]) -> None:
        super().__init__()
        sizes = [inputs, *channels]
        self.layers = nn.Sequential()
        for few, many in pairwise(sizes):
            self.layers.append(Conv(few, many, circular, stride=2))
            self.layers.append(nn.LeakyReLU())
        self.hidden = nn.Linear(2 * channels[-1], channels[-1])
        self.outward = nn.Linear(channels[-1], KINDS)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.layers(x)
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.outward(active(self.hidden(pooled)))
        return logits
