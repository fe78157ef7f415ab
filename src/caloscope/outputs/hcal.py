"""Names and axes of the hadron calorimeter, in the style of CMSSW's `HcalMLTask`.

CMSSW publishes one element only, `MLBadFlagedChannelsvsLS` (its spelling) per subdetector; the maps are
named as HCAL names its own: `<task>/<quantity>/depth/depth<d>`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.outputs import generic
from caloscope.outputs.layout import Element, Layout, Place
from caloscope.outputs.scored import Scored
from caloscope.outputs.trends import LumiAxis, Trend
from caloscope.records import Mask

_TOP = "Hcal"
_TASK = "HcalMLTask"
_PLAIN = "digi"
_BAD_TREND = "MLBadFlagedChannelsvsLS"
_VIEWS = ("HCAL", "HO")
_NAMES = {
    Element.QUALITY: "MLQualitySummary",
    Element.LOSS: "MLScore",
    Element.RECONSTRUCTION: "MLReconstruction",
    Element.EVIDENCE: "MLEvidence",
    Element.EXPECTED: "MLExpected",
    Element.BAD_COUNT: "MLBadChannelCount",
    Element.BAD_FRACTION: "MLBadChannelCountNormalized",
}


def _task(quantity: str) -> str:
    """The folder of one quantity."""
    return _TASK if quantity == _PLAIN else f"{_TASK}/{quantity}"


def place(element: Element, spec: MapSpec, depth: int | None) -> Place:
    """Where an element of a map stands; a view that is no part of CMS's HCAL is named generically."""
    if spec.view not in _VIEWS:
        return generic.place(element, spec, depth)
    name = f"depth{'HO' if depth is None else depth}"
    what = _NAMES[element]
    return Place(_TOP, f"{_task(spec.quantity)}/{what}/depth", name, f"{what} {name}")


def axis(last: int) -> LumiAxis:
    """4000 bins of one lumisection from 1 on, as `hcaldqm::quantity::LumiSection`; more in a longer run."""
    return LumiAxis.covering(last, title="LS", bins=4000, low=1.0, width=1.0, shift=0.0)


def trends(group: Sequence[Scored]) -> Iterator[tuple[Place, Trend]]:
    """Pileup, events and events per image against LS, and the bad channels of each subdetector."""
    folder = _task(group[0].spec.quantity)
    yield from generic.common_trends(
        group,
        {
            "pileup": Place(_TOP, folder, "PUvsLS"),
            "events": Place(_TOP, folder, "EventsvsLS"),
            "image_events": Place(_TOP, folder, "EventsPerMLImagevsLS"),
        },
    )
    for scored in group:
        for name, members in _subdetectors(scored):
            lumis = scored.scored_lumis.astype(np.float64)
            where = Place(_TOP, f"{folder}/{_BAD_TREND}/Subdet", name, f"{_BAD_TREND} {name}")
            yield where, Trend(where.shown, lumis, scored.flagged_per_lumi(members))


def _subdetectors(scored: Scored) -> Iterator[tuple[str, Mask | None]]:
    """Name and cells of each subdetector of a view; a view without any is one itself, as HO is."""
    regions = [region for region in scored.view.regions if region.kind == "subdetector"]
    for region in regions:
        yield region.name, region.members
    if not regions:
        yield scored.view.name, None


LAYOUT = Layout(_TOP, place, trends, axis)
