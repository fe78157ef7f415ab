"""Files of the small calorimeter, sound ones and others."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope.records import Lumisection
from caloscope.writers.dqm import Histogram2D, Object, write_dqm

from ..pipeline.making import MAP

BEGAN_AT = 1_700_000_000.0
EVENTS, PILEUP, HITS = "Toy/Info/Events", "Toy/Info/Pileup", "Toy/Hits/hits"


def file_name(lumisection: Lumisection) -> str:
    """The name that its producer would give."""
    return f"DQM_V0001_Toy_R{lumisection.run:09d}_L{lumisection.lumi:09d}.root"


def histogram(values: NDArray[np.float64], *, columns: int = 6) -> Histogram2D:
    """The map as its producer books it, or booked otherwise."""
    return Histogram2D(
        title="hits",
        x_title="ix",
        y_title="iy",
        x_range=(0.5, columns + 0.5),
        y_range=(0.5, 5.5),
        values=values.astype(np.float32),
    )


def objects(lumisection: Lumisection) -> dict[str, Object]:
    """All that its file holds."""
    record = lumisection.maps[MAP]
    return {
        "Toy/EventInfo/iRun": lumisection.run,
        "Toy/EventInfo/iLumiSection": lumisection.lumi,
        "Toy/EventInfo/runStartTimeStamp": BEGAN_AT,
        EVENTS: float(record.events or 0),
        PILEUP: float(record.pileup or -1),
        HITS: histogram(record.counts.astype(np.float64)),
    }


def drop(
    folder: Path,
    lumisection: Lumisection,
    changes: Mapping[str, Object | None] | None = None,
    *,
    name: str | None = None,
) -> Path:
    """Write its file, with some objects changed, or left out where they are None."""
    path = folder / (name or file_name(lumisection))
    held = {**objects(lumisection), **(changes or {})}
    write_dqm(path, lumisection.run, {key: value for key, value in held.items() if value is not None})
    return path


def with_count(lumisection: Lumisection, count: float) -> dict[str, Object | None]:
    """The change that puts something else into one bin."""
    values = lumisection.maps[MAP].counts.astype(np.float64)
    values[1, 2] = count
    return {HITS: histogram(values)}
