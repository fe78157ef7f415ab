"""Small real sources for conversions: per-lumisection files, snapshots, requests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.convert import Report, Request, convert
from caloscope.fetch import expand
from caloscope.geometry import view
from caloscope.records import Lumisection, MapRecord
from caloscope.simulate import write_lumisection

ERA = "2018"
RUN = 320_002
SPEC = load()["EB/digi"]
VIEW = view("EB", ERA)


def counts(lumi: int, run: int = RUN) -> NDArray[np.uint32]:
    """What the tower map of a lumisection holds; different for each."""
    return np.random.default_rng([run, lumi]).integers(0, 500, VIEW.shape, dtype=np.uint32)


def write(
    folder: Path, lumis: Sequence[int], *, run: int = RUN, events: int = 700, pileup: float = 40.0
) -> list[Path]:
    """One DQM ROOT file a lumisection, as the experiment drops them."""
    folder.mkdir(exist_ok=True)
    paths = []
    for lumi in lumis:
        record = MapRecord(counts=counts(lumi, run), events=events + lumi, pileup=pileup)
        lumisection = Lumisection("test", run, lumi, {SPEC.name: record})
        paths += write_lumisection(folder, lumisection, [(SPEC, VIEW)], began_at=1.5e9)
    return paths


def make(sources: Sequence[Path | str], output: Path, *, workers: int = 1, **wanted: object) -> Report:
    """A conversion of the tower map, or of what is wanted."""
    request = Request(**({"maps": ("EB/digi",), "label": "ZeroBias"} | wanted))  # type: ignore[arg-type]
    return convert(expand([str(source) for source in sources]), request, output, workers=workers)
