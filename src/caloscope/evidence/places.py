"""The news of one lumisection about each kind of place: cells, parts of the map, the whole map."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.bank import FACTORS, SHIFTS, column
from caloscope.evidence.layout import Layout
from caloscope.evidence.likelihood import binomial, negative_binomial
from caloscope.evidence.neighbours import Neighbours
from caloscope.evidence.residuals import FAR, Levels, Residuals
from caloscope.evidence.sums import News
from caloscope.records import Floats, Mask

HIDDEN: Final = 0.5
"""A part of which more than this share is left out, by information, cannot be tested as a part."""

FOLLOWED_PARTS: Final = 6
"""Flagged parts that are followed at a time, the first ones; cells of the others are followed as cells."""

LEAST_INFORMATION: Final = np.float32(1e-3)
LEAST_SHARE: Final = np.float32(0.15)
"""A part that keeps less of its information than this, as common modes may do the same, is not tested."""

UNEVEN: Final = 0.1
"""What parts do together they do alike but for this share of it: pileup fills no two of them in the same way,
and a channel that counts often follows it less than in proportion."""

_FACTORS: Final = column(FACTORS)
_SHIFTS: Final = column(SHIFTS)
_HALF_SQUARES: Final = _SHIFTS**2 / 2


def news_of_cells(found: Residuals) -> News:
    """Each cell against its factors, given its neighbours."""
    cells = found.cells
    mean, spread = found.conditional_mean(), found.conditional_dispersion()
    if cells.binomial:
        trials = np.float32(cells.trials)
        step = binomial(cells.counts, cells.trials, mean / trials, spread, _FACTORS)
    else:
        step = negative_binomial(cells.counts, mean, spread, _FACTORS)
    step *= cells.testable
    return News(step, found.score, found.information)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The residuals of one lumisection and what they were made with; `barred` cells are never asked."""

    found: Residuals
    around: Neighbours
    levels: Levels
    barred: Mask


def news_of_parts(seen: Seen, layout: Layout, bad: NDArray[np.int8], level: Floats) -> News:
    """Each part against its shifts, with the filter that is best for it: whitened by the covariance.

    `level` is the parts' level in this run, `(part,)`. Of cells that are left out nothing is known here, but
    for those of parts that are flagged (`bad`): they are shown to their own part.
    """
    found = seen.found
    shape = shape_of(layout, seen.around)
    squared = found.cells.lever**2
    everything, known = layout.total(squared), layout.total(squared * found.asked)
    score = layout.total(found.score * found.asked)
    information = shape * known
    forget = (known < np.float32(1 - HIDDEN) * everything) | (everything <= 0)
    for part in np.flatnonzero((bad != 0) & (everything > 0))[:FOLLOWED_PARTS].tolist():
        score[part], own = _of_flagged(seen, layout.members(part), float(shape[part]))
        information[part] = own
        forget[part] = own <= 0
    lost = seen.levels.lost(found, known)
    forget |= lost > (1 - LEAST_SHARE) * information
    information = np.maximum(information - lost, LEAST_SHARE * information)
    known = 1 / (1 + information * np.float32((UNEVEN * found.common) ** 2))
    score, information = score * known, information * known
    score -= information * level
    return News(_linear(score, information), score, information, forget)


def _of_flagged(seen: Seen, members: NDArray[np.int32], shape: float) -> tuple[float, float]:
    """Score and information of a flagged part from its own cells, without those far from what it does."""
    found, around, lever = seen.found, seen.around, seen.found.cells.lever
    inside = np.zeros_like(lever)
    inside[members] = lever[members]
    out = found.out.copy()
    out[members] = seen.barred[members]
    score = own = 0.0
    for _ in range(2):
        kept = members[around.asked(out)[members]]
        given = around.score(found.z, out)
        score = float((given * lever)[kept].sum())
        own = shape * float((lever[kept] ** 2).sum())
        shift = np.float32(max(-1.0, score / max(own, 1e-6)))
        beside = (given - shift * around.score(inside, out)) / np.sqrt(around.precision(out))
        alone = found.z - shift * inside
        far = kept[np.maximum(np.abs(alone), np.abs(beside))[kept] > FAR]
        if not len(far):
            break
        out[far] = True
    return score, own


def news_of_whole(seen: Seen, level: Floats) -> News:
    """The whole map against its shifts, its level in this run being `level`, `(1,)`."""
    usual = seen.found.level_variance + seen.levels.largest**2
    information = np.array([1 / usual if np.isfinite(usual) else 0.0], np.float32)
    score = (np.float32(seen.found.level) - level) * information
    return News(_linear(score, information), score, information)


def unlikely(seen: Seen, members: NDArray[np.int32]) -> float:
    """Nats by which the level of the rest of the map speaks against a part being off, and nothing else.

    If half of a map is low the other half looks high: what tells them apart is which of them leaves the level
    of the map where it should be.
    """
    found = seen.found
    lever = found.cells.lever
    share = found.share
    if share is None:
        share = lever * seen.around.score(lever * seen.levels.grouped, found.out)
    inside = members[found.asked[members]]
    known = max(1 / found.level_variance - float(share[inside].sum()), 1e-6)
    shown = found.level / found.level_variance - float((found.shown * lever)[inside].sum())
    return 0.5 * (shown / known) ** 2 / (1 / known + seen.levels.largest**2)


def overlapping(layout: Layout, part: int) -> Mask:
    """Parts that have cells in common with this one, `(part,)`, itself included."""
    inside = np.zeros(layout.cells, np.float32)
    inside[layout.members(part)] = 1
    return layout.total(inside) > 0


def shape_of(layout: Layout, around: Neighbours) -> Floats:
    """Information of a part over the sum of its cells' own squares, `(part,)`.

    That of a lever which is the same in all its cells; it holds nearly where the lever varies slowly.
    """
    return np.asarray(around.remembered((layout, "shape"), lambda: _shape_of(layout, around)))


def _shape_of(layout: Layout, around: Neighbours) -> Floats:
    seen = around.products(layout.parts)
    return np.asarray(np.maximum(seen / layout.sizes, LEAST_INFORMATION))


def _linear(score: Floats, information: Floats) -> Floats:
    """Gaussian log-likelihood ratios of the shifts, `(alternative, place)`."""
    ratio: Floats = _SHIFTS * score
    ratio -= _HALF_SQUARES * information
    return ratio
