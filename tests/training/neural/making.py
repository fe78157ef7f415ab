"""A problem that is learned in a moment."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from caloscope.training.neural.problem import Arrays, Rows, Tensors

ROWS = 60


class Single(nn.Module):
    """A network of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.conv(x)
        return found


@dataclass(eq=False)
class Smooth:
    """Smooth pictures out of noisy ones. `held_losses` is what held-out rows say, epoch by epoch."""

    learn: Rows = field(default_factory=lambda: np.arange(40))
    held: Rows = field(default_factory=lambda: np.arange(40, ROWS))
    broken: float = 1.0
    held_losses: tuple[float, ...] = ()
    asked: int = 0

    def module(self) -> nn.Module:
        return Single()

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:
        plain = np.random.default_rng(7).normal(size=(ROWS, 1, 5, 6)).astype(np.float32)[rows]
        noise = rng.normal(size=plain.shape).astype(np.float32)
        return {"input": plain + 0.1 * noise, "truth": plain * self.broken}

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        if self.held_losses and not torch.is_grad_enabled():
            self.asked += 1
            return torch.tensor(self.held_losses[min(self.asked, len(self.held_losses)) - 1])
        return torch.nn.functional.mse_loss(module(batch["input"]), batch["truth"])
