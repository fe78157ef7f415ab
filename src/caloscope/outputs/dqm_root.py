"""One DQM ROOT file per producer and run, rewritten from the store after each lumisection.

Nothing is remembered between two calls: all that stands in a run's file follows from the rows of the store,
so that a restart, another process or a replay writes the same file.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from caloscope.outputs import ecal, event_info, generic, hcal
from caloscope.outputs.gather import gather
from caloscope.outputs.layout import Layout
from caloscope.outputs.pictures import histogram, pictures, planes
from caloscope.outputs.scored import Scored
from caloscope.store import Store
from caloscope.writers.dqm import Histogram2D, Object, Profile, write_dqm

_LAYOUTS = {"Ecal": ecal.LAYOUT, "Hcal": hcal.LAYOUT}


def write_run(store: Store, label: str, run: int, folder: Path, *, cms_names: bool = False) -> list[Path]:
    """Rewrite the DQM files of a run, one per producer, in `folder`; answers with their paths.

    By default everything stands under a top folder of its own (`EcalML`, `HcalML`, `<producer>ML`); with
    `cms_names` under the folders and names that CMSSW uses. The file is named the same either way, so that it
    never replaces one that CMSSW wrote. One label, one folder: files of the same run from two labels would
    replace each other. A run that holds no results leaves no file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    scored = gather(store, label, run)
    for producer in dict.fromkeys(one.spec.producer for one in scored):
        path = folder / file_name(producer, run)
        own = [one for one in scored if one.spec.producer == producer]
        write_dqm(path, run, arrange(own, producer, cms_names=cms_names))
        written.append(path)
    return written


def file_name(producer: str, run: int) -> str:
    """`DQM_V0001_<producer>ML_R<run>.root`; the tag has letters and digits only, as CMS's readers expect."""
    return f"DQM_V0001_{_tag(producer)}_R{run:09d}.root"


def arrange(scored: Sequence[Scored], producer: str, *, cms_names: bool) -> dict[str, Object]:
    """All objects of one producer's file by their path, `<top folder>/<folders>/<name>`."""
    layout = _LAYOUTS.get(producer) or generic.layout(producer)
    own_top = None if cms_names else _tag(producer)
    objects: dict[str, Object] = {}
    for one in scored:
        objects.update(_maps(one, layout, own_top))
    # Maps of one quantity by bundles of one rank share their trends.
    ordered = sorted(scored, key=_trend_group)
    for (_, sub), group in groupby(ordered, key=_trend_group):
        objects.update(_trends(list(group), layout, own_top, sub))
    info = event_info.scalars(scored, _tag(producer))
    objects.update({f"{own_top or layout.top}/EventInfo/{name}": value for name, value in info.items()})
    return objects


def _maps(scored: Scored, layout: Layout, own_top: str | None) -> Iterator[tuple[str, Histogram2D]]:
    """The pictures of one map, plane by plane."""
    for picture in pictures(scored, cms_names=own_top is None):
        for depth, values in planes(scored.view, picture):
            place = layout.place(picture.element, scored.spec, depth)
            title = f"{place.shown} ({picture.remark})"
            yield place.path(own_top, scored.sub), histogram(scored.view, picture.element, values, title)


def _trends(
    group: Sequence[Scored], layout: Layout, own_top: str | None, sub: str
) -> Iterator[tuple[str, Profile]]:
    """The trends of one group, all on one axis."""
    axis = layout.axis(max(int(one.lumis[-1]) for one in group))
    for place, trend in layout.trends(group):
        yield place.path(own_top, sub), trend.profile(axis)


def _trend_group(scored: Scored) -> tuple[str, str]:
    return scored.spec.quantity, scored.sub


def _tag(producer: str) -> str:
    """A producer's own top folder and the tag of its file."""
    return re.sub(r"[^A-Za-z0-9]", "", producer) + "ML"
