"""Names and axes for a calorimeter that is not CMS's, and what all layouts have in common."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.outputs.layout import Element, Layout, Place
from caloscope.outputs.scored import Quantity, Scored
from caloscope.outputs.trends import LumiAxis, Trend

_NAMES = {
    Element.QUALITY: "ML quality summary",
    Element.LOSS: "ML score",
    Element.RECONSTRUCTION: "ML reconstruction",
    Element.EVIDENCE: "ML evidence",
    Element.EXPECTED: "ML expected",
    Element.BAD_COUNT: "ML bad cell count",
    Element.BAD_FRACTION: "ML bad cell count normalized",
}


def place(element: Element, spec: MapSpec, depth: int | None) -> Place:
    """`<view>/<quantity>/<element>[ depth d]` below the producer's own top folder."""
    name = _NAMES[element] if depth is None else f"{_NAMES[element]} depth {depth}"
    return Place(spec.producer, f"{spec.view}/{spec.quantity}", name)


def axis(last: int) -> LumiAxis:
    """200 bins of 10 lumisections; more of the same width in a longer run."""
    return LumiAxis.covering(last, title="LumiSections", bins=200, low=0.0, width=10.0, shift=0.5)


def common_trends(group: Sequence[Scored], places: Mapping[Quantity, Place]) -> Iterator[tuple[Place, Trend]]:
    """What is the same for all maps of a producer, from the first map that knows anything of it."""
    for quantity, where in places.items():
        for scored in group:
            values = scored.column(quantity)
            if np.isfinite(values).any():
                yield where, Trend(where.shown, scored.lumis.astype(np.float64), values)
                break


def trends(group: Sequence[Scored]) -> Iterator[tuple[Place, Trend]]:
    """Pileup, events, events per image and the number of bad cells of each map."""
    spec = group[0].spec
    folder = f"Trends/{spec.quantity}"
    yield from common_trends(
        group,
        {
            "pileup": Place(spec.producer, folder, "PU per Lumisection"),
            "events": Place(spec.producer, folder, "Number of Events per Lumisection"),
            "image_events": Place(spec.producer, folder, "Number of Events used per ML image"),
        },
    )
    for scored in group:
        name = f"Number of bad cells from MLDQM {scored.spec.view}"
        lumis = scored.scored_lumis.astype(np.float64)
        yield Place(spec.producer, folder, name), Trend(name, lumis, scored.flagged_per_lumi())


def layout(producer: str) -> Layout:
    """The layout of a producer that is not CMS's."""
    return Layout(producer, place, trends, axis)
