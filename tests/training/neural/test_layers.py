"""Layers: phi is a circle, nothing beyond the other edges, shapes and dead bins kept by every network."""

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from caloscope.detectors.network.made import Architecture
from caloscope.training.neural.autoencoders import Convolutional, Dense, Masked, ResNet
from caloscope.training.neural.blind import Surroundings
from caloscope.training.neural.layers import Conv, Residual
from caloscope.training.neural.picture import Pictured, autoencoder
from caloscope.training.neural.supervised import Classifier, UNetwork
from caloscope.training.recipe import Recipe

from ...detectors.plain_view import plain

Circular = tuple[bool, bool]
Plane = tuple[int, int]
BARREL, HADRONIC = (False, True), (True, False)
"""Phi along x, as in ECAL's barrel, and along y, as in HCAL."""

Maker = Callable[[int, Plane, Circular], torch.nn.Module]

NETWORKS: dict[str, tuple[Maker, Callable[[int], int], Callable[[int], int]]] = {
    "resnet": (lambda d, p, c: ResNet(d, p, c, (4, 8), 5), lambda d: d, lambda d: d),
    "resnet-of-one-stage": (lambda d, p, c: ResNet(d, p, c, (4,), 5), lambda d: d, lambda d: d),
    "cae": (lambda d, p, c: Convolutional(d, p, c, (4, 8), 9), lambda d: d, lambda d: d),
    "dense": (lambda d, p, c: Dense(np.ones((d, *p), np.bool_), 5), lambda d: d, lambda d: d),
    "masked": (lambda d, p, c: Masked(p, d, c, (4,)), lambda d: d, lambda d: d),
    "blind-spot": (lambda d, p, c: Surroundings(d, c), lambda d: 3 * d, lambda d: 2 * d),
    "unet": (lambda d, p, c: UNetwork(4 * d, 2 * d, p, c, (4, 8, 8)), lambda d: 4 * d, lambda d: 2 * d),
}


def random_weights(module: torch.nn.Module) -> torch.nn.Module:
    """New networks answer with nothing: here every weight says something."""
    torch.manual_seed(3)
    with torch.no_grad():
        for each in module.parameters():
            each.copy_(torch.randn_like(each) * 0.3)
    return module.eval()


@pytest.mark.parametrize(("circular", "axis"), [(BARREL, 3), (HADRONIC, 2)])
@pytest.mark.parametrize(
    "layer",
    [
        lambda c: Conv(2, 3, c),
        lambda c: Conv(2, 3, c, kernel=5),
        lambda c: Residual(2, 3, c),
    ],
)
def test_what_is_rolled_along_phi_comes_out_rolled(
    layer: Callable[[Circular], torch.nn.Module], circular: Circular, axis: int
) -> None:
    made = random_weights(layer(circular))
    picture = torch.randn(2, 2, 7, 9)
    for shift in (1, 4, -2):
        expected = torch.roll(made(picture), shift, axis)
        torch.testing.assert_close(made(torch.roll(picture, shift, axis)), expected, rtol=0, atol=1e-5)
    other = 5 - axis
    rolled = made(torch.roll(picture, 1, other))
    assert not torch.allclose(rolled, torch.roll(made(picture), 1, other), atol=1e-3)


def test_beyond_the_edges_there_are_zeros() -> None:
    conv = Conv(1, 1, BARREL)
    torch.nn.init.ones_(conv.conv.weight)
    assert conv.conv.bias is not None
    torch.nn.init.zeros_(conv.conv.bias)
    found = conv(torch.ones(1, 1, 4, 6))[0, 0]
    assert (found[[0, -1]] == 6).all()  # two rows of three
    assert (found[1:-1] == 9).all()  # all around


@pytest.mark.parametrize("circular", [BARREL, HADRONIC, (False, False)])
@pytest.mark.parametrize("depths", [1, 3])
@pytest.mark.parametrize("plane", [(7, 9), (5, 4), (8, 13)])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_keep_the_shape(name: str, plane: Plane, depths: int, circular: Circular) -> None:
    make, inputs, outputs = NETWORKS[name]
    module = random_weights(make(depths, plane, circular))
    for batch in (1, 3):
        found = module(torch.randn(batch, inputs(depths), *plane))
        assert found.shape == (batch, outputs(depths), *plane)
        assert torch.isfinite(found).all()


def test_the_classifier_has_three_answers_for_a_map() -> None:
    module = random_weights(Classifier(4, HADRONIC, (4, 8)))
    assert module(torch.randn(3, 4, 7, 9)).shape == (3, 3)


@pytest.mark.parametrize("shape", [(7, 9), (2, 7, 9)])
@pytest.mark.parametrize("seen", ["ratio", "raw"])
@pytest.mark.parametrize("architecture", ["resnet", "cae", "dense", "masked"])
def test_dead_bins_stay_empty_and_a_new_network_rebuilds_the_usual(
    architecture: Architecture, seen: str, shape: tuple[int, ...]
) -> None:
    average = np.random.default_rng(1).uniform(0.5, 2.0, shape)
    average[..., 2, 3] = 0.0
    recipe = Recipe(architecture=architecture, input=seen, channels=(4, 8), latent=5)  # type: ignore[arg-type]
    module = autoencoder(recipe, plain(shape, circular=True), average)
    picture = torch.rand(3, *(shape if len(shape) == 3 else (1, *shape))) * module.lives
    usual = torch.from_numpy(average.astype(np.float32)).expand_as(picture.reshape(3, *shape))
    made = module(picture)
    # Most add nothing to begin with, the deepest one little.
    near = 0.5 if architecture == "resnet" else 1e-6
    torch.testing.assert_close(made, usual.reshape(made.shape), rtol=0.0, atol=near)
    assert isinstance(module, Pictured)
    random_weights(module)
    made = module(picture)
    assert (made[..., 2, 3] == 0).all()
    assert (made[..., 2, 4] != 0).any()
