"""What every format of histograms is turned into: the histograms of one lumisection, by path."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class BinAxis:
    """Binning of one axis: bins, outer edges, all edges where bins differ in width, and the title."""

    bins: int
    low: float
    high: float
    edges: tuple[float, ...] | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """A histogram of one, two or three dimensions, without its overflows.

    `axes` are x, y, z; `values` is `(x)`, `(y, x)` or `(z, y, x)`, bin 1 at index 0, in the type and byte
    order of the file, and must not be changed. `mean` says that a bin is a mean of something, not a sum.
    """

    axes: tuple[BinAxis, ...]
    values: NDArray[Any]
    mean: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Which lumisection it is, and what had to be assumed for it.

    `span` lumisections are covered, this one and those before. `grows`: what accumulates does so since some
    earlier moment, so it is not of this lumisection (or span) alone. `partial`: it may be a part of the
    lumisection's events, and other sources hold the rest, to be added. `began_at` is in seconds since 1970.
    """

    run: int
    lumi: int
    span: int = 1
    grows: bool = False
    partial: bool = False
    began_at: float | None = None
    assumptions: tuple[str, ...] = ()


class Shelf(Protocol):
    """The histograms of one lumisection in one source.

    Paths are `<top folder>/<path>/<name>` as in the map catalogue, without `DQMData`, run or `Run summary`.
    Everything may raise `SourceError`.
    """

    @property
    def place(self) -> Place:
        """Its lumisection."""
        ...

    @property
    def tops(self) -> frozenset[str]:
        """Names of the top folders, one per subsystem; empty where the format has no folders."""
        ...

    def names(self) -> Iterable[str]:
        """Paths of all histograms."""
        ...

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none.

        Raises `SourceError` WRONG_BINNING for an object that is there and no histogram.
        """
        ...

    def scalar(self, path: str) -> str | None:
        """The text of the scalar at a path, None where there is none."""
        ...
