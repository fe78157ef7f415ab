"""A study on measured files as its TOML text describes it."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Final, Literal, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.records import Cell, Mask
from caloscope.study.real.lost import LostHits
from caloscope.study.text import TITLE
from caloscope.training.fitting import TRAINABLE

SIGNS: Final = {"low": -1, "high": 1}
"""Directions of a fault, as results write them."""

_Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[ -~]*$")]
_Title: TypeAlias = Annotated[str, Field(max_length=60, pattern=TITLE)]
_Factor: TypeAlias = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
_DETECTORS: Final = ("reference", "pull", "beta-binomial", "pca", "nmf", LostHits.name)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SampleText(_Table):
    """A table `[sample.TITLE]`: one map of one measured file, or the difference of two.

    `file` lies in the folder of measured files. The sample is `map - minus`, cell by cell, where there is a
    `minus`. Blocks of `together` lumisections are judged one after the other and held out together. `faults`
    lists by lumisection, counted from 1, the hardware that is faulty in it, as `EB-01 low`; `known` is
    hardware that comes and goes, and is taken for neither sound nor faulty where `faults` does not list it.
    """

    file: _Words
    map: _Words
    era: _Words
    minus: Annotated[str, Field(max_length=200)] = ""
    together: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    faults: Mapping[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")], tuple[_Words, ...]] = {}
    known: tuple[_Words, ...] = ()

    @model_validator(mode="after")
    def _there(self) -> Self:
        for name in (self.map, *([self.minus] if self.minus else [])):
            if name not in load():
                raise ValueError(f"a map that is known: found {name!r}, one of {', '.join(load())}")
        if self.minus and load()[self.minus].view != self.spec.view:
            raise ValueError(f"two maps of one view: found {self.map} and {self.minus}")
        try:
            on = self.on
        except UsageError as error:
            raise ValueError(str(error)) from error
        for words in (each for faults in self.faults.values() for each in faults):
            name, _, direction = words.rpartition(" ")
            if direction not in SIGNS:
                raise ValueError(f"'HARDWARE low' or 'HARDWARE high': found {words!r}")
            _require(name, on)
        for name in self.known:
            _require(name, on)
        return self

    @property
    def spec(self) -> MapSpec:
        """That of its map."""
        return load()[self.map]

    @property
    def on(self) -> View:
        """Its view."""
        return view(self.spec.view, self.era)


class RealText(_Table):
    """A study on measured files: faults that are in them, and faults that are made by thinning their counts.

    `places` is the share of cells that are faulty at a time, in `groups` such sets (all cells in turn where
    there is none); `factors` are what is left of counts.
    """

    title: _Words
    protocol: Literal["real"]
    detectors: Annotated[tuple[_Words, ...], Field(min_length=1)] = _DETECTORS
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 5
    factors: Annotated[tuple[_Factor, ...], Field(min_length=1, max_length=20)] = (0.0, 0.5, 0.8)
    places: Annotated[float, Field(gt=0, le=0.2, allow_inf_nan=False)] = 0.02
    groups: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = None
    bins: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(max_length=10)] = (30.0, 100.0, 300.0)
    """Of counts that a cell expects: where one ends and the next begins."""
    sample: Annotated[Mapping[_Title, SampleText], Field(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = (*(name for name in TRAINABLE if name != "blind"), LostHits.name)
        for name in self.detectors:
            if name not in known:
                raise ValueError(f"detectors that can learn: found {name!r}, one of {', '.join(known)}")
        if any(low >= high for low, high in pairwise(self.bins)):
            raise ValueError("'bins' from low to high")
        return self

    @property
    def sets(self) -> int:
        """How many sets of cells are made faulty in turn."""
        whole = max(1, round(1.0 / self.places))
        return min(self.groups or whole, whole)

    def planned(self) -> str:
        """What would be measured."""
        cells = f"{self.sets} sets of {100 * self.places:g} % of the cells"
        detectors, faults = f"{len(self.detectors)} detectors", f"{len(self.factors)} faults"
        return f"{len(self.sample)} samples, {detectors}, {faults} in {cells}"


def cells_of(on: View, name: str) -> Mask:
    """The cells of a piece of hardware: of a region, or a single one. Raises `KeyError` for no name of it."""
    for region in on.regions:
        if region.name == name:
            return region.members
    found = np.zeros(on.shape, np.bool_)
    found[_single(on)[name]] = True
    return found


@lru_cache(maxsize=16)
def _single(on: View) -> Mapping[str, Cell]:
    """Every cell by the name that the view has for it."""
    return {on.describe(cell): cell for cell in map(tuple, np.argwhere(on.exists).tolist())}


def _require(name: str, on: View) -> None:
    regions = [region.name for region in on.regions]
    if name not in regions and name not in _single(on):
        some = ", ".join([*regions[-2:], next(iter(_single(on)))])
        raise ValueError(f"hardware as the view names it: found {name!r}, names are like {some}")
