"""Examples to look at: which ones, and the planes `(y, x)` of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.study.examples import Example

MOST: Final = 8

RINGED: Final = 12
"""Cells that are ringed: more of them are seen without."""

SMALL: Final = 40
"""Bins along an axis from which on single cells are too small to be seen."""

Plane = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One example on one plane `(y, x)`: values are NaN where no cell is, or nothing is known.

    `top` is where the colours of counts and expectation end, `worst` those of evidence.
    """

    title: str
    note: str
    exists: Mask
    counts: Plane
    expected: Plane
    evidence: Plane
    flagged: Plane
    faulty: Plane
    top: float
    worst: float


def chosen(examples: Sequence[Example], most: int = MOST) -> list[Example]:
    """A hit and a miss of every fault, or so many evenly among these; then others. In the order given."""
    first: dict[tuple[str, bool], int] = {}
    for place, example in enumerate(examples):
        first.setdefault((example.fault, example.delay is None), place)
    kinds = sorted(first.values())
    if len(kinds) > most:
        kinds = [kinds[int(place)] for place in np.linspace(0, len(kinds) - 1, most).round()]
    rest = [place for place in range(len(examples)) if place not in kinds]
    return [examples[place] for place in sorted((kinds + rest)[:most])]


def scene(example: Example, view: View) -> Scene:
    """Of a view with depths the one that holds the fault."""
    depth = _depth(example, view)
    where = "" if depth is None else f", depth {view.depths[depth]}"
    exists = view.exists if depth is None else view.exists[depth]

    def plane(values: NDArray[np.generic]) -> Plane:
        flat = np.asarray(values if depth is None else values[depth], np.float64)
        return np.where(exists & np.isfinite(flat), flat, np.nan)

    counts, expected, evidence = plane(example.counts), plane(example.expected), plane(example.evidence)
    found = "Missed" if example.delay is None else f"Found after {example.delay} LS"
    flagged, faulty = plane(example.flagged), plane(example.faulty)
    hits = int(np.nansum(flagged * faulty))
    note = (
        f"{found}; LS {example.lumi} since the onset, run {example.run}{where}; flagged {hits:,} of "
        f"{int(np.nansum(faulty)):,} faulty cells and {int(np.nansum(flagged)) - hits:,} good ones"
    )
    both = np.concatenate([counts[np.isfinite(counts)], expected[np.isfinite(expected)]])
    top = max(1.0, float(np.percentile(both, 99.5))) if both.size else 1.0
    known = evidence[np.isfinite(evidence)]
    worst = max(1.0, float(known.max())) if known.size else 1.0
    return Scene(
        f"{example.fault}, {example.detector}",
        note,
        exists,
        counts,
        expected,
        evidence,
        flagged,
        faulty,
        top,
        worst,
    )


def rings(values: Plane, view: View) -> tuple[Plane, Plane]:
    """Where cells (x, y on the axes) are marked that would be overlooked: a few on a map of many."""
    y, x = np.nonzero(values == 1.0)
    if max(view.x.bins, view.y.bins) < SMALL or len(x) > RINGED:
        y, x = y[:0], x[:0]
    places = []
    for axis, bins in ((view.x, x), (view.y, y)):
        places.append(axis.low + (bins + 0.5) * (axis.high - axis.low) / axis.bins)
    return places[0], places[1]


def _depth(example: Example, view: View) -> int | None:
    return int(np.argmax(example.faulty.sum(axis=(1, 2)))) if view.depths else None
