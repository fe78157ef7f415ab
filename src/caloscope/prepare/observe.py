"""From the record of a map to an observation that a detector may judge.

Counts stay raw on disk; this is where geometry is applied to them.
"""

from collections.abc import Mapping

import numpy as np

from caloscope.detectors.base import Array, Observation
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.records import LumiId, MapRecord, Mask


def observe(
    lumi_id: LumiId, record: MapRecord, view: View, companions: Mapping[str, Array] | None = None
) -> Observation:
    """The observation of one map: float64 counts `([depth,] y, x)`, zero where no cell exists.

    Raises `UsageError` when the record does not have the view's shape; readers check that first.
    """
    if record.counts.shape != view.shape:
        raise UsageError(
            f"{view.name} {lumi_id.run}:{lumi_id.lumi}: counts of shape {record.counts.shape}, "
            f"expected {view.shape}"
        )
    return Observation(
        id=lumi_id,
        counts=apply_geometry(record, view.exists),
        events=record.events,
        pileup=known_pileup(record.pileup),
        companions=companions or {},
        span=record.span,
    )


def apply_geometry(record: MapRecord, exists: Mask) -> Array:
    """Counts as float64 with every bin that is no cell set to zero."""
    return np.where(exists, record.counts, 0).astype(np.float64)


def known_pileup(pileup: float | None) -> float | None:
    """Pileup, or None where the producer wrote that it does not know (CMSSW writes -1)."""
    if pileup is None or not np.isfinite(pileup) or pileup < 0:
        return None
    return float(pileup)


def is_empty(record: MapRecord, exists: Mask) -> bool:
    """Whether events were seen and not one cell counted: a dead map, never low statistics."""
    return bool(record.events) and not np.any(record.counts[exists])
