"""What a data set with faults in it says of where it comes from."""

import json
from pathlib import Path
from typing import Any, Final

from caloscope import __version__
from caloscope.config.ranges import Ranges
from caloscope.dataset import DataSet
from caloscope.fetch import checksum

_LONGEST: Final = 32 * 2**20
"""Characters of what a source says of its own origin that are repeated: all there is has an end too."""


def origin(data: DataSet, source: Path, seed: int) -> dict[str, Any]:
    """The provenance; what the source says of its own stands below `before`."""
    before: dict[str, Any] = data.provenance
    note = {
        "name": str(source),
        "bytes": source.stat().st_size,
        "checksum": checksum(source),
        "lumisections": len(data),
    }
    told = before.get("assumptions")
    assumptions = told if isinstance(told, list) else []
    return {
        "version": __version__,
        "seed": seed,
        "runs": str(Ranges.of(set(data.runs.tolist()))),
        "sources": [note],
        "sources_in_all": 1,
        "dropped": [],
        "assumptions": [*assumptions, "faults were put into the counts"],
        "before": before if len(json.dumps(before)) <= _LONGEST else "too long to be repeated",
    }
