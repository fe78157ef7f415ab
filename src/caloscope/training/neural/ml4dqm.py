"""How the notebooks of HCALDQM/ML4DQM (2018) trained their networks, and how those judge.

Batches of 32 are Keras' default of that time, 0.002 its step of Nadam. Assumed are the optimizers of `boxes`
and `thin`, epochs, and a stop where the held-out loss has not fallen for 15 of them.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from caloscope.training.neural.careful import careful
from caloscope.training.neural.ml4dqm_networks import AUTOENCODERS, network, parameters

Images: TypeAlias = NDArray[np.float32]
Told: TypeAlias = Callable[[int, float, float], None]
"""Told of epochs, and the losses of images that are learned from and held out."""

_PATIENCE: Final = 15
_JUDGED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is trained: epochs at most, images in a batch, and the optimizer's step."""

    optimizer: Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]
    epochs: int = 50
    batch: int = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network made of images.

    `answers` are probabilities `(image, class)`, or, of an autoencoder, the largest absolute difference
    `(image, 1)`; `worst` `(image, 2)` is where that is, iphi and ieta, and empty for others.
    """

    answers: NDArray[np.float64]
    worst: NDArray[np.int64]
    parameters: int
    epochs: int


@careful()
def judge(
    name: str,
    learn: tuple[Images, NDArray[np.int64]],
    held: tuple[Images, NDArray[np.int64]],
    judged: Sequence[Images],
    classes: int,
    *,
    seed: int,
    epochs: int | None = None,
    tell: Told | None = None,
) -> list[Answer]:
    """Train a network, take its state of the lowest loss on held-out images, and judge with that.

    Images are `(image, 1, iphi, ieta)` with their classes. An autoencoder gets the images alone.
    """
    torch.manual_seed(seed)
    module = network(name, (learn[0].shape[2], learn[0].shape[3]), classes)
    recipe = RECIPES[name]
    loss = _loss_of(name)
    lowest, since, best, number = np.inf, 0, copy.deepcopy(module.state_dict()), 0
    optimizer = recipe.optimizer(module.parameters())
    shown, kept = (_tensors(name, *each) for each in (learn, held))
    for number in range(1, (epochs or recipe.epochs) + 1):
        learned = _epoch(module, optimizer, loss, shown, recipe.batch)
        found = _held_out(module, loss, kept)
        since = 0 if found < lowest else since + 1
        if found < lowest:
            lowest, best = found, copy.deepcopy(module.state_dict())
        if tell is not None:
            tell(number, learned, found)
        if since >= _PATIENCE:
            break
    module.load_state_dict(best)
    return [_answer(name, module, each, number) for each in judged]


def _tensors(name: str, images: Images, classes: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    given = torch.from_numpy(images)
    return given, given if name in AUTOENCODERS else torch.from_numpy(classes)


def _epoch(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor],
    shown: tuple[Tensor, Tensor],
    batch: int,
) -> float:
    module.train()
    total, order = 0.0, torch.randperm(len(shown[0]))
    for part in torch.split(order, batch):
        if len(part) < 2:  # one image has no spread to be normalised by
            continue
        optimizer.zero_grad(set_to_none=True)
        found = loss(module(shown[0][part]), shown[1][part])
        found.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += float(found.detach()) * len(part)
    return total / len(order)


@torch.no_grad()
def _held_out(
    module: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], kept: tuple[Tensor, Tensor]
) -> float:
    module.eval()
    parts = zip(*(torch.split(each, _JUDGED_AT_ONCE) for each in kept), strict=True)
    return sum(float(loss(module(x), y)) * len(x) for x, y in parts) / len(kept[0])


@torch.no_grad()
def _answer(name: str, module: nn.Module, images: Images, epochs: int) -> Answer:
    module.eval()
    answers, worst = [], []
    for part in torch.split(torch.from_numpy(images), _JUDGED_AT_ONCE):
        found = module(part)
        if name in AUTOENCODERS:
            apart = (found - part).abs().flatten(1)
            highest, place = apart.max(1)
            answers.append(highest[:, np.newaxis])
            worst.append(torch.stack((place // part.shape[3], place % part.shape[3]), 1))
        else:
            answers.append(found.softmax(1))
            worst.append(torch.empty((0, 2), dtype=torch.int64))
    return Answer(torch.cat(answers).double().numpy(), torch.cat(worst).numpy(), parameters(module), epochs)


def _loss_of(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    if name in AUTOENCODERS:
        return nn.functional.mse_loss
    return _squared if name == "boxes" else nn.functional.cross_entropy


def _squared(found: Tensor, classes: Tensor) -> Tensor:
    """Weighted squared errors, 0.1 of good and 0.9 of bad; as both are the same, the weights do nothing."""
    apart = (found.softmax(1) - nn.functional.one_hot(classes, 2)) ** 2
    return (apart @ apart.new_tensor([0.1, 0.9])).sum() / len(classes)


RECIPES: Final = MappingProxyType(
    {
        "cells": Recipe(lambda all_: torch.optim.NAdam(all_, lr=2e-3), 100),
        "all": Recipe(lambda all_: torch.optim.NAdam(all_, lr=2e-3)),
        "strides": Recipe(lambda all_: torch.optim.Adam(all_, lr=5e-4)),
        "boxes": Recipe(lambda all_: torch.optim.Adam(all_, lr=1e-3)),
        "autoencoder": Recipe(lambda all_: torch.optim.Adadelta(all_, lr=1.0, rho=0.95, eps=1e-7), 60, 100),
        "thin": Recipe(lambda all_: torch.optim.RMSprop(all_, lr=1e-3, alpha=0.9, eps=1e-7), 60, 100),
    }
)
"""By network; autoencoders learn in batches of 100."""
