"""All that is said about how counts fluctuate."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.validation.expectation import Residuals, residuals
from caloscope.validation.quantity import Quantity, bars, curve, distribution, number
from caloscope.validation.sample import Frame, Stack
from caloscope.validation.statistics import space, spread, sums

Number = TypeVar("Number", np.float64, np.bool_)

_SHARES = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98])
_REGIONS = {"supermodule": "supermodule", "sector": "sector", "rm": "readout module", "rbx": "readout box"}
_SIGMAS = np.linspace(-6.0, 6.0, 61)


def noise(frame: Frame, stack: Stack) -> list[Quantity]:
    """How a stack fluctuates around its own expectation."""
    res = residuals(frame, stack)
    z = res.standardised()
    found: list[Quantity] = []
    for name, members in _named(res).items():
        tag = f", {name}" if len(_named(res)) > 1 else ""
        found += _chi2(res, members, tag)
        found += _space(frame, z, members, tag)
    found += _binomial(res, stack) if frame.binomial else _overdispersed(res, stack)
    return [*found, *_sums(res, stack), *_tails(frame, z)]


def _named(res: Residuals) -> dict[str, Mask]:
    """Cells of each part of which something can be said; not HF, which counts in every event."""
    found = {name: members & res.cells for name, members in res.frame.parts.items() if name != "HF"}
    return {name: members for name, members in found.items() if members.any()}


def _chi2(res: Residuals, members: Mask, tag: str) -> Iterator[Quantity]:
    binomial, rings = res.frame.binomial, res.frame.rings
    what, key = ("chi2 per degree of freedom", "chi2") if binomial else ("Fano factor", "fano")
    chi2 = np.where(members, res.chi2(), np.nan)
    use = np.isfinite(chi2)
    edges = np.linspace(0.0, 5.0 if binomial else 45.0, 61)
    title = f"{what} of each cell{tag}"
    yield distribution(f"{key}{tag}", title, chi2, 0.03, edges=edges, axes=(what, "cells"))
    mean = float(chi2[use].mean()) if use.any() else np.nan
    yield number(f"{key}-mean{tag}", f"Mean {what}{tag}", mean, 0.03 if binomial else 0.1)
    found = rings.mean(np.nan_to_num(chi2), use.astype(float))
    axes = (rings.title, what)
    yield curve(f"{key}-ring{tag}", f"{what} by ring{tag}", found, 0.1, x=rings.positions, axes=axes)


def _binomial(res: Residuals, stack: Stack) -> Iterator[Quantity]:
    if stack.events is not None:
        found = spread.against_probability(res, stack.events.astype(float), _SHARES)
        axes = ("counts per event", "chi2 per degree of freedom")
        middles = (_SHARES[1:] + _SHARES[:-1]) / 2
        yield curve("chi2-share", "chi2 against counts per event", found, 0.05, x=middles.tolist(), axes=axes)


def _overdispersed(res: Residuals, stack: Stack) -> Iterator[Quantity]:
    found, power = spread.against_mean(res)
    middles = np.round(np.sqrt(np.array(spread.RATIO_EDGES[1:]) * spread.RATIO_EDGES[:-1]), 2)
    axes = ("mean over ring's mean", "Fano factor over ring's")
    title = "Variance against mean, within a ring"
    yield curve("variance-mean", title, found, 0.1, x=middles.tolist(), axes=axes)
    yield number("power", "Power of the mean in the variance", power, 0.25, absolute=True)
    crystals = sums.crystal_fano(stack, next(iter(res.scales.values()), None))
    yield number("crystals", "Fano factor of single crystals", crystals, 0.05)


def _space(frame: Frame, z: Array, members: Mask, tag: str) -> Iterator[Quantity]:
    inside, valid = _crop(z * members, members), _crop((z != 0) & members, members)
    found = space.correlations(inside, valid, space.OFFSETS, frame.circular)
    limit = 0.02 if frame.binomial else 0.04
    title, axes = f"Correlation of residuals{tag}", ("offset (rows, columns)", "correlation")
    names = space.words(space.OFFSETS)
    yield bars(f"correlation{tag}", title, found, limit, labels=names, axes=axes, absolute=True)
    if not frame.binomial:
        share, _ = space.given_neighbours(inside, valid, frame.circular)
        title = f"Variance that the 8 neighbours predict{tag}"
        yield number(f"neighbours{tag}", title, share, 0.04, absolute=True)
    title = f"Correlation with the next stored LS{tag}"
    yield number(f"lag{tag}", title, spread.lag(inside), 0.03, absolute=True)


def _sums(res: Residuals, stack: Stack) -> Iterator[Quantity]:
    unit = "times binomial" if res.frame.binomial else "times Poisson"
    for kind, word in _REGIONS.items():
        found = sums.region_sums(res, kind)
        if found:
            values = np.array(list(found.values()))
            title = f"Variance of a {word}'s sum"
            yield bars(f"sums-{kind}", title, values, 0.2, labels=tuple(found), axes=("", unit))
    if res.frame.binomial:
        for name, mode in sums.common_modes(res, stack).items():
            if name != "HF":
                yield number(f"common-{name}", f"Common mode of {name} [per mille]", mode, 1.5, absolute=True)
    if stack.companion is not None:
        other = residuals(res.frame, Stack(stack.companion, stack.valid, stack.events))
        alike = sums.together_with(res, other)
        yield number("companion", "Correlation with the digis of the same LS", alike, 0.03, absolute=True)


def _tails(frame: Frame, z: Array) -> Iterator[Quantity]:
    rows = [("residual", "Residuals", z[z != 0])]
    if not frame.binomial:
        left = space.given_neighbours(z, z != 0, frame.circular)[1]
        rows.append(("given", "Residuals given the neighbours", left))
    for key, title, values in rows:
        scaled = values / np.sqrt(np.mean(values**2)) if values.size else values
        axes = ("standard deviations", "cells x LS")
        yield distribution(key, title, scaled, 0.01, edges=_SIGMAS, axes=axes)
        found = spread.tails(values)
        yield number(f"{key}-far", f"{title} beyond 3.29 [per mille]", found.beyond, 0.6, absolute=True)
        yield number(f"{key}-skew", f"{title}: skewness", found.skewness, 0.1, absolute=True)


def _crop(values: NDArray[Number], members: Mask) -> NDArray[Number]:
    """Only the depths that hold members: most of a deep view is empty."""
    return values if members.ndim == 2 else values[:, members.any((1, 2))]
