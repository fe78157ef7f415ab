"""Calorimeters: which cells a detector has, where they are, what they are called and what they share."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from caloscope.errors import UsageError
from caloscope.geometry import custom, ecal_barrel, ecal_endcap, hcal, ho
from caloscope.geometry.eras import ERAS, Era, era_of_run, known_era
from caloscope.geometry.view import Axis, Region, View

__all__ = ["ERAS", "Axis", "Region", "View", "era_of_run", "view", "view_names"]

_CMS: Final[dict[str, Callable[[Era], View]]] = {
    ecal_barrel.NAME: ecal_barrel.build,
    "EE-": partial(ecal_endcap.build, "EE-"),
    "EE+": partial(ecal_endcap.build, "EE+"),
    hcal.NAME: hcal.build,
    ho.NAME: ho.build,
}


def view_names(calorimeter: str | None = None) -> tuple[str, ...]:
    """Names of all views of CMS, or of the calorimeter that a TOML text describes."""
    return tuple(_CMS) if calorimeter is None else custom.view_names(calorimeter)


@lru_cache(maxsize=64)
def view(name: str, era: str, calorimeter: str | None = None) -> View:
    """A view by name and era; `calorimeter` is the TOML text of one that is not CMS's.

    The same view is given to everybody, so its arrays are read-only. Raises UsageError for a name or an
    era that is not known, listing those that are, and for a text that will not do.
    """
    if calorimeter is not None:
        return custom.build(name, era, calorimeter)
    if name not in _CMS:
        raise UsageError(f"view {name!r} is not known: expected one of {', '.join(_CMS)}")
    return _CMS[name](known_era(era))
