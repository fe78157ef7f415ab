"""Residuals of one lumisection: how far each cell is off, given its neighbours and the map's level.

What cells of a group do together is taken out as far as it is usual (or, when the whole map is broken,
altogether). Cells that are far off are not asked about their neighbours: one dead tower otherwise pushes the
four around it up.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.evidence.counted import Counted
from caloscope.evidence.layout import Layout
from caloscope.evidence.modes import beforehand, couplings_of
from caloscope.evidence.neighbours import Neighbours
from caloscope.records import Floats, Mask

FAR: Final = 4.5
"""Standard deviations beyond which a cell is not asked about its neighbours."""

HOT: Final = 25.0
"""Standard deviations above what the map does beyond which a cell has no say in what that is. What a cell
lacks is bounded, what it counts too much is not."""

ROUNDS: Final = 3
BEYOND: Final = 5.0
"""Standard deviations beyond which the level of a map is no usual common mode: then it is taken out whole."""

LEAST, FREE = 1e-5, 30.0
"""Relative rms of a common mode that does nothing, and of one that may do anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Cells given their neighbours, the common modes taken out; all `(cell,)`.

    `z` is the residual of each cell alone, in its standard deviations, `given` that given its neighbours
    times its `precision`, `shown` the latter before common modes were taken out. `out` are the cells that
    were left out, `asked` those that count for parts and levels. `level` is the relative shift of the whole
    map and `level_variance` its variance from counting alone. `share` is what each cell knows of the level,
    in units of one over a relative variance, where there is one common mode. `common` is the largest of the
    modes that were taken out, relative; 0 where the level is no usual mode.
    """

    cells: Counted
    z: Floats
    given: Floats
    shown: Floats
    precision: Floats
    out: Mask
    asked: Mask
    level: float
    level_variance: float
    share: Floats | None = None
    common: float = 0.0

    @property
    def score(self) -> Floats:
        """What each cell says of a rise of its rate."""
        return self.given * self.cells.lever

    @property
    def information(self) -> Floats:
        """One over the variance of a relative rise of each cell's rate, as measured by this lumisection."""
        return self.cells.lever**2 * self.precision

    def conditional_mean(self) -> Floats:
        """Counts expected of each cell given the others."""
        cells = self.cells
        found = cells.counts - cells.deviation * (self.given / self.precision)
        return np.clip(found, np.float32(0.3) * cells.mean, np.float32(3.0) * cells.mean)

    def conditional_dispersion(self) -> Floats:
        """Variance of each cell given the others, in units of its mean (or of the binomial variance)."""
        unit = self.cells.mean
        if self.cells.binomial:
            unit = unit * (1 - unit / np.float32(self.cells.trials))
        return np.asarray(self.cells.deviation**2 / unit / self.precision, np.float32)


class Levels:
    """The common modes of a map's groups of cells: their usual rms, and how much each lumisection shows.

    `grouped` is 1 for cells that have a group, else 0, `(cell,)`. `one`: there is one group, and what it does
    is known without approximation; of several, `modes.Couplings` tells.
    """

    def __init__(self, around: Neighbours, layout: Layout, widened: float) -> None:
        self._layout, self._group = layout, around.group
        self.grouped: Floats = around.grouped
        self.usual: Array = np.maximum(np.hypot(around.common, widened), LEAST)
        self.none, self.one = not len(self.usual), len(self.usual) == 1
        self._couplings = None if self.none or self.one else couplings_of(layout, around)

    @property
    def largest(self) -> float:
        """The largest usual rms; 0 where there is no common mode."""
        return 0.0 if self.none else float(self.usual.max())

    def sums(self, values: Floats) -> Array:
        """Sums over the groups."""
        found: Array = np.bincount(self._group, values, len(self.usual) + 1).astype(np.float64)
        return found[1:]

    def between(self, lever: Floats, share: Floats | None) -> Array:
        """Information on the modes, `(group, group)`; `share` by cells where there is one."""
        if share is not None or self._couplings is None:
            return np.array([[0.0 if share is None else share.sum()]], np.float64)
        return self._couplings.between(self.sums(lever**2))

    def lost(self, found: Residuals, squares: Floats) -> Floats:
        """Information that parts lose as modes are not known, `(part,)`.

        `squares` are the sums of squared levers over the parts, `(part,)`.
        """
        if self._couplings is not None:
            return self._couplings.lost(
                squares, self.sums((found.cells.lever * found.asked) ** 2), self.usual
            )
        if found.share is None:
            return np.zeros_like(squares)
        known = found.share.sum() + self.usual**-2.0
        return np.asarray(self._layout.total(found.share) ** 2 / known, np.float32)

    def spread(self, amounts: Array) -> Floats:
        """A group's amount in each of its cells, 0 in cells without a group."""
        return np.concatenate([[0.0], amounts]).astype(np.float32)[self._group]


