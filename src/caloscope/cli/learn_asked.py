"""What `caloscope train` was told to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from caloscope.cli.good_data import Chosen
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.config.catalogue import MapSpec
    from caloscope.records import LumiState


@dataclass(frozen=True, slots=True)
class Order:
    """From which lumisections of which map which detector is made, and into what folder.

    `rate` is the number of false incidents allowed in 3,700 lumisections, `calorimeter` the TOML text of one
    that is not CMS's, `conditions` the names of the states that the lumisections were in.
    """

    paths: Sequence[str]
    chosen: Chosen
    map_name: str
    output: Path
    detector: str
    rate: float
    calibrated: bool
    calorimeter: str | None
    conditions: Sequence[str] = ()

    @property
    def states(self) -> "list[LumiState]":
        """The states that they were in. Raises `UsageError` for a name that is none."""
        from caloscope.records import LumiState

        known = [state for state in LumiState if state is not LumiState.UNTOLD]
        for name in self.conditions:
            if name.upper() not in known:
                raise UsageError(f"--conditions {name!r}: expected one of {', '.join(known)}")
        return sorted({LumiState(name.upper()) for name in self.conditions})

    @property
    def spec(self) -> "MapSpec":
        """The map. Raises `UsageError` where it is not known."""
        from caloscope.config.catalogue import load

        known = load(self.calorimeter)
        if self.map_name not in known:
            raise UsageError(f"map {self.map_name!r} is not known, expected one of {', '.join(known)}")
        return known[self.map_name]
