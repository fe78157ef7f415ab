"""The two-dimensional monitor elements of one scored map."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.outputs.layout import Element
from caloscope.outputs.scored import Scored
from caloscope.records import Code
from caloscope.writers.histograms import Histogram2D


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Values of a view's shape under an element's name; `remark` ends the title."""

    element: Element
    values: NDArray[np.float32]
    remark: str


def pictures(scored: Scored, *, cms_names: bool) -> Iterator[Picture]:
    """All pictures of a map; under CMS's names one loss and one reconstruction, whatever the detector."""
    last = f"LS {scored.newest}"
    yield Picture(Element.QUALITY, scored.codes.astype(np.float32), f"{last}: {verdict(scored)}")
    yield from _merged(scored, last) if cms_names else _separate(scored, last)
    counts, scored_lumis = scored.flagged_lumis, len(scored.scored_lumis)
    yield Picture(Element.BAD_COUNT, counts.astype(np.float32), f"up to {last}")
    share = counts / max(1, scored_lumis)
    yield Picture(Element.BAD_FRACTION, share.astype(np.float32), f"of {scored_lumis} scored LS")


def verdict(scored: Scored) -> str:
    """The map's answer in its newest lumisection, with the reason where there is one."""
    quality, reason = scored.columns.quality, scored.columns.reason
    return str(quality) if reason is None else f"{quality} ({reason})"


def planes(view: View, picture: Picture) -> Iterator[tuple[int | None, NDArray[np.float32]]]:
    """Physical depth and `(y, x)` values of each plane of a picture; one plane of no depth on a flat view."""
    if not view.depths:
        yield None, picture.values
        return
    yield from zip(view.depths, picture.values, strict=True)


def histogram(view: View, element: Element, values: NDArray[np.float32], title: str) -> Histogram2D:
    """A plane as a TH2F on the view's axes; the colours of all quality maps have one scale."""
    scale = (float(min(Code)), float(max(Code))) if element is Element.QUALITY else (None, None)
    return Histogram2D(
        title=title,
        x_title=view.x.title,
        y_title=view.y.title,
        x_range=(view.x.low, view.x.high),
        y_range=(view.y.low, view.y.high),
        values=values,
        minimum=scale[0],
        maximum=scale[1],
        entries=float(values.size),
    )


_UNITS = {
    "score": (Element.LOSS, "score"),
    "reconstruction": (Element.RECONSTRUCTION, "reconstruction"),
    "evidence": (Element.EVIDENCE, "evidence in nats"),
    "expected": (Element.EXPECTED, "expected counts"),
}


def _separate(scored: Scored, last: str) -> Iterator[Picture]:
    """Each array that the detector left, under its own name."""
    for name, (element, unit) in _UNITS.items():
        if name in scored.arrays:
            yield Picture(element, scored.arrays[name].astype(np.float32), f"{unit}, {last}")


def _merged(scored: Scored, last: str) -> Iterator[Picture]:
    """What the threshold was applied to as the loss, what was expected as the reconstruction."""
    for element, names in (
        (Element.LOSS, ("score", "evidence")),
        (Element.RECONSTRUCTION, ("reconstruction", "expected")),
    ):
        name = next((name for name in names if name in scored.arrays), None)
        if name is not None:
            unit = _UNITS[name][1]
            yield Picture(element, scored.arrays[name].astype(np.float32), f"{unit}, {last}")
