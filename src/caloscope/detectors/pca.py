"""Principal components of good lumisections: what a map should be, from what the rest of it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Array, Noise, Observation, Settings
from caloscope.records import Mask

COMPONENTS = (0, 1, 2, 4, 8, 16)
"""Numbers of components that are tried."""

REACH = 4.0
"""Standard deviations in training beyond which no component moves."""


@dataclass(frozen=True, slots=True, eq=False)
class Pca(learned.Rebuilding):
    """The expected map is the typical one with the shape that this lumisection's own map has.

    Counts per event over the cell's mean, in standard deviations, are projected on principal components of
    good lumisections; the number of these is the one of `COMPONENTS` under which held-out runs are most
    likely. The projection is a posterior mean: a component varied by so much in training (`widths`), and a
    lumisection with few events moves it little (Tipping and Bishop, J. R. Stat. Soc. B 61 (1999) 611). Cells
    far off take no part in it. Good at: what cells share, be it pileup, drift or the readout's common
    fluctuations. Bad at: regions that look like a component, and a map that changes as a whole by less than
    conditions may.

    `components`, `(component, [depth,] y, x)`, are relative changes of each cell's activity, each of length
    one in standard deviations of an average lumisection.
    """

    name: ClassVar[str] = "pca"
    tried: ClassVar[tuple[int, ...]] = COMPONENTS

    widths: Array

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:
        """Learn from good lumisections, two or more with known events. Raises `UsageError` for fewer.

        Less than 20 lumisections leave it without components.
        """
        good = learned.usable(observations, min_events)
        typical = learned.learn(good, noise, min_events)
        rows = learned.standardised(good, typical, learned.OUTLIER)
        axes = learned.principal(rows.residual, _number(rows.residual, rows.run))
        axes = learned.real(axes, len(rows.residual))
        components = learned.on_view(learned.per_activity(axes.directions, rows.strength), typical.alive)
        found = cls(learned.Known(typical, rows.scatter, rows.run_change), components, np.sqrt(axes.squares))
        return replace(found, known=found.known.with_residuals(rows, found._rebuild, len(components)))

    def _rebuild(self, ratio: Array, agree: Mask, strength: Array) -> Array:
        """The rebuilt ratios; see `learned.shape.Rebuild`."""
        if not len(self.widths):
            return np.ones_like(ratio)
        knows = np.where(agree, strength, 0.0)
        seen = self._living * knows
        known = seen @ seen.T + np.diag(self.widths**-2.0)
        moved = np.linalg.solve(known, seen @ (np.where(agree, ratio - 1.0, 0.0) * knows))
        return np.asarray(1.0 + np.clip(moved, -REACH * self.widths, REACH * self.widths) @ self._living)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return learned.Rebuilding.arrays(self) | {"widths": self.widths}

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        known, components = learned.restored(cls.name, settings, arrays, negative=True)
        widths = learned.array_of(cls.name, arrays, "widths", (len(components),))
        return cls(known, components, np.maximum(widths, 1e-6))


def _number(residual: NDArray[np.float32], run: NDArray[np.int64]) -> int:
    """How many components make the held-out lumisections most likely."""
    apart = learned.held_out(run)
    shown, kept = residual[~apart], residual[apart]
    tried = learned.numbers(COMPONENTS, *shown.shape)
    if tried == [0]:
        return 0
    axes = learned.real(learned.principal(shown, tried[-1]), len(shown))
    used = axes.squares / (1.0 + axes.squares)
    along = np.square(kept @ axes.directions.T).sum(axis=0)
    total = float(np.square(kept, dtype=np.float64).sum())
    left = {}
    for number in (each for each in tried if each <= len(used)):
        # A shrunken component leaves (1 - used)^2 of the square along it.
        explained = (1.0 - (1.0 - used[:number]) ** 2) * along[:number]
        left[number] = ((total - float(explained.sum())) / kept.size, float(used[:number].sum()))
    return learned.chosen(left, residual.shape[1])
