"""Pictures around an autoencoder: what goes in and comes out are pictures as CMSSW makes them."""

import numpy as np
import torch
from torch import Tensor, nn

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.training.neural.autoencoders import Convolutional, Dense, Masked, ResNet
from caloscope.training.recipe import Recipe, usual_channels

USUAL = 0.2
"""Relative fluctuation of an ECAL tower in 500 events (run 276582: 19 %): networks like numbers near one."""


class Pictured(nn.Module):
    """An autoencoder of pictures `(batch, depth or 1, y, x)`, 0 where nothing lives.

    With `relative` the inner network sees how far each bin is from the `average` picture (the view's shape),
    relative to it, and answers with the same; else it sees the picture as it is, and answers with what has to
    be added to the average: else a network would begin with pictures that have no likelihood.
    """

    def __init__(self, inner: nn.Module, average: Array, *, relative: bool) -> None:
        super().__init__()
        self.inner, self.relative = inner, relative
        shape = average.shape if average.ndim == 3 else (1, *average.shape)
        usual = torch.from_numpy(average.reshape(1, *shape).astype(np.float32))
        self.average: Tensor
        self.inverse: Tensor
        self.lives: Tensor
        self.register_buffer("average", usual)
        self.register_buffer("lives", (usual > 0).float())
        self.register_buffer("inverse", torch.where(usual > 0, 1.0 / usual.clamp_min(1e-6), 0.0))

    def forward(self, picture: Tensor) -> Tensor:
        """The rebuilt picture."""
        if not self.relative:
            return (self.average + torch.as_tensor(self.inner(picture))) * self.lives
        seen = (picture * self.inverse - self.lives) / USUAL
        return self.average * (1.0 + USUAL * torch.as_tensor(self.inner(seen)))


def autoencoder(recipe: Recipe, on: View, average: Array) -> Pictured:
    """The network that a recipe asks for, on a view."""
    depths = len(on.depths) or 1
    plane, circular = (on.y.bins, on.x.bins), (on.y.circular, on.x.circular)
    channels = recipe.channels or usual_channels(plane)
    inner: nn.Module
    if recipe.architecture == "dense":
        inner = Dense(np.asarray(on.exists), recipe.latent)
    elif recipe.architecture == "cae":
        inner = Convolutional(depths, plane, circular, channels, recipe.latent)
    elif recipe.architecture == "masked":
        inner = Masked(plane, depths, circular, channels)
    else:
        inner = ResNet(depths, plane, circular, channels, recipe.latent)
    return Pictured(inner, average, relative=recipe.input == "ratio")
