"""Layers that know that phi is a circle."""

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

Circular: TypeAlias = tuple[bool, bool]
"""Whether y and x are circles."""

SLOPE = 0.01
"""Of the leaky rectifier below zero, as in ECAL's networks."""


BESIDE, FAINT = 0.2, 0.1
"""Factors at the start: of what a residual block adds to its shortcut, and of a last layer."""


class Conv(nn.Module):
    """A convolution whose input goes on around the circle in phi, and with zeros beyond the other edges."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        circular: Circular,
        *,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.reach, self.circular = kernel // 2, circular
        zeros = (0 if circular[0] else self.reach, 0 if circular[1] else self.reach)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=zeros, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """From `(batch, inputs, y, x)` to `(batch, outputs, y, x)`, y and x over the stride."""
        result: Tensor = self.conv(around(x, self.reach, self.circular))
        return result


def around(x: Tensor, reach: int, circular: Circular) -> Tensor:
    """Continues the circular axes of `(batch, channel, y, x)` by so many bins on each side."""
    for axis, is_circle in zip((2, 3), circular, strict=True):
        if is_circle and reach:
            # What is exported has to be made of plain operators.
            once = joined if torch.compiler.is_exporting() else Around.apply
            x = once(x, axis, reach)
    return x


def joined(x: Tensor, axis: int, reach: int) -> Tensor:
    """The last bins of an axis, all of it, and its first bins."""
    size = x.shape[axis]
    return torch.cat([x.narrow(axis, size - reach, reach), x, x.narrow(axis, 0, reach)], dim=axis)


class Around(torch.autograd.Function):
    """`joined` with a gradient that adds the copied bins where they came from.

    torch would make three gradients as large as the whole and add them, which took a fifth of a step.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, axis: int, reach: int) -> Tensor:
        """See `joined`."""
        return joined(x, axis, reach)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, int, int], output: Tensor) -> None:  # noqa: ARG004
        """Keeps what the gradient needs."""
        _, context.axis, context.reach = inputs

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of what was continued."""
        (gradient,), axis, reach = gradients, context.axis, context.reach
        size = gradient.shape[axis] - 2 * reach
        found = gradient.narrow(axis, reach, size).clone(memory_format=torch.preserve_format)
        found.narrow(axis, size - reach, reach).add_(gradient.narrow(axis, 0, reach))
        found.narrow(axis, 0, reach).add_(gradient.narrow(axis, reach + size, reach))
        return found, None, None


def active(x: Tensor) -> Tensor:
    """The leaky rectifier, in place: what is given is not to be used any more."""
    return functional.leaky_relu(x, SLOPE, inplace=True)


class Residual(nn.Module):
    """Two convolutions beside a shortcut (He et al., arXiv:1512.03385), without batch normalisation."""

    def __init__(self, inputs: int, outputs: int, circular: Circular, *, stride: int = 1) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, circular, stride=stride)
        self.second = Conv(outputs, outputs, circular)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """From `(batch, inputs, y, x)` to `(batch, outputs, y, x)`, y and x over the stride, rounded up."""
        return active(self.second(active(self.first(x))).add_(self.shortcut(x)))


def enlarged(x: Tensor, plane: tuple[int, int]) -> Tensor:
    """The nearest bin of a coarser picture for each bin of a finer one."""
    return functional.interpolate(x, size=plane, mode="nearest")


def silent(layer: Tensor | nn.Module) -> None:
    """Makes a last layer answer with nothing, so that training starts from what is usual."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def awake(module: nn.Module) -> None:
    """Weights with which a deep network passes on what it sees (He et al., arXiv:1502.01852).

    torch's own make it smaller in every layer, and a narrow middle then takes hundreds of steps to wake up.
    Residual blocks begin near their shortcut.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for block in module.modules():
        if isinstance(block, Residual):
            with torch.no_grad():
                block.second.conv.weight.mul_(BESIDE)


def faint(layer: Tensor | nn.Module) -> None:
    """Makes a last layer answer with little, so that training starts near what is usual."""
    assert isinstance(layer, nn.Conv2d)
    with torch.no_grad():
        layer.weight.mul_(FAINT)
