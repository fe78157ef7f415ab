"""Names and axes of the electromagnetic calorimeter, as CMSSW's `MLClient` and `OccupancyTask` book them.

Element names are those of `MLClient_cfi.py` and `OccupancyTask_cfi.py`; evidence and expectation, which CMSSW
does not have, are named in their style.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.outputs import generic
from caloscope.outputs.layout import Element, Layout, Place
from caloscope.outputs.scored import Scored
from caloscope.outputs.trends import LumiAxis, Trend

_TOP = "Ecal"
_PLAIN = "digi"
"""The quantity that CMSSW monitors; any other one gets a folder of its own."""

_PARTS = {
    "EB": ("EcalBarrel", "EB", ""),
    "EE-": ("EcalEndcap", "EE", " EE -"),
    "EE+": ("EcalEndcap", "EE", " EE +"),
}
"""Of each view: its top folder, and the prefix and suffix of its elements (`MESetEcal.cc`)."""

_NAMES = {
    Element.QUALITY: ("SummaryClient", "{prefix}OT{suffix} ML quality summary"),
    Element.LOSS: ("OccupancyTask", "{prefix}OT AE Loss{suffix}"),
    Element.RECONSTRUCTION: ("OccupancyTask", "{prefix}OT AE Reco{suffix}"),
    Element.EVIDENCE: ("OccupancyTask", "{prefix}OT ML evidence{suffix}"),
    Element.EXPECTED: ("OccupancyTask", "{prefix}OT ML expected{suffix}"),
    Element.BAD_COUNT: ("OccupancyTask", "{prefix}OT ML bad tower count{suffix}"),
    Element.BAD_FRACTION: ("OccupancyTask", "{prefix}OT ML bad tower count normalized{suffix}"),
}


def place(element: Element, spec: MapSpec, depth: int | None) -> Place:
    """Where an element of a map stands; a view that is no part of CMS's ECAL is named generically."""
    if spec.view not in _PARTS:
        return generic.place(element, spec, depth)
    top, prefix, suffix = _PARTS[spec.view]
    task, name = _NAMES[element]
    folder = f"{prefix}{task}" if spec.quantity == _PLAIN else f"{prefix}{task}/{spec.quantity}"
    return Place(top, folder, name.format(prefix=prefix, suffix=suffix))


def axis(last: int) -> LumiAxis:
    """200 bins of 10 lumisections, as `MESetTrend` books them; more of the same width in a longer run."""
    return LumiAxis.covering(last, title="LumiSections", bins=200, low=0.0, width=10.0, shift=0.5)


def trends(group: Sequence[Scored]) -> Iterator[tuple[Place, Trend]]:
    """Pileup, events, events per image, and bad towers of the barrel and of both endcaps together.

    The first three are the same for all maps of a producer and come from the first that knows them.
    """
    quantity = group[0].spec.quantity
    folder = "Trends" if quantity == _PLAIN else f"Trends/{quantity}"
    yield from generic.common_trends(
        group,
        {
            "pileup": Place(_TOP, folder, "PU per Lumisection"),
            "events": Place(_TOP, folder, "Number of Events per Lumisection"),
            "image_events": Place(_TOP, folder, "Number of Events used per ML image"),
        },
    )
    for prefix in ("EB", "EE"):
        maps = [scored for scored in group if _PARTS.get(scored.spec.view, ("", "", ""))[1] == prefix]
        if maps:
            name = f"Number of bad towers from MLDQM {prefix}"
            yield Place(_TOP, folder, name), _added(name, maps)


def _added(title: str, maps: Sequence[Scored]) -> Trend:
    """Bad cells of several maps, added in each lumisection that at least one of them scored."""
    lumis = np.unique(np.concatenate([scored.scored_lumis for scored in maps]))
    total = np.zeros(len(lumis))
    for scored in maps:
        total[np.searchsorted(lumis, scored.scored_lumis)] += scored.flagged_per_lumi()
    return Trend(title, lumis.astype(np.float64), total)


LAYOUT = Layout(_TOP, place, trends, axis)
