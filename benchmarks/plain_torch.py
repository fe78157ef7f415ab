"""A ResNet autoencoder as a notebook writes it: torch's own layers, nothing in place; the same answers."""

import copy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from caloscope.training.neural.autoencoders import ResNet
from caloscope.training.neural.layers import SLOPE, Conv, Residual, enlarged
from caloscope.training.neural.picture import Pictured


class PlainConv(nn.Module):
    """A convolution behind `functional.pad`."""

    def __init__(self, given: Conv) -> None:
        super().__init__()
        self.conv, reach = given.conv, given.reach
        self.pads = [reach * on for on in (given.circular[1], given.circular[1], *2 * [given.circular[0]])]

    def forward(self, x: Tensor) -> Tensor:
        """See `Conv`."""
        return torch.as_tensor(
            self.conv(functional.pad(x, self.pads, mode="circular") if any(self.pads) else x)
        )


class PlainResidual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, given: Residual) -> None:
        super().__init__()
        self.first, self.second, self.shortcut = (
            PlainConv(given.first),
            PlainConv(given.second),
            given.shortcut,
        )

    def forward(self, x: Tensor) -> Tensor:
        """See `Residual`."""
        made = self.second(functional.leaky_relu(self.first(x), SLOPE))
        return functional.leaky_relu(made + self.shortcut(x), SLOPE)


class PlainResNet(nn.Module):
    """ECAL's autoencoder."""

    def __init__(self, given: ResNet) -> None:
        super().__init__()
        self.planes = given.planes
        self.first = PlainConv(given.first)
        self.stages = _residuals(given.stages)
        self.pool, self.latent, self.spread = given.pool, given.latent, given.spread
        self.back = nn.ModuleList(_residuals(part) for part in given.back.children())
        self.up = nn.ModuleList(PlainConv(cast("Conv", each)) for each in given.up.children())

    def forward(self, x: Tensor) -> Tensor:
        """See `ResNet`."""
        x = self.stages(functional.leaky_relu(self.first(x), SLOPE))
        x = self.spread(self.latent(self.pool(x).flatten(1))).unflatten(1, (-1, *self.planes[-1]))
        for place, (blocks, layer) in enumerate(zip(self.back, self.up, strict=True)):
            x = layer(enlarged(blocks(x), self.planes[-2 - place]))
            x = x if place == len(self.up) - 1 else functional.leaky_relu(x, SLOPE)
        return x


def _residuals(given: nn.Module) -> nn.Sequential:
    return nn.Sequential(*(PlainResidual(cast("Residual", each)) for each in given.children()))


def plain(module: nn.Module, shown: Tensor) -> nn.Module:
    """The same network in plain layers; it answers the same to the pictures `shown`."""
    assert isinstance(module, Pictured)
    assert isinstance(module.inner, ResNet)
    made = copy.deepcopy(module)
    made.inner = PlainResNet(cast("ResNet", made.inner))
    with torch.no_grad():
        torch.testing.assert_close(made(shown), module(shown))
    return made
