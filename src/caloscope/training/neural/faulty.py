"""What supervised networks learn: residuals of lumisections with faults in them, and where these are."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from caloscope.detectors.network.residuals import LEAST_VARIANCE
from caloscope.detectors.network.unet import CHANNELS
from caloscope.detectors.network.windows import CLIPPED, WINDOWS
from caloscope.geometry import View
from caloscope.records import Floats, Mask
from caloscope.training.neural.constant import Constant
from caloscope.training.neural.problem import Arrays, Rows, Tensors
from caloscope.training.neural.supervised import Classifier, UNetwork
from caloscope.training.prepared import Prepared
from caloscope.training.spoiled import Spoiler

HEAVIEST = 30.0
"""The most that a single faulty cell counts for."""

PARTS = len(WINDOWS)
"""Parts of the last lumisections that windows are sums of: the newest, those before, those before them."""


@dataclass(eq=False)
class Segmented:
    """The U-Net's problem. Rows hold `counts`, `mean` and `variance` of living cells, and `events`.

    They ascend in (run, lumi). Half of the examples are faulty, for the newest lumisection alone, for as long
    as the second window, or for all that is seen.
    """

    on: View
    prepared: Prepared
    alive: Mask
    spoiler: Spoiler
    channels: tuple[int, ...]
    learn: Rows
    held: Rows

    def __post_init__(self) -> None:
        """Finds the first row of each run."""
        run = self.prepared.run
        self._first = np.searchsorted(run, run)
        self._lives = Constant(np.flatnonzero(self.alive))
        self._living = np.flatnonzero(self.alive[self.on.exists])

    def module(self) -> nn.Module:
        """The network, new."""
        depths = len(self.on.depths) or 1
        plane, circular = (self.on.y.bins, self.on.x.bins), (self.on.y.circular, self.on.x.circular)
        return UNetwork(CHANNELS * depths, 2 * depths, plane, circular, self.channels)

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:
        """Windows with faults in them, `(batch, 4 x depths, y, x)`, and which cells are low and high."""
        sums = self._parts(rows)
        counts, low, high = spoil(self, sums, rng)
        off = np.cumsum((counts - sums["mean"]).reshape(len(rows), PARTS, -1), axis=1)
        spread = np.cumsum(sums["variance"].reshape(len(rows), PARTS, -1), axis=1)
        seen = np.clip(off / np.sqrt(np.maximum(spread, LEAST_VARIANCE)), -CLIPPED, CLIPPED)
        made = np.zeros((len(rows), CHANNELS, *self.alive.shape), np.float32)
        made[:, :PARTS, self.alive] = seen
        made[:, PARTS, self.alive] = 1.0
        truth = np.stack([low, high], axis=1).astype(np.float32)
        return {"input": made.reshape(len(rows), -1, *self.alive.shape[-2:]), "truth": truth}

    def _parts(self, rows: Rows) -> dict[str, Floats]:
        """Sums over the parts of each row's past, `(batch x part, cell)`, and events `(batch x part,)`."""
        edges = (0, *WINDOWS)
        found: dict[str, list[Floats]] = {}
        for newest, oldest in pairwise(edges):
            total: dict[str, Floats] = {}
            for back in range(newest, oldest):
                at = rows - back
                there = (at >= self._first[rows]).astype(np.float32)[:, np.newaxis]
                for name, values in self.prepared.rows(np.maximum(at, 0)).items():
                    total[name] = total.get(name, np.float32(0.0)) + values * there
            for name, values in total.items():
                found.setdefault(name, []).append(values)
        joined = {name: np.stack(parts, axis=1) for name, parts in found.items()}
        return {name: values.reshape(-1, values.shape[-1]) for name, values in joined.items()}

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        """The mean cross-entropy over living cells and both directions, in nats; see `weights`."""
        answer = module(batch["input"].contiguous(memory_format=torch.channels_last))
        (lives,) = self._lives.on(answer.device)
        logits = answer.unflatten(1, (2, -1)).flatten(2).index_select(2, lives)
        truth = batch["truth"]
        return functional.binary_cross_entropy_with_logits(logits, truth, weight=weights(truth))

    def whole(self, values: Floats) -> Floats:
        """Values of living cells `(n, cell)` as those of all cells that exist, 0 in the others."""
        found = np.zeros((len(values), int(self.on.exists.sum())), np.float32)
        found[:, self._living] = values
        return found

    def living(self, values: NDArray[Any]) -> NDArray[Any]:
        """The living ones among values of all cells that exist."""
        return values[:, self._living]


def weights(truth: Tensor) -> Tensor:
    """What each cell counts for in the loss, from the truth `(batch, 2, cell)`.

    Faulty cells count more the fewer there are, as the root of their number says: otherwise a quadrant would
    teach eighty times as much as a single cell, and single cells would never be learned.
    """
    faulty = truth.sum(dim=2, keepdim=True).clamp_min(1.0)
    return 1.0 + truth * ((truth.shape[2] / faulty).sqrt() - 1.0).clamp(0.0, HEAVIEST)


def spoil(
    problem: Segmented, sums: dict[str, Floats], rng: np.random.Generator
) -> tuple[Floats, NDArray[Any], NDArray[Any]]:
    """Counts with faults in them `(batch x part, cell)`, and which are low and high `(batch, cell)`."""
    counts, mean = sums["counts"], sums["mean"]
    events = np.maximum(sums["events"][:, 0], 1.0)
    found = problem.spoiler.batch(problem.whole(counts), problem.whole(mean), events, rng, lumis=PARTS)
    # A fault began with the newest lumisection, with the second part or before all that is seen.
    since = rng.integers(PARTS, size=(len(counts) // PARTS, 1))
    on = (np.arange(PARTS) <= since).reshape(-1, 1)
    spoiled = np.where(on, problem.living(found.counts), counts).astype(np.float32)
    return spoiled, problem.living(found.low)[::PARTS], problem.living(found.high)[::PARTS]


@dataclass(eq=False)
class Classified(Segmented):
    """The classifier's problem: one lumisection, and whether the whole map is good, low or high."""

    def module(self) -> nn.Module:
        """The network, new."""
        depths = len(self.on.depths) or 1
        return Classifier(2 * depths, (self.on.y.circular, self.on.x.circular), self.channels)

    def batch(self, rows: Rows, rng: np.random.Generator) -> Arrays:
        """Residuals with faults in them, `(batch, 2 x depths, y, x)`, and what the maps are."""
        found = self.prepared.rows(rows)
        mean, events = found["mean"], np.maximum(found["events"][:, 0], 1.0)
        spoiled = self.spoiler.batch(self.whole(found["counts"]), self.whole(mean), events, rng)
        counts = self.living(spoiled.counts)
        seen = (counts - mean) / np.sqrt(np.maximum(found["variance"], LEAST_VARIANCE))
        made = np.zeros((len(rows), 2, *self.alive.shape), np.float32)
        made[:, 0, self.alive] = np.clip(seen, -CLIPPED, CLIPPED)
        made[:, 1, self.alive] = 1.0
        kinds = np.eye(3, dtype=np.float32)[spoiled.kind]
        return {"input": made.reshape(len(rows), -1, *self.alive.shape[-2:]), "truth": kinds}

    def loss(self, module: nn.Module, batch: Tensors) -> Tensor:
        """The mean cross-entropy over maps, in nats."""
        logits = module(batch["input"].contiguous(memory_format=torch.channels_last))
        return functional.cross_entropy(logits, batch["truth"])
