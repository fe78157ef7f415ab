"""The scalars that say which run and lumisection a file is about, named as CMSSW's `DQMEventInfo` names them.

Every value comes from the store, none from the clock or the process, so that whoever writes the file of a run
writes the same one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from caloscope import __version__
from caloscope.outputs.pictures import verdict
from caloscope.outputs.scored import Scored
from caloscope.records import LUMISECTION_SECONDS

Scalar = int | float | str
UNKNOWN = -1.0
"""What CMS writes for a time or a fraction that is not known."""


def scalars(scored: Sequence[Scored], process: str) -> Mapping[str, Scalar]:
    """Name and value of each scalar below `EventInfo`; `process` is the name of the producer."""
    newest = max(scored, key=lambda one: one.newest).columns
    began_at = float(newest.began_at[-1])
    return {
        "iRun": newest.newest.run,
        "iLumiSection": newest.newest.lumi,
        "runStartTimeStamp": run_start(scored),
        "eventTimeStamp": began_at if np.isfinite(began_at) else UNKNOWN,
        "processStartTimeStamp": min(float(one.columns.scored_at.min()) for one in scored),
        "processTimeStamp": max(float(one.columns.scored_at.max()) for one in scored),
        "processedEvents": max(int(np.nansum(one.columns.events)) for one in scored),
        "processName": process,
        "CMSSW_Version": f"caloscope-{__version__}",
        "label": newest.newest.label,
        "reportSummary": fraction_good([one for one in scored if not one.sub]),
        **_per_map(scored),
    }


def run_start(scored: Sequence[Scored]) -> float:
    """When lumisection 1 began, counted back from the first one with a known time; -1 if there is none."""
    starts = [
        float(one.columns.began_at[index]) - (int(one.lumis[index]) - 1) * LUMISECTION_SECONDS
        for one in scored
        for index in np.flatnonzero(np.isfinite(one.columns.began_at))[:1]
    ]
    return min(starts, default=UNKNOWN)


def fraction_good(scored: Sequence[Scored]) -> float:
    """Good cells over good and bad ones, masked and unknown ones left out; -1 where none was judged."""
    good = sum(one.good_and_judged[0] for one in scored)
    judged = sum(one.good_and_judged[1] for one in scored)
    return good / judged if judged else UNKNOWN


def _per_map(scored: Sequence[Scored]) -> dict[str, Scalar]:
    """What the maps say for themselves: fraction good, verdict with its reason, and who scored them."""
    said: dict[str, Scalar] = {}
    for one in scored:
        name = f"{one.spec.slug} {one.sub}" if one.sub else one.spec.slug
        said[f"reportSummaryContents/{name}"] = fraction_good([one])
        said[f"MLStatus/{name}"] = verdict(one)
        said[f"MLLumiSection/{name}"] = one.newest
        said[f"MLBundle/{name}"] = f"{one.bundle.name} {one.bundle.hash}"
    return said
