"""What a network is to learn: its rows, its batches, its loss. The loop knows no more of it."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from caloscope.records import Floats

Rows: TypeAlias = NDArray[np.int64]
Arrays: TypeAlias = Mapping[str, Floats]
Tensors: TypeAlias = Mapping[str, Tensor]


class Problem(Protocol):
    """One network to be trained. It can be sent to other processes."""

    @property
    def learn(self) -> Rows:
        """Numbers of the rows that are learned from."""
        ...

    @property
    def held(self) -> Rows:
        """Those of held-out runs, which decide when to stop."""
        ...

    def module(self) -> nn.Module:
        """The network, new; its weights come from torch's random numbers."""
        ...

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:
        """What the loss needs of some rows, float32; called in a thread of its own."""
        ...

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        """The mean loss of a batch, low = better."""
        ...
