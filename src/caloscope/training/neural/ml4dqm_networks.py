"""The networks of HCALDQM/ML4DQM (2018), layer by layer.

All layers follow from the numbers of parameters that its notebooks printed; each comes to the same number.
What they do not say is Keras' default of that time: weights drawn as Glorot and Bengio's, slow batch
normalisation (0.99, 0.001), and of an odd side the last bin pooled alone. Assumed: a dropout of 0.25
everywhere.
"""

from typing import Final

import torch
from torch import nn

AUTOENCODERS: Final = ("autoencoder", "thin")
_DROPOUT: Final = 0.25


def network(name: str, shape: tuple[int, int], classes: int) -> nn.Module:
    """One of the networks for images of this shape.

    `cells` (also `all`, for all columns): 7,165 parameters for 72 x 32 in 3 classes, 20,468 for 72 x 84 in 2;
    `strides`: 3,527 in 3 classes; `boxes`: 2,372 in 2; `autoencoder`: 148,521; `thin`: 4,385, for 74 x 34.
    Raises `KeyError` for others.
    """
    made = {"cells": _cells, "all": _cells, "strides": _strides, "boxes": _boxes}
    found = _autoencoder(name) if name in AUTOENCODERS else made[name](shape, classes)
    for module in found.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return found


def parameters(module: nn.Module) -> int:
    """Numbers as Keras counts them: running means and variances, too."""
    running = (each for name, each in module.named_buffers() if "running" in name)
    return sum(each.numel() for each in (*module.parameters(), *running))


def _normal(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _sized(body: nn.Sequential, shape: tuple[int, int]) -> int:
    """Numbers that come out of layers without parameters that depend on the shape."""
    with torch.no_grad():
        return int(body.eval()(torch.zeros(1, 1, *shape)).numel())


def _cells(shape: tuple[int, int], classes: int) -> nn.Module:
    body = nn.Sequential(
        *(nn.Conv2d(1, 10, 2), nn.ReLU(), nn.MaxPool2d(2), _normal(10)),
        *(nn.Conv2d(10, 8, 3), nn.ReLU(), nn.MaxPool2d(2), _normal(8)),
        *(nn.Conv2d(8, 8, 1), nn.ReLU(), _normal(8), nn.Dropout(_DROPOUT), nn.Flatten()),
    )
    size = _sized(body, shape)
    normal = nn.BatchNorm1d(8, eps=1e-3, momentum=0.01)
    return nn.Sequential(body, nn.Linear(size, 8), nn.ReLU(), normal, nn.Linear(8, classes))


def _strides(shape: tuple[int, int], classes: int) -> nn.Module:
    body = nn.Sequential(
        _normal(1),
        *(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU()),
        *(nn.Dropout(_DROPOUT), nn.Flatten()),
    )
    return nn.Sequential(body, nn.Linear(_sized(body, shape), classes))


def _boxes(shape: tuple[int, int], classes: int) -> nn.Module:
    body = nn.Sequential(
        *(nn.Conv2d(1, 5, 3), nn.ReLU(), _normal(5)),
        *(nn.MaxPool2d(3), nn.Dropout(_DROPOUT), nn.Flatten()),
    )
    return nn.Sequential(body, nn.Linear(_sized(body, shape), classes))


def _autoencoder(name: str) -> nn.Module:
    wide = name == "autoencoder"
    down = ((1, 86), (86, 64), (64, 32)) if wide else ((1, 16), (16, 8), (8, 8))
    up = ((32, 32), (32, 64), (64, 86)) if wide else ((8, 8), (8, 8), (8, 16))
    layers: list[nn.Module] = []
    for inputs, outputs in down:
        layers += [*_layer(inputs, outputs, 1, normal=wide), nn.MaxPool2d(2, ceil_mode=True)]
    for inputs, outputs in up:
        around = 1 if wide or outputs != 16 else 0
        layers += [*_layer(inputs, outputs, around, normal=wide), nn.Upsample(scale_factor=2)]
    last = nn.Conv2d(up[-1][1], 1, 3, padding=1 if wide else 0)
    return nn.Sequential(*layers, last, nn.Sigmoid())


def _layer(inputs: int, outputs: int, around: int, *, normal: bool) -> list[nn.Module]:
    found: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, padding=around)]
    return [*found, _normal(outputs), nn.ReLU()] if normal else [*found, nn.ReLU()]
