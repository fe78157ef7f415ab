"""What autoencoders learn: pictures of good lumisections, and how likely counts are given what is rebuilt."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.network.pictures import BRIGHTEST
from caloscope.geometry import View
from caloscope.records import Floats, Mask
from caloscope.training.neural.constant import Constant
from caloscope.training.neural.losses import likelihood, mean_counts, poisson
from caloscope.training.neural.picture import autoencoder
from caloscope.training.neural.problem import Arrays, Rows, Tensors
from caloscope.training.prepared import Prepared
from caloscope.training.recipe import Recipe


@dataclass(eq=False)
class Rebuild:
    """An autoencoder's problem. Rows hold `ratio`, `counts`, `usual` of living cells, and `events`.

    `ratio` is the activity over the usual one, `usual` the mean counts without a network. `average` is the
    usual picture and `dispersion` that of the counts, both in the view's shape.
    """

    recipe: Recipe
    on: View
    noise: Noise
    prepared: Prepared
    alive: Mask
    average: Array
    dispersion: Array
    learn: Rows
    held: Rows

    def __post_init__(self) -> None:
        """Keeps at hand what every step needs."""
        self._average = self.average[self.alive].astype(np.float32)
        lives = np.flatnonzero(self.alive)
        self._constant = Constant(lives, self._average, self.dispersion[self.alive])

    def module(self) -> nn.Module:
        """The network, new."""
        return autoencoder(self.recipe, self.on, self.average)

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:  # noqa: ARG002 - nothing is random here
        """Pictures `(batch, depth or 1, y, x)`, and what the counts were."""
        found = self.prepared.rows(rows)
        return {"picture": self.pictures(found.pop("ratio")), **found}

    def pictures(self, ratio: Floats) -> Floats:
        """Pictures from ratios `(batch, cell)`."""
        made = np.zeros((len(ratio), *self.alive.shape), np.float32)
        made[:, self.alive] = self._average * np.clip(ratio, 0.0, BRIGHTEST)
        return made if made.ndim == 4 else made[:, np.newaxis]

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        """The loss that the recipe names."""
        picture = batch["picture"].contiguous(memory_format=torch.channels_last)
        made = module(picture)
        if self.recipe.loss == "mse":
            return torch.nn.functional.mse_loss(made, picture)
        lives, average, dispersion = self._constant.on(made.device)
        ratio = made.flatten(1).index_select(1, lives) / average
        counts, usual, events = batch["counts"], batch["usual"], batch["events"]
        mean = mean_counts(ratio, usual, events, self.noise)
        if self.recipe.loss == "poisson":
            return (poisson(counts, mean) - poisson(counts, usual)).mean()
        usual = mean_counts(torch.ones_like(ratio), usual, events, self.noise)
        made, without = (likelihood(counts, each, events, dispersion, self.noise) for each in (mean, usual))
        return (made - without).mean()
