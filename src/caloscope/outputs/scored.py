"""What the store knows of one map, scored by one bundle in one run, ready to be drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.geometry import View
from caloscope.records import Code, Codes, Mask
from caloscope.store import BundleRow
from caloscope.store.aggregate import FlagSpans, LumiColumns

Quantity: TypeAlias = Literal["pileup", "events", "image_events"]


@dataclass(frozen=True, eq=False)
class Scored:
    """One map of one run as one bundle saw it.

    `columns` holds one value per recorded lumisection, `arrays` belong to the last of them, `spans` are the
    stretches in which cells were flagged. `sub` is the folder that keeps it apart from other bundles of
    the same map, empty for the primary one.
    """

    spec: MapSpec
    view: View
    bundle: BundleRow
    sub: str
    columns: LumiColumns
    arrays: Mapping[str, NDArray[np.generic]]
    spans: FlagSpans

    @property
    def newest(self) -> int:
        """The last recorded lumisection."""
        return self.columns.newest.lumi

    @property
    def lumis(self) -> NDArray[np.int64]:
        """Recorded lumisections `(n,)`, ascending."""
        return self.columns.lumi

    @cached_property
    def scored_lumis(self) -> NDArray[np.int64]:
        """Those of them that got a verdict."""
        return self.columns.lumi[self.columns.scored]

    @cached_property
    def codes(self) -> Codes:
        """Codes of the newest lumisection; UNKNOWN in every cell when it left none."""
        stored = self.arrays.get("codes")
        if stored is not None and stored.shape == self.view.shape:
            return stored.astype(np.int8)
        return np.where(self.view.exists, Code.UNKNOWN, Code.ABSENT).astype(np.int8)

    def column(self, quantity: Quantity) -> NDArray[np.float64]:
        """One value per recorded lumisection, NaN where it is not known."""
        columns: dict[Quantity, NDArray[np.float64]] = {
            "pileup": self.columns.pileup,
            "events": self.columns.events,
            "image_events": self.columns.image_events,
        }
        return columns[quantity]

    @cached_property
    def flagged_lumis(self) -> NDArray[np.int64]:
        """Number of scored lumisections in which each cell was flagged, masked or not; the view's shape."""
        counts = np.zeros(self.view.shape, dtype=np.int64)
        begin, end = self._bounds
        if len(begin):
            np.add.at(counts, self.spans.cells, end - begin)
        return counts

    def flagged_per_lumi(self, members: Mask | None = None) -> NDArray[np.float64]:
        """Number of flagged cells, masked or not, in each scored lumisection; of `members` where given."""
        begin, end = self._bounds
        if members is not None and len(begin):
            chosen = members[self.spans.cells]
            begin, end = begin[chosen], end[chosen]
        steps = np.zeros(len(self.scored_lumis) + 1)
        np.add.at(steps, begin, 1)
        np.add.at(steps, end, -1)
        return np.cumsum(steps)[:-1]

    @property
    def good_and_judged(self) -> tuple[int, int]:
        """Newest lumisection: cells that are good, and that are good or bad; masked ones are neither."""
        good = int(np.count_nonzero(self.codes == Code.GOOD))
        return good, good + int(np.count_nonzero(self.codes == Code.BAD))

    @cached_property
    def _bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and one past the last index of each span among the scored lumisections."""
        begin = np.searchsorted(self.scored_lumis, self.spans.first, side="left")
        end = np.searchsorted(self.scored_lumis, self.spans.last, side="right")
        return begin, np.maximum(begin, end)
