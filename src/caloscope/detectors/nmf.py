"""Non-negative matrix factorisation of good lumisections: a map as a sum of typical maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Array, Noise, Observation, Settings
from caloscope.records import Mask

COMPONENTS = (0, 2, 4, 8)
"""Numbers of components that are tried; none leaves the typical map."""

UPDATES = 30
MOST_ROWS = 200
CORNERS = 3.0
"""Standard deviations from the typical map at which the first components are put."""

MARGIN = 0.25
"""How far beyond the range that it had in training a component may go, as a share of that range."""

TINY = 1e-9


class Factors(NamedTuple):
    """`parts` `(component, cell)`, in standard deviations, and `amounts` `(lumi, component)`."""

    parts: Array
    amounts: Array


@dataclass(frozen=True, slots=True, eq=False)
class Nmf(learned.Rebuilding):
    """The expected map is the sum of a few non-negative maps that comes nearest to this lumisection's own.

    Counts per event over the cell's mean, weighted by what each cell knows, are factorised by multiplicative
    updates (Lee and Seung, Adv. Neural Inf. Process. Syst. 13 (2001) 556); the number of components is the
    one of `COMPONENTS` under which held-out runs are most likely. Cells far off take no part when a map is
    taken apart, and no component goes far beyond what it did in training (`lowest`, `highest`). Good at:
    maps that are mixtures of a few conditions. Bad at: slight changes that all cells share, regions that
    look like a component, and a map that changes as a whole by less than conditions may.

    `components`, `(component, [depth,] y, x)`, are activities of each cell over its usual one.
    """

    name: ClassVar[str] = "nmf"
    tried: ClassVar[tuple[int, ...]] = COMPONENTS

    lowest: Array
    highest: Array

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:
        """Learn from good lumisections, two or more with known events. Raises `UsageError` for fewer.

        Less than 20 lumisections leave it with the typical map alone.
        """
        good = learned.usable(observations, min_events)
        typical = learned.learn(good, noise, min_events)
        rows = learned.standardised(good, typical, learned.OUTLIER)
        taken = slice(None, None, -(-len(rows.run) // MOST_ROWS))
        residual, root = rows.residual[taken], rows.root[taken]
        number = _number(residual, rows.strength, root, rows.run[taken])
        factors = factorise(residual, rows.strength, root, number)
        components = learned.on_view(learned.per_activity(factors.parts, rows.strength), typical.alive)
        found = cls(
            learned.Known(typical, rows.scatter, rows.run_change), components, *_reach(factors.amounts)
        )
        return replace(found, known=found.known.with_residuals(rows, found._rebuild, number))

    def _rebuild(self, ratio: Array, agree: Mask, strength: Array) -> Array:
        """The rebuilt ratios; see `learned.shape.Rebuild`."""
        if not len(self.components):
            return np.ones_like(ratio)
        knows = np.where(agree, strength, 0.0)
        parts = self._living * knows
        amounts = _amounts(parts @ parts.T, parts @ (np.where(agree, ratio, 0.0) * knows))
        return np.asarray(np.clip(amounts, self.lowest, self.highest) @ self._living)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return learned.Rebuilding.arrays(self) | {"lowest": self.lowest, "highest": self.highest}

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        known, components = learned.restored(cls.name, settings, arrays)
        number = (len(components),)
        reach = (learned.array_of(cls.name, arrays, name, number) for name in ("lowest", "highest"))
        return cls(known, components, *reach)


def factorise(residual: NDArray[np.float32], strength: Array, root: Array, number: int) -> Factors:
    """Non-negative factors of the ratios behind standardised residuals `(lumi, cell)`.

    `root` `(lumi,)` is the root of each row's weight. It starts from corners around the typical map along the
    principal axes, so the same rows give the same factors.
    """
    if number == 0:
        return Factors(np.zeros((0, len(strength))), np.zeros((len(residual), 0)))
    shown = np.maximum(residual + np.outer(root, strength).astype(np.float32), 0.0)
    parts = _corners(residual, strength, number)
    amounts = _all_amounts(parts, shown) + np.float32(TINY)
    for _ in range(UPDATES):
        parts *= (amounts.T @ shown) / np.maximum(amounts.T @ amounts @ parts, TINY)
        amounts *= (shown @ parts.T) / np.maximum(amounts @ (parts @ parts.T), TINY)
    return Factors(parts.astype(np.float64), (amounts / root[:, np.newaxis]).astype(np.float64))


def _corners(residual: NDArray[np.float32], strength: Array, number: int) -> NDArray[np.float32]:
    """One corner on the far side of all axes, and one along each: a simplex around the typical map."""
    axes = learned.principal(residual, number - 1)
    steps = CORNERS * np.sqrt(axes.squares)[:, np.newaxis] * axes.directions
    corners = np.concatenate([[strength - steps.sum(axis=0)], strength + steps])
    return np.asarray(np.maximum(corners, np.maximum(TINY, 0.05 * strength)), np.float32)


def _amounts(products: Array, shared: Array) -> Array:
    """Non-negative least squares from the normal equations: of so many components it is a small problem."""
    from scipy.optimize import nnls  # slow to load, and only this detector needs it

    ridge = 1e-9 * max(float(np.trace(products)), TINY)
    lower = np.linalg.cholesky(products + ridge * np.eye(len(products)))
    return np.asarray(nnls(lower.T, np.linalg.solve(lower, shared))[0])


def _all_amounts(parts: NDArray[np.float32], shown: NDArray[np.float32]) -> NDArray[np.float32]:
    products = (parts @ parts.T).astype(np.float64)
    shared = (shown @ parts.T).astype(np.float64)
    return np.array([_amounts(products, each) for each in shared], np.float32)


def _number(residual: NDArray[np.float32], strength: Array, root: Array, run: NDArray[np.int64]) -> int:
    """How many components make the held-out lumisections most likely."""
    apart = learned.held_out(run)
    tried = learned.numbers(COMPONENTS, int((~apart).sum()), len(strength))
    if tried == [0]:
        return 0
    kept = residual[apart]
    shown = np.maximum(kept + np.outer(root[apart], strength).astype(np.float32), 0.0)
    left = {0: (_mean_square(kept), 0.0)}
    for number in tried[1:]:
        parts = factorise(residual[~apart], strength, root[~apart], number).parts.astype(np.float32)
        left[number] = (_mean_square(shown - _all_amounts(parts, shown) @ parts), float(number))
    return learned.chosen(left, len(strength))


def _mean_square(values: NDArray[np.float32]) -> float:
    return float(np.mean(np.square(values, dtype=np.float64)))


def _reach(amounts: Array) -> tuple[Array, Array]:
    """How little and how much of each component there may be."""
    if not amounts.shape[1]:
        return np.zeros(0), np.zeros(0)
    low, high = amounts.min(axis=0), amounts.max(axis=0)
    return np.maximum(low - MARGIN * (high - low), 0.0), high + MARGIN * (high - low)
