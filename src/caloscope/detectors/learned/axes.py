"""Principal axes of good lumisections."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array

CELLS_PER_AXIS = 20
"""With fewer cells for each axis, a faulty cell would explain itself."""

SHORTEST = 20
"""With fewer lumisections no shapes are looked for."""

LUMIS_PER_AXIS = 5

MARGIN = 0.05
"""How far above the edge of noise an axis has to be, as a share: the edge is that of many cells."""


class Axes(NamedTuple):
    """Orthonormal `directions` `(axis, cell)` and the mean squares of the rows along them, largest first."""

    directions: Array
    squares: Array


def principal(residual: NDArray[np.float32], most: int) -> Axes:
    """The first axes of standardised residuals `(lumi, cell)` around zero, `most` at most.

    They come from the eigenvectors of the lumisections' products with each other, as there are fewer
    lumisections than cells. The sign is such that the largest element of each is positive.
    """
    lumis, cells = residual.shape
    values, vectors = np.linalg.eigh((residual @ residual.T).astype(np.float64) / lumis)
    count = min(most, lumis, cells)
    order = np.arange(lumis)[::-1][:count]
    squares = np.maximum(values[order], 0.0)
    order, squares = order[squares > 1e-6], squares[squares > 1e-6]
    directions = (vectors[:, order].T @ residual) / np.sqrt(lumis * squares)[:, np.newaxis]
    largest = np.abs(directions).argmax(axis=1) if cells else np.zeros(0, np.int64)
    directions *= np.sign(directions[np.arange(len(order)), largest])[:, np.newaxis]
    return Axes(directions, squares)


def real(axes: Axes, lumis: int) -> Axes:
    """The axes that are more than noise, with the variance that rows truly have along them.

    Of noise of variance one alone, so many lumisections of so many cells make axes with mean squares up to
    (1 + sqrt(g))^2, with g = cells / lumisections. A true variance l is seen as (1 + l)(1 + g / l), and the
    axis found has a squared cosine of (1 - g / l^2) / (1 + g / l) with the true one (Paul, Statistica Sinica
    17 (2007) 1617).
    """
    g = axes.directions.shape[1] / lumis
    count = int(np.count_nonzero(axes.squares > (1.0 + np.sqrt(g)) ** 2 * (1.0 + MARGIN)))
    above = axes.squares[:count] - 1.0 - g
    true = (above + np.sqrt(above**2 - 4.0 * g)) / 2.0
    return Axes(axes.directions[:count], true * (1.0 - g / true**2) / (1.0 + g / true))


def numbers(tried: tuple[int, ...], lumis: int, cells: int) -> list[int]:
    """Those of the numbers of components that so many lumisections and cells can bear; zero always."""
    most = min(lumis // LUMIS_PER_AXIS, cells // CELLS_PER_AXIS) if lumis >= SHORTEST else 0
    return [number for number in tried if number <= most]
