"""What the accelerator and the data taking were like in one simulated lumisection."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from caloscope.records import LumiId

Beam: TypeAlias = Literal["protons", "ions", "none"]
Dataset: TypeAlias = Literal["ZeroBias", "JetHT"]


@dataclass(frozen=True, slots=True)
class Conditions:
    """One lumisection, as only a simulation knows it.

    `events` were counted; `pileup` is the true mean number of interactions in them, 0 without beam, and
    `measured` what the luminosity system says of it, None where it says nothing. `activity` multiplies all
    rates: it is 1 but for heavy ions, whose events differ much from one another. `day` is the age of the
    detector in days, which slow changes follow; `began_at` is in seconds since 1970. `seed` is that of the
    fill: all that is random in the lumisection comes from streams that begin with it, the run and the
    lumisection. `column` counts the prescale steps so far, `rising` says that the beams still come up.
    """

    run: int
    lumi: int
    events: int
    pileup: float
    measured: float | None
    dataset: Dataset = "ZeroBias"
    beam: Beam = "protons"
    activity: float = 1.0
    day: float = 0.0
    began_at: float | None = None
    seed: int = 1
    column: int = 0
    rising: bool = False

    @property
    def id(self) -> LumiId:
        """Its place in time."""
        return LumiId(self.run, self.lumi)
