"""The autoencoders of prior work; each takes and gives `(batch, depth or 1, y, x)`.

What they see is how much each bin shows above or below the usual (or the raw picture); `picture.Pictured`
makes pictures of it.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from caloscope.records import Mask
from caloscope.training.neural.layers import Circular, Conv, Residual, active, awake, enlarged, faint, silent

BLOCKS = 3
"""Residual blocks in each stage, as in ECAL's networks."""

HIDDEN = 256
"""Width of the dense network's hidden layers."""

POOLED = 2
"""Weighted sums over the plane of each channel, from which latent numbers are made."""

QUARTERS = 4


def halved(plane: tuple[int, int]) -> tuple[int, int]:
    """The size of a plane after a stride of two."""
    return -(-plane[0] // 2), -(-plane[1] // 2)


class Dense(nn.Module):
    """All cells that exist to a few numbers and back, without knowing which are neighbours."""

    def __init__(self, exists: Mask, latent: int) -> None:
        super().__init__()
        self.places: Tensor
        self.register_buffer("places", torch.from_numpy(exists.ravel().nonzero()[0]))
        cells = int(exists.sum())
        self.encode = nn.Sequential(nn.Linear(cells, HIDDEN), nn.LeakyReLU(), nn.Linear(HIDDEN, latent))
        self.decode = nn.Sequential(nn.Linear(latent, HIDDEN), nn.LeakyReLU(), nn.Linear(HIDDEN, cells))
        silent(self.decode[-1])

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        flat = x.flatten(1)
        found = self.decode(self.encode(flat.index_select(1, self.places)))
        return torch.zeros_like(flat).index_copy(1, self.places, found).reshape(x.shape)


class Convolutional(nn.Module):
    """Strided convolutions to a small picture and back: the CAE of HCAL's notebooks, with a narrow middle."""

    def __init__(
        self, depths: int, plane: tuple[int, int], circular: Circular, channels: Sequence[int], latent: int
    ) -> None:
        super().__init__()
        self.planes = [plane]
        sizes = [depths, *channels]
        self.down = nn.ModuleList()
        for inputs, outputs in pairwise(sizes):
            self.down.append(Conv(inputs, outputs, circular, stride=2))
            self.planes.append(halved(self.planes[-1]))
        bins = self.planes[-1][0] * self.planes[-1][1]
        narrow = max(1, round(latent / bins))
        self.middle = nn.Sequential(nn.Conv2d(sizes[-1], narrow, 1), nn.Conv2d(narrow, sizes[-1], 1))
        outward = sizes[::-1]
        self.up = nn.ModuleList(Conv(inputs, outputs, circular) for inputs, outputs in pairwise(outward))
        silent(self.up[-1].conv)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        for layer in self.down:
            x = active(layer(x))
        x = active(self.middle(x))
        for place, layer in enumerate(self.up):
            x = layer(enlarged(x, self.planes[-2 - place]))
            x = x if place == len(self.up) - 1 else active(x)
        return x


class ResNet(nn.Module):
    """ECAL's autoencoder: residual stages, the whole plane pooled into latent numbers, and back.

    Pooling is a weighted sum over the plane, two for each channel. ECAL's networks take the maximum: where
    convolutions go around in phi that would make the latent numbers the same wherever in phi a thing is.
    """

    def __init__(
        self, depths: int, plane: tuple[int, int], circular: Circular, channels: Sequence[int], latent: int
    ) -> None:
        super().__init__()
        self.planes = [plane, halved(plane)]
        self.first = Conv(depths, channels[0], circular, stride=2)
        stages, back = [], []
        for inputs, outputs in zip(channels, [*channels[1:], None], strict=True):
            stages += [Residual(inputs, inputs, circular) for _ in range(BLOCKS)]
            if outputs is not None:
                stages.append(Residual(inputs, outputs, circular, stride=2))
                self.planes.append(halved(self.planes[-1]))
            back.append(nn.Sequential(*(Residual(inputs, inputs, circular) for _ in range(BLOCKS))))
        self.stages = nn.Sequential(*stages)
        last, bins = channels[-1], self.planes[-1][0] * self.planes[-1][1]
        self.pool = nn.Conv2d(last, POOLED * last, self.planes[-1], groups=last)
        self.latent = nn.Linear(POOLED * last, latent)
        self.spread = nn.Linear(latent, last * bins)
        self.back = nn.ModuleList(back[::-1])
        outward = list(channels)[::-1]
        self.up = nn.ModuleList(
            Conv(inputs, outputs, circular)
            for inputs, outputs in zip(outward, [*outward[1:], depths], strict=True)
        )
        awake(self)
        faint(self.up[-1].conv)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        x = self.stages(active(self.first(x)))
        x = self.latent(self.pool(x).flatten(1))
        x = self.spread(x).unflatten(1, (-1, *self.planes[-1]))
        for place, (blocks, layer) in enumerate(zip(self.back, self.up, strict=True)):
            x = layer(enlarged(blocks(x), self.planes[-2 - place]))
            x = x if place == len(self.up) - 1 else active(x)
        return x


class Masked(nn.Module):
    """Each quarter of the bins is rebuilt from the other three, so that no bin sees itself.

    A masked autoencoder (He et al., arXiv:2111.06377) whose masks are four fixed ones that complete each
    other; all four go through the network as one batch.
    """

    def __init__(
        self, plane: tuple[int, int], depths: int, circular: Circular, channels: Sequence[int]
    ) -> None:
        super().__init__()
        y, x = torch.meshgrid(torch.arange(plane[0]), torch.arange(plane[1]), indexing="ij")
        quarter = 2 * (y % 2) + x % 2
        self.hidden: Tensor
        self.register_buffer(
            "hidden", torch.stack([(quarter == each).float() for each in range(QUARTERS)])[:, None]
        )
        width = channels[0]
        self.inward = Conv(depths + 1, width, circular, kernel=5)
        self.blocks = nn.Sequential(*(Residual(width, width, circular) for _ in range(BLOCKS)))
        self.outward = Conv(width, depths, circular, kernel=1)
        silent(self.outward.conv)

    def forward(self, x: Tensor) -> Tensor:
        """See the module."""
        hidden = self.hidden[:, None]
        shown = x[None] * (1.0 - hidden)
        mask = (1.0 - hidden).expand(-1, x.shape[0], -1, -1, -1)
        stacked = torch.cat([shown, mask], dim=2).flatten(0, 1)
        found = self.outward(self.blocks(active(self.inward(stacked))))
        return (torch.unflatten(found, 0, (QUARTERS, -1)) * hidden).sum(dim=0)
