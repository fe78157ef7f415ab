"""Losses are likelihoods: those of scipy up to what depends on the counts alone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

pytest.importorskip("torch")

import torch

from caloscope.training.neural import losses

Array = NDArray[np.float64]
RNG = np.random.default_rng(4)


def tensor(values: Array | float) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values, np.float32))


@pytest.mark.parametrize("mean", [0.3, 4.0, 60.0, 3_000.0, 60_000.0])
@pytest.mark.parametrize("fano", [1.05, 3.0, 14.0])
@pytest.mark.parametrize("change", [1.002, 0.8, 2.5])
def test_negative_binomial(mean: float, fano: float, change: float) -> None:
    """Differences of likelihoods, which is what a network is judged by, to a part in a thousand of a nat."""
    counts = RNG.negative_binomial(mean / (fano - 1.0), 1.0 / fano, 400).astype(np.float64)
    expected = np.zeros(400)
    for sign, at in ((1.0, mean * change), (-1.0, mean)):
        expected -= sign * stats.nbinom.logpmf(counts, at / (fano - 1.0), 1.0 / fano)
    pair = [
        losses.negative_binomial(tensor(counts), tensor(at), tensor(fano)) for at in (mean * change, mean)
    ]
    np.testing.assert_allclose((pair[0] - pair[1]).numpy(), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("mean", [0.3, 4.0, 3_000.0, 60_000.0])
def test_poisson(mean: float) -> None:
    counts = RNG.poisson(mean, 400).astype(np.float64)
    expected = stats.poisson.logpmf(counts, mean) - stats.poisson.logpmf(counts, 1.02 * mean)
    found = losses.poisson(tensor(counts), tensor(1.02 * mean)) - losses.poisson(tensor(counts), tensor(mean))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("events", [50, 4_000, 90_000])
@pytest.mark.parametrize("share", [0.001, 0.4, 0.98])
def test_binomial(events: int, share: float) -> None:
    counts = RNG.binomial(events, share, 400).astype(np.float64)
    other = 0.99 * share
    expected = stats.binom.logpmf(counts, events, share) - stats.binom.logpmf(counts, events, other)
    pair = [
        losses.binomial(tensor(counts), tensor(np.float64(events) * at), tensor(float(events)))
        for at in (other, share)
    ]
    np.testing.assert_allclose((pair[0] - pair[1]).numpy(), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("noise", ["overdispersed", "binomial"])
def test_gradients_are_finite_and_pull_to_what_was_counted(noise: str) -> None:
    events, usual = torch.full((1, 1), 500.0), torch.tensor([[40.0, 40.0, 40.0, 0.2, 499.9]])
    counts = torch.tensor([[0.0, 60.0, 40.0, 0.0, 500.0]])
    ratio = torch.ones_like(usual, requires_grad=True)
    mean = losses.mean_counts(ratio, usual, events, noise)  # type: ignore[arg-type]
    torch.testing.assert_close(mean[0, :4], usual[0, :4], rtol=1e-4, atol=1e-4)
    dispersion = torch.full((5,), 12.0 if noise == "overdispersed" else 1e-4)
    found = losses.likelihood(counts, mean, events, dispersion, noise)  # type: ignore[arg-type]
    (slope,) = torch.autograd.grad(found.sum(), ratio)
    assert torch.isfinite(slope).all()
    assert slope[0, 0] > 0  # it counted less: smaller is better
    assert slope[0, 1] < 0
    assert abs(float(slope[0, 2])) < 0.3 * abs(float(slope[0, 1]))  # skew counts


def test_the_mean_follows_activity_as_hazards_do() -> None:
    events = torch.tensor([[1000.0]])
    usual, ratio = torch.tensor([[100.0, 900.0]]), torch.tensor([[2.0, 2.0]])
    found = losses.mean_counts(ratio, usual, events, "binomial")
    torch.testing.assert_close(found, torch.tensor([[190.0, 990.0]]), rtol=1e-4, atol=1e-2)
    lowest = losses.mean_counts(torch.zeros(1, 2), usual, events, "overdispersed")
    torch.testing.assert_close(lowest, losses.LOWEST_RATIO * usual)
