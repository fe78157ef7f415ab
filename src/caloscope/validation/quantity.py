"""What is measured on a sample, the same on real and on simulated lumisections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from caloscope.detectors.base import Array

Kind: TypeAlias = Literal["number", "curve", "distribution"]


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """One measured number, curve or distribution.

    `values` holds one value, one for each place in `x`, or how often each bin was filled, whose edges `x`
    holds (one more). NaN where there is nothing to measure. `tolerance` is the size below which a difference
    between real and simulated does not matter: relative for numbers and curves unless `absolute`, a distance
    of cumulative shares for distributions. `labels` name the places of a curve that are no numbers.
    """

    key: str
    title: str
    values: Array
    kind: Kind
    tolerance: float
    absolute: bool = False
    x: tuple[float, ...] = ()
    x_title: str = ""
    y_title: str = ""
    labels: tuple[str, ...] = ()


def number(key: str, title: str, value: float, tolerance: float, *, absolute: bool = False) -> Quantity:
    """One number."""
    return Quantity(key, title, np.array([float(value)]), "number", tolerance, absolute)


def curve(
    key: str, title: str, values: Array, tolerance: float, *, x: Sequence[float], axes: tuple[str, str]
) -> Quantity:
    """Values at places along an axis; `axes` are the titles of both."""
    return Quantity(key, title, values, "curve", tolerance, False, tuple(map(float, x)), *axes)


def bars(
    key: str, title: str, values: Array, tolerance: float, *, labels: Sequence[str], axes: tuple[str, str],
    absolute: bool = False,
) -> Quantity:  # fmt: skip
    """Values at places that have names."""
    places = tuple(float(place) for place in range(len(labels)))
    return Quantity(key, title, values, "curve", tolerance, absolute, places, *axes, tuple(labels))


def distribution(
    key: str, title: str, values: ArrayLike, tolerance: float, *, edges: Array, axes: tuple[str, str]
) -> Quantity:
    """How often values fall between `edges`; those outside, and NaN left out, go into the last bins."""
    found = np.asarray(values, dtype=float)
    inside = np.clip(found[np.isfinite(found)], edges[0], edges[-1])
    counted = np.histogram(inside, edges)[0].astype(float)
    return Quantity(key, title, counted, "distribution", tolerance, False, tuple(edges.tolist()), *axes)
