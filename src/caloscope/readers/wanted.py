"""What is asked of a reader, whatever the format."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from caloscope.config.catalogue import MapSpec
from caloscope.geometry import View, era_of_run


@dataclass(frozen=True, slots=True)
class Wanted:
    """The maps asked for and all that a file may not say of itself.

    `label` is the primary dataset or stream. `era` and `run` are None where they are to be found out.
    `views` gives the view for a name and an era. `as_float` takes real numbers where counts are expected.
    `conditions`: what sources tell of them is wanted too, of lumisections without any of the maps as well.
    """

    maps: Collection[MapSpec]
    label: str
    views: Callable[[str, str], View]
    era: str | None = None
    run: int | None = None
    as_float: bool = False
    conditions: bool = False

    def era_for(self, run: int) -> tuple[str, list[str]]:
        """The era of a run, and what had to be assumed for it."""
        if self.era is not None:
            return self.era, []
        era = era_of_run(run)
        return era, [f"era {era} taken from run {run}"]
