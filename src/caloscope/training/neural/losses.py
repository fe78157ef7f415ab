"""What training makes small. All take and give float32 tensors `(batch, cell)`.

Training shows likelihoods against those without a network, in nats a cell: so a curve begins at zero.
"""

import torch
from torch import Tensor

from caloscope.detectors.base import Noise

LOWEST_RATIO = 0.05
"""No cell is expected to count less than this share of what is usual."""

HIGHEST_PROBABILITY = 0.99995

STIRLING = 8.0
"""From here on two terms of Stirling's series are as good as single precision."""

HALF_LOG_2_PI = 0.9189385332046727


def mean_counts(ratio: Tensor, usual: Tensor, events: Tensor, noise: Noise) -> Tensor:
    """Mean counts where the activity is `ratio` times the usual one; `events` is `(batch, 1)`."""
    ratio = ratio.clamp_min(LOWEST_RATIO)
    if noise == "overdispersed":
        return usual * ratio
    hazard = -torch.log1p(-(usual / events).clamp_max(HIGHEST_PROBABILITY))
    return events * (-torch.expm1(-hazard * ratio)).clamp_max(HIGHEST_PROBABILITY)


def poisson(counts: Tensor, mean: Tensor) -> Tensor:
    """Minus the log-likelihood of Poisson counts in each cell, but for what depends on the counts alone."""
    return _surplus(counts, mean) - (counts - mean)


def negative_binomial(counts: Tensor, mean: Tensor, fano: Tensor) -> Tensor:
    """Minus the log-likelihood of negative-binomial counts with variance `fano` x `mean`, fano above 1.

    In each cell, but for what depends on the counts alone. Gamma functions are written as Stirling's formula
    and what it leaves: differences of their large logarithms would lose, in single precision, what a network
    gains.
    """
    size = mean / (fano - 1.0)
    whole = size + counts
    away = torch.log1p((counts - mean) / (size * fano))
    rest = _beyond_stirling(size) - _beyond_stirling(whole)
    return _surplus(counts, mean) - (whole - 0.5) * away + 0.5 * torch.log(fano) + rest


def binomial(counts: Tensor, mean: Tensor, events: Tensor) -> Tensor:
    """Minus the log-likelihood of counts out of `events` in each cell, but for what depends on them alone."""
    due = torch.minimum(mean.clamp_min(1e-9), events * HIGHEST_PROBABILITY)
    return poisson(counts, due) + poisson(events - counts, events - due)


def _surplus(counts: Tensor, mean: Tensor) -> Tensor:
    """`counts` log(`counts` / `mean`), 0 where nothing counted; exact also where the two are nearly equal."""
    relative = torch.where(counts > 0, (counts - mean) / mean, 0.0)
    return counts * torch.log1p(relative)


def _beyond_stirling(x: Tensor) -> Tensor:
    """Logarithm of the gamma function less (x - 1/2) log(x) - x + log(2 pi) / 2."""
    small, large = x.clamp(1e-6, STIRLING), x.clamp_min(STIRLING)
    exact = torch.lgamma(small) - (small - 0.5) * torch.log(small) + small - HALF_LOG_2_PI
    series = (1.0 / 12.0 - 1.0 / (360.0 * large**2)) / large
    return torch.where(x < STIRLING, exact, series)


def likelihood(counts: Tensor, mean: Tensor, events: Tensor, dispersion: Tensor, noise: Noise) -> Tensor:
    """That of counts as they really vary, in each cell."""
    if noise == "binomial":
        return binomial(counts, mean, events)
    return negative_binomial(counts, mean, dispersion.clamp_min(1.02))
