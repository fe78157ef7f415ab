"""All that is said about the fixed pattern of a detector."""

from collections.abc import Iterator

import numpy as np

from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.validation.quantity import Quantity, bars, curve, number
from caloscope.validation.sample import Frame
from caloscope.validation.statistics import shape, space

LEAST_CELLS = 500
"""A depth with fewer cells has no pattern to speak of."""

_NAMES = tuple(f"{100 * q:g} %" for q in shape.QUANTILES)


def pattern(frame: Frame, values: Array, use: Mask, dead: Mask) -> list[Quantity]:
    """What a fixed pattern of counts, `values` in the view's shape, looks like where `use` is true."""
    found: list[Quantity] = []
    for name, members in _planes(frame).items():
        if not frame.view.depths or (use & members).sum() >= LEAST_CELLS:
            found += _profile(frame, values, use & members, name)
            found += _spread(frame, values, use & members, name)
    if not frame.view.depths and not frame.binomial:
        beside = shape.beside_dead(values, use, dead, frame.rings, frame.circular)
        found.append(number("beside-dead", "Neighbours of dead cells over their ring", beside, 0.02))
    return found


def _planes(frame: Frame) -> dict[str, Mask]:
    """Each part and depth by itself, but HF, which always counts; all together on a flat view."""
    if not frame.view.depths:
        return {"": frame.view.exists}
    found = {}
    for part, members in frame.parts.items():
        for place, depth in enumerate(frame.view.depths):
            one = np.zeros_like(members)
            one[place] = members[place]
            if part != "HF":
                found[f", {part} depth {depth}"] = one
    return found


def _profile(frame: Frame, values: Array, use: Mask, name: str) -> Iterator[Quantity]:
    """By ring: in counts per event where these are known, else relative."""
    rings = frame.rings
    if not frame.binomial:
        axes = (rings.title, "median, over the mean of all rings")
        found = shape.profile(values, use, rings)
        yield curve("profile", "Occupancy by ring", found, 0.05, x=rings.positions, axes=axes)
        return
    axes = (rings.title, "median counts per event")
    found = shape.medians(values, use, rings)
    yield curve(f"profile{name}", f"Occupancy by ring{name}", found, 0.1, x=rings.positions, axes=axes)
    axes = (rings.title, "rms of counts per event")
    found = shape.deviations(values, use, rings)
    yield curve(
        f"ring{name}", f"Spread of channels in a ring{name}", found, 0.15, x=rings.positions, axes=axes
    )


def _spread(frame: Frame, values: Array, use: Mask, name: str) -> Iterator[Quantity]:
    """How cells differ from their ring, and how alike neighbours are."""
    logs, good = shape.relative(values, use, frame.rings)
    title = f"Cells over their ring's median{name}"
    found = shape.quantiles(logs, good)
    yield bars(f"quantiles{name}", title, found, 0.05, labels=_NAMES, axes=("quantile", "cell over ring"))
    deviation = float(logs[good].std()) if good.any() else np.nan
    yield number(f"spread{name}", f"Spread of the pattern (log){name}", deviation, 0.1)
    found = space.correlations(logs, good, space.OFFSETS, frame.circular)
    title = f"Correlation of the pattern{name}"
    axes = ("offset (rows, columns)", "correlation")
    yield bars(f"alike{name}", title, found, 0.1, labels=space.words(space.OFFSETS), axes=axes, absolute=True)
