"""A calorimeter that is not CMS's, described in a TOML text."""

from collections.abc import Mapping

import numpy as np

from caloscope.errors import UsageError
from caloscope.geometry.building import frozen, small_to_large
from caloscope.geometry.custom_boxes import Line, lines, union
from caloscope.geometry.custom_names import CellNames, checked_form, smallest
from caloscope.geometry.custom_text import AxisText, ViewText, parse
from caloscope.geometry.view import Axis, Region, View
from caloscope.records import Mask

CMS_VIEWS = frozenset({"EB", "EE-", "EE+", "HCAL", "HO"})
"""Names that mean CMS's own views wherever readers, outputs and simulation treat those specially."""


def view_names(calorimeter: str) -> tuple[str, ...]:
    """Names of the views that a text describes; raises UsageError for a text that will not do."""
    return tuple(parse(calorimeter).views)


def build(name: str, era: str, calorimeter: str) -> View:
    """One view of the calorimeter in a text; shape (y, x), or (depth, y, x) where it lists depths.

    A text without `eras` describes all of them. Raises UsageError for a text that will not do (naming
    key, value and what was expected), for a view or an era that it does not describe.
    """
    text = parse(calorimeter)
    taken = CMS_VIEWS.intersection(text.views)
    if taken:
        raise UsageError(f"view {min(taken)!r} is one of CMS's: choose another name for yours")
    if name not in text.views:
        raise UsageError(f"view {name!r} is not known: {text.name} has {', '.join(text.views)}")
    if text.eras and era not in text.eras:
        raise UsageError(f"era {era!r} is not known: {text.name} has {', '.join(text.eras)}")
    return _view(name, era, text.views[name])


def _axis(text: AxisText) -> Axis:
    return Axis(text.name, text.title or text.name, text.low, text.high, text.coordinates, text.circular)


def _existing(text: ViewText, axes: Mapping[str, Line], where: str) -> Mask:
    """Cells in `present` (all, if it is not there) and not in `absent`."""
    shape = tuple(len(line.coordinates) for line in axes.values())
    every = np.ones(shape, dtype=np.bool_)
    present = every if text.present is None else union(text.present, axes, f"{where}.present")
    exists = present & ~union(text.absent, axes, f"{where}.absent")
    if not exists.any():
        raise UsageError(f"{where} has no cell left: expected 'present' and 'absent' to leave some")
    return frozen(exists)


def _regions(text: ViewText, axes: Mapping[str, Line], exists: Mask, where: str) -> tuple[Region, ...]:
    regions = []
    for number, region in enumerate(text.regions):
        members = union(region.boxes, axes, f"{where}.regions.{number}.boxes") & exists
        if not members.any():
            raise UsageError(f"{where}.regions.{number} ({region.name}) holds no cell: expected at least one")
        regions.append(Region(region.name, region.kind, frozen(members)))
    return small_to_large(regions)


def _names(name: str, text: ViewText, exists: Mask, regions: tuple[Region, ...], where: str) -> CellNames:
    return CellNames(
        view=name,
        form=checked_form(text, f"{where}.cell_name"),
        y=(text.y.name, text.y.coordinates),
        x=(text.x.name, text.x.coordinates),
        depths=tuple(text.depths),
        exists=exists,
        owner=smallest(regions, exists.shape),
        regions=tuple(region.name for region in regions),
    )


def _view(name: str, era: str, text: ViewText) -> View:
    where = f"calorimeter text: views.{name}"
    axes = lines(text)
    exists = _existing(text, axes, where)
    regions = _regions(text, axes, exists, where)
    names = _names(name, text, exists, regions, where)
    return View(
        name=name,
        era=era,
        y=_axis(text.y),
        x=_axis(text.x),
        depths=tuple(text.depths),
        exists=exists,
        regions=regions,
        describe=names.describe,
        locate=names.locate,
        notes=text.notes,
    )
