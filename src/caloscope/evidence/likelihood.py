"""How much more likely a fault makes a count than health does, for the two count distributions of real maps.

ECAL towers: negative binomial with variance proportional to the mean. HCAL channels: binomial, with what they
vary beyond that taken as fewer independent events (quasi-likelihood, Wedderburn 1974). All in nats,
`(alternative, cell)`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from caloscope.records import Floats

SMALLEST_FANO: Final = 1.02
"""Below it a negative binomial is a Poisson to all purposes, and its size parameter overflows."""

LEAST_PROBABILITY, HIGHEST_PROBABILITY = np.float32(1e-6), np.float32(0.9995)
"""A channel that always counted may still lose a digi: the evidence of one is bounded."""

SMALLEST_RISE: Final = 1.1
"""A binomial channel that cannot rise by this factor is not tested for being hot."""

IMPOSSIBLE: Final = 1.05
"""A binomial channel that counts more than this times the events is hot beyond doubt."""

BEYOND_DOUBT: Final = 1000.0
"""Nats given to what cannot be."""

_TWELFTH: Final = np.float32(1 / 12)


def negative_binomial(counts: Floats, mean: Floats, fano: Floats, factors: Floats) -> Floats:
    """Log NB(n | factor x mean) / NB(n | mean), both with variance `fano` x their mean.

    `factors` is a column, the others `(cell,)`, `mean` > 0. With sizes a and b = factor x a the ratio is that
    of Gamma(n + b) Gamma(a) / Gamma(n + a) Gamma(b) over fano^(b - a). Gamma functions are taken by
    Stirling's series, one above their argument, to its first correction: within 0.02 nats of the exact value
    for means up to ten thousand and Fano factors of 1.5 and more, relatively within 1e-5 above. In
    differences, so that large counts do not cancel.
    """
    size = mean / np.maximum(fano - 1, np.float32(SMALLEST_FANO - 1))
    rise = (factors - 1) * size
    above, start = counts + size + 1, size + 1
    ratio = _grown(above, rise)
    ratio -= _grown(start, rise)
    ratio -= np.log1p(rise / (counts + size))
    ratio += np.log(factors)
    ratio += rise * np.log(above / (start * (1 + mean / size)))
    return ratio


def _grown(x: NDArray[Any], rise: NDArray[Any]) -> Floats:
    """Log Gamma(x + rise) - log Gamma(x), less rise (log x - 1); `rise` is `(alternative, cell)`, x >= 1."""
    share = rise / x
    after = rise + x
    found: Floats = np.log1p(share)
    found *= after - np.float32(0.5)
    share /= after
    share *= _TWELFTH
    found -= share
    return found


def binomial(counts: Floats, trials: float, p: Floats, dispersion: Floats, factors: Floats) -> Floats:
    """Log Bin(n | N, factor x p) / Bin(n | N, p) over `dispersion`, the variance in binomial ones.

    A hot channel fills at most half of the events in which it does not count; one that cannot rise by
    `SMALLEST_RISE` is not tested for it; more than `IMPOSSIBLE` times the events is `BEYOND_DOUBT`.
    """
    p = bounded(p)
    there = np.minimum(counts, np.float32(trials))
    lost = (np.float32(trials) - there) / dispersion
    there /= dispersion
    lows = int(np.count_nonzero(factors < 1))
    faulty = factors * p
    np.minimum(faulty[lows:], p + np.float32(0.5) * (1 - p), out=faulty[lows:])
    rise = faulty[lows:] / p
    ratio: Floats = np.log1p(-faulty, out=faulty)
    ratio -= np.log1p(-p)
    ratio *= lost
    ratio[:lows] += np.log(factors[:lows]) * there
    ratio[lows:] += np.log(rise) * there
    ratio[lows:] *= rise >= np.float32(SMALLEST_RISE)
    impossible = counts > IMPOSSIBLE * trials + 3.0
    if impossible.any():
        ratio[lows:, impossible] = BEYOND_DOUBT
    return ratio


def bounded(p: Floats) -> Floats:
    """A probability that is neither 0 nor 1."""
    return np.minimum(np.maximum(p, LEAST_PROBABILITY), HIGHEST_PROBABILITY)


def stiffness(p: Floats) -> Floats:
    """The slope of log p along log h, with h = -log(1 - p) the hazard of a channel; `p` is bounded.

    1 where it rarely counts, 0 where it always does.
    """
    rest = 1 - p
    found: Floats = np.log(rest)
    found *= rest
    found /= -p
    return found
