"""What a lumisection brings for one map."""

from collections.abc import Mapping

import numpy as np
import xxhash

from caloscope.bundle import Bundle
from caloscope.detectors.base import NeedsCompanions
from caloscope.pipeline.state import Given
from caloscope.records import Lumisection, MapRecord


def brought(lumisection: Lumisection, bundle: Bundle) -> Given | None:
    """What it brings for the map of a bundle; None where it has nothing to do with it."""
    name = bundle.card.map
    record = lumisection.maps.get(name)
    if record is None and name not in lumisection.missing:
        return None
    wanted = bundle.detector.companions if isinstance(bundle.detector, NeedsCompanions) else ()
    companions = {n: lumisection.maps[n] for n in wanted if n in lumisection.maps}
    return Given(lumisection.id, record, _digest(record, companions), lumisection.began_at, companions)


def _digest(record: MapRecord | None, companions: Mapping[str, MapRecord]) -> str:
    """Digest (XXH3) of what was read for a map: counts, what is told about them, companions included."""
    total = xxhash.xxh3_64()
    for name, each in (("", record), *sorted(companions.items())):
        if each is not None:
            grows = "|grows" if each.cumulative else ""
            told = f"{name}|{each.events}|{each.pileup}|{each.span}|{each.counts.shape}{grows}"
            total.update(told.encode())
            total.update(np.ascontiguousarray(each.counts).data)
    return total.hexdigest()
