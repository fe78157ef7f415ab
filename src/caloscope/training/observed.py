"""Lumisections as detectors learn from them."""

from collections.abc import Sequence
from typing import overload

from caloscope import prepare
from caloscope.detectors.base import Observation
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given


class Observed(Sequence[Observation]):
    """Observations that are made when they are asked for.

    Thousands of lumisections of a large map fit into memory as the counts that were read, but not as the
    float64 that detectors work with. Raises `UsageError` for a record that has not the view's shape.
    """

    def __init__(self, given: Sequence[Given], on: View) -> None:
        self.given, self._on = given, on

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.given)

    @overload
    def __getitem__(self, place: int) -> Observation: ...
    @overload
    def __getitem__(self, place: slice) -> "Observed": ...
    def __getitem__(self, place: int | slice) -> "Observation | Observed":
        """One observation, made anew; or some of them, not made yet."""
        if isinstance(place, slice):
            return Observed(self.given[place], self._on)
        given = self.given[place]
        if given.record is None or given.record.counts.shape != self._on.shape:
            shape = None if given.record is None else given.record.counts.shape
            where = f"{self._on.name} {given.id.run}:{given.id.lumi}"
            raise UsageError(f"{where}: counts of shape {shape}, expected {self._on.shape}")
        return prepare.observe(given.id, given.record, self._on)


class Chosen(Sequence[Observation]):
    """Some of a sequence of observations, by their places; made when they are asked for."""

    def __init__(self, observations: Sequence[Observation], places: Sequence[int]) -> None:
        self._observations, self._places = observations, places

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Observation: ...
    @overload
    def __getitem__(self, place: slice) -> "Chosen": ...
    def __getitem__(self, place: int | slice) -> "Observation | Chosen":
        """One of them; or some of them, not made yet."""
        if isinstance(place, slice):
            return Chosen(self._observations, self._places[place])
        return self._observations[self._places[place]]


def with_events(observations: Sequence[Observation], least: int) -> Chosen:
    """Those with so many events, as `learned.usable`, but never held together.

    Raises `UsageError` for less than two, or when nothing counted.
    """
    enough = max(1, least)
    places = [place for place, each in enumerate(observations) if (each.events or 0) >= enough]
    found = Chosen(observations, places)
    if len(found) < 2:
        told = f"{len(found)} lumisections with at least {least} events"
        raise UsageError(f"{told}, expected 2 or more to learn from")
    if not any(each.counts.any() for each in found):
        told = f"{len(found)} lumisections in which nothing counted"
        raise UsageError(f"{told}, expected a detector that is alive")
    return found
