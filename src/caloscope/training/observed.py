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
        self._given = [each for each in given if each.record is not None]
        self._on = on
        for each in self._given:
            if each.record is not None and each.record.counts.shape != on.shape:
                where = f"{on.name} {each.id.run}:{each.id.lumi}"
                raise UsageError(f"{where}: counts of shape {each.record.counts.shape}, expected {on.shape}")

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self._given)

    @overload
    def __getitem__(self, place: int) -> Observation: ...
    @overload
    def __getitem__(self, place: slice) -> "Observed": ...
    def __getitem__(self, place: int | slice) -> "Observation | Observed":
        """One observation, made anew; or some of them, not made yet."""
        if isinstance(place, slice):
            return Observed(self._given[place], self._on)
        given = self._given[place]
        assert given.record is not None
        return prepare.observe(given.id, given.record, self._on)