def residuals(cells: Counted, around: Neighbours, levels: Levels, out: Mask, *, broken: bool) -> Residuals:
    """One lumisection's residuals; `out` are the cells known to be bad, `broken` says that the whole map is.

    Those that are found far off in this lumisection are left out as well, the farthest of neighbours first.
    """
    found = _one_round(cells, around, levels, _with_hot(cells, out), broken=broken)
    for _ in range(ROUNDS):
        far = _far(found, around)
        if not len(far):
            break
        more = found.out.copy()
        more[far] = True
        found = _one_round(cells, around, levels, more, broken=broken)
    return found


def _with_hot(cells: Counted, out: Mask) -> Mask:
    """The cells that are left out, with those so hot that they alone would make the level of the map."""
    if not len(cells.z) or cells.z.max() <= HOT:
        return out
    asked = (cells.lever > 0) & ~out
    level = np.median(cells.z[asked] / cells.lever[asked]) if asked.any() else np.float32(0)
    return np.asarray(out | (cells.z - cells.lever * level > HOT))


def _one_round(cells: Counted, around: Neighbours, levels: Levels, out: Mask, *, broken: bool) -> Residuals:
    seen, precision, asked = around.score(cells.z, out), around.precision(out), around.asked(out)
    found = Residuals(cells, cells.z, seen, seen, precision, out, asked, 0.0, np.inf)
    if levels.none:
        return found
    lever = cells.lever * levels.grouped
    # What the modes do to the scores is linear in them: with one mode it is this.
    of_level = around.score(lever, out) if levels.one else None
    lever *= asked
    share = None if of_level is None else lever * of_level
    between = levels.between(lever, share)
    known, shown = max(float(between.sum()), 1e-6), levels.sums(lever * seen)
    level = float(shown.sum()) / known
    ordinary = not broken and abs(level) <= BEYOND * np.sqrt(1 / known + levels.largest**2)
    usual = levels.usual if ordinary else np.full(len(levels.usual), FREE)
    amounts: Array = np.asarray(np.linalg.solve(between + beforehand(usual), shown), np.float64)
    modes = cells.lever * levels.spread(amounts)
    less = around.score(modes, out) if of_level is None else of_level * np.float32(amounts[0])
    return replace(
        found,
        z=cells.z - modes,
        given=seen - less,
        level=level,
        level_variance=1 / known,
        share=share,
        common=float(np.abs(amounts).max()) if ordinary else 0.0,
    )


def _far(found: Residuals, around: Neighbours) -> list[int]:
    """Cells that are far off and still asked: all that are so alone, of others the farthest of a group."""
    alone = np.abs(found.z)
    worst = np.maximum(np.abs(found.given) / np.sqrt(found.precision), alone)
    far = np.flatnonzero((worst > FAR) & found.cells.testable & ~found.out)
    chosen: list[int] = []
    if not len(far):
        return chosen
    taken = np.zeros(len(alone), np.bool_)
    for cell in far[np.argsort(-worst[far], kind="stable")].tolist():
        if alone[cell] > FAR or not taken[cell]:
            chosen.append(cell)
            taken[around.touching(cell)] = True
    return chosen
