"""What is compared: a few lumisections of one map, real or simulated, on a known detector."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.validation.rings import Rings, parts, rings


@dataclass(frozen=True, eq=False)
class Frame:
    """The map that is compared, and how its cells are grouped."""

    spec: MapSpec
    view: View

    @property
    def binomial(self) -> bool:
        """Whether a cell counts at most once an event."""
        return self.spec.noise == "binomial"

    @property
    def circular(self) -> tuple[bool, bool]:
        """Whether y and x are circular."""
        y, x = self.view.circular[-2:]
        return y, x

    @cached_property
    def rings(self) -> Rings:
        """The ring of each cell."""
        return rings(self.view)

    @cached_property
    def parts(self) -> Mapping[str, Mask]:
        """Cells that rise and fall together, by the name of their subdetector."""
        return parts(self.view)


@dataclass(frozen=True, slots=True, eq=False)
class Crystals:
    """Counts of single crystals: `counts` and `valid` are `(lumisections, 5 y, 5 x)`."""

    counts: Array
    valid: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Lumisections one after the other.

    `counts` is float64 and `valid` bool, both `(lumisections, [depth,] y, x)`; what is not valid is left out.
    `events` is the number of events of each lumisection, None where the source does not say. `companion`
    holds the counts of the same events on the same cells in another map (the digis behind rec hits).
    """

    counts: Array
    valid: Mask
    events: NDArray[np.int64] | None = None
    crystals: Crystals | None = None
    companion: Array | None = None

    @property
    def lumis(self) -> int:
        """Number of lumisections."""
        return len(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Real lumisections, ready to be compared.

    `name` makes file names, `title` headings; `source` is the name of the file. `pattern` is what each cell
    counts, on average, in a lumisection (over-dispersed counts) or in an event (binomial ones), and
    `companion` that of the companion; zero where a cell is `dead`. `step` is how many lumisections lie from
    one to the next. `notes` say what was done to the numbers and what was left out.
    """

    name: str
    title: str
    source: str
    frame: Frame
    stack: Stack
    pattern: Array
    dead: Mask
    notes: tuple[str, ...] = ()
    companion: Array | None = None
    step: int = 1
