"""What a monitor element is called and where it stands: what a calorimeter's layout has to say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from caloscope.config.catalogue import MapSpec
from caloscope.outputs.scored import Scored
from caloscope.outputs.trends import LumiAxis, Trend


class Element(StrEnum):
    """One kind of picture that is made of every scored map."""

    QUALITY = "quality"
    LOSS = "loss"
    RECONSTRUCTION = "reconstruction"
    EVIDENCE = "evidence"
    EXPECTED = "expected"
    BAD_COUNT = "bad count"
    BAD_FRACTION = "bad fraction"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element stands: CMS's top folder, the folders below it, its name (which may hold no `/`).

    `title` is what stands above it when it is drawn; the name where nothing else is given.
    """

    top: str
    folder: str
    name: str
    title: str = ""

    @property
    def shown(self) -> str:
        """What stands above the drawing."""
        return self.title or self.name

    def path(self, own_top: str | None, sub: str) -> str:
        """The full path; `own_top` replaces CMS's top folder, `sub` is one folder more above the element."""
        return "/".join(part for part in (own_top or self.top, self.folder, sub, self.name) if part)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one calorimeter arranges its elements.

    `top` holds the elements that belong to no single map. `place` answers for an element of a map, the depth
    being a physical one or None on a view without depths. `trends` lists the trends of the maps of one
    quantity, and `axis` the lumisection axis that they share, for a last lumisection.
    """

    top: str
    place: Callable[[Element, MapSpec, int | None], Place]
    trends: Callable[[Sequence[Scored]], Iterator[tuple[Place, Trend]]]
    axis: Callable[[int], LumiAxis]
