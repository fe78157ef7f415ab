"""What a study learns from and judges on: runs that are simulated, or measured and in files."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.records import Mask
from caloscope.study.measured import Measured
from caloscope.study.rows import Indices, Row
from caloscope.study.simulated import Simulated
from caloscope.study.text import StudyText


class Sample(Protocol):
    """Lumisections of one map; no two of its parts share any.

    Parts follow one another in time: learned from, then calibrated on, then judged, as a monitor would see
    them. The same sample gives the same lumisections in every process.
    """

    @property
    def map(self) -> str:
        """Name of the map."""
        ...

    @property
    def seed(self) -> int:
        """The study's, from which all that is random follows."""
        ...

    @property
    def spec(self) -> MapSpec:
        """The map."""
        ...

    @property
    def view(self) -> View:
        """Its geometry."""
        ...

    @property
    def content(self) -> object:
        """All that it depends on, as JSON has it."""
        ...

    def learned(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:
        """So many lumisections to learn from, of which a share `faulty` has one of the faults `rows`."""
        ...

    def held_out(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:
        """So many to calibrate on; none where there are too few."""
        ...

    def clean_runs(self, lumis: int) -> int:
        """How many runs hold so many lumisections to be judged clean."""
        ...

    def clean(self, run: int, runs: int) -> Iterator[Given]:
        """One of the runs in which nothing is wrong."""
        ...

    def places(self, row: Row) -> tuple[Indices, ...]:
        """Where a fault can be: numbers of cells, counted among those that exist in C order."""
        ...

    def before(self, number: int, window: int) -> Iterator[Given]:
        """The lumisections of a trial before the onset of a fault that is looked for in `window` of them."""
        ...

    def faulty(self, number: int, row: Row, cells: Mask) -> Iterator[tuple[int, Given]]:
        """Those with the fault, as long as it is looked for, counted from 1, the onset."""
        ...


def sample_of(study: StudyText, title: str) -> Simulated | Measured:
    """A sample of a study."""
    text = study.sample[title]
    name = text.map or study.map
    return Measured(text, name, study.seed) if text.files else Simulated(text, name, study.seed)


def possible(sample: Sample, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The faults that can be on a map: it may have no region of a kind."""
    kinds = {region.kind for region in sample.view.regions}
    return tuple(row for row in rows if not row.region or row.region in kinds)


def cells_of(sample: Sample, row: Row, number: int) -> Indices:
    """Where the fault of a trial is, drawn among the places where it can be."""
    found = sample.places(row)
    rng = np.random.default_rng([sample.seed, number, *row.key.encode()])
    return found[int(rng.integers(len(found)))]
