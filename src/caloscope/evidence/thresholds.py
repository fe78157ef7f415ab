"""Where evidence becomes a flag, for each class of places."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Self

import numpy as np

from caloscope.evidence.layout import Layout
from caloscope.records import Floats


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Nats, for single cells, regions of hardware, patches (small boxes of cells) and the whole map."""

    cell_low: float
    cell_high: float
    region_low: float
    region_high: float
    patch_low: float
    patch_high: float
    map_low: float
    map_high: float

    @classmethod
    def of(cls, threshold: float, found: Mapping[str, float]) -> Self:
        """From a card: `threshold` for all classes that `found` does not name."""
        return cls(**{field.name: float(found.get(field.name, threshold)) for field in fields(cls)})

    def raised(self, nats: float) -> Self:
        """All of them higher by so much, lower where it is negative; never below 1."""
        if nats == 0.0:
            return self
        return replace(
            self, **{field.name: max(1.0, getattr(self, field.name) + nats) for field in fields(self)}
        )


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """The same by place, `(2, place)` or `(2, 1)`, low and high."""

    cells: Floats
    parts: Floats
    whole: Floats


@lru_cache(maxsize=64)
def limits_of(thresholds: Thresholds, layout: Layout) -> Limits:
    """Thresholds of all places of a view."""
    region = np.arange(len(layout.sizes)) < layout.regions
    low = np.where(region, thresholds.region_low, thresholds.patch_low)
    high = np.where(region, thresholds.region_high, thresholds.patch_high)
    cells = np.array([[thresholds.cell_low], [thresholds.cell_high]], np.float32)
    whole = np.array([[thresholds.map_low], [thresholds.map_high]], np.float32)
    return Limits(cells, np.stack([low, high]).astype(np.float32), whole)
