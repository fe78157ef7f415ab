"""Source files, read for what bundles want of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec
from caloscope.config.catalogue import load as load_catalogue
from caloscope.detectors.base import NeedsCompanions
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.monitor.reading import allowed
from caloscope.readers import read
from caloscope.records import Lumisection

_Shared = TypeVar("_Shared")


class Sources:
    """Reads the maps that bundles score, and those that their detectors want beside them.

    Raises `UsageError` where the bundles are of several eras or calorimeters, or there are none.
    """

    def __init__(self, bundles: Sequence[Bundle], label: str, runs: range | None) -> None:
        self._label = label
        self._runs = runs
        self._era = _only("eras", {bundle.card.era for bundle in bundles})
        self._calorimeter = _only("calorimeters", {bundle.calorimeter for bundle in bundles})
        self._maps = _specs(bundles, self._calorimeter)

    def read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
        """The lumisections of a file as they are read; `run` for files that do not say theirs.

        Raises `SourceError` where it cannot be read on, and after the last one where some were of runs that
        are not taken.
        """
        found = read(
            path, self._maps, label=self._label, era=self._era, run=run, views=self._view, conditions=True
        )
        return found if self._runs is None else allowed(found, self._runs, path)

    def _view(self, name: str, era: str) -> View:
        return view(name, era, self._calorimeter)


def _specs(bundles: Sequence[Bundle], calorimeter: str | None) -> list[MapSpec]:
    """The maps that the bundles score and those that their detectors want beside them, each once."""
    names = {bundle.card.map for bundle in bundles}
    for bundle in bundles:
        if isinstance(bundle.detector, NeedsCompanions):
            names |= set(bundle.detector.companions)
    return [spec for name, spec in load_catalogue(calorimeter).items() if name in names]


def _only(what: str, found: set[_Shared]) -> _Shared:
    """The one value that all bundles share. Raises `UsageError` where they do not, or there are none."""
    if len(found) != 1:
        raise UsageError(f"bundles of {len(found)} {what}, expected one or more bundles of the same")
    return found.pop()
