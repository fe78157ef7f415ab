"""All that decides what a data set holds: equal requests of equal sources give equal arrays."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from caloscope.certification import Luminosity, read_brilcalc
from caloscope.config import catalogue
from caloscope.config.catalogue import MapSpec
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError
from caloscope.fetch import checksum
from caloscope.geometry import ERAS


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be converted, and how.

    `maps` are patterns for names or histogram paths of the map catalogue (empty: all maps, unless
    `histograms` asks for something), `histograms` patterns for histograms as they are. `label` is the primary
    dataset. `era` and `run` are None where the sources tell. `golden`, `dcs` and `brilcalc` are files.
    `calorimeter` is the TOML text of one that is not CMS's. `from_start`: a histogram that grows does so
    since lumisection 1. `as_float` takes real numbers where counts are expected.
    """

    maps: tuple[str, ...] = ()
    histograms: tuple[str, ...] = ()
    label: str = "converted"
    era: str | None = None
    run: int | None = None
    runs: str | None = None
    lumis: str | None = None
    golden: Path | None = None
    dcs: Path | None = None
    brilcalc: Path | None = None
    min_events: int = 0
    calorimeter: str | None = None
    as_float: bool = False
    from_start: bool = False

    def specs(self) -> tuple[MapSpec, ...]:
        """The maps asked for; raises `UsageError` for a pattern that matches no map."""
        known = catalogue.load(self.calorimeter)
        chosen = {spec.name: spec for text in self.maps for spec in catalogue.choose(known, text)}
        if not self.maps and not self.histograms:
            chosen = dict(known)
        plain = {text: catalogue.plain(text) for text in self.histograms}
        return (*chosen.values(), *plain.values())

    def check(self) -> None:
        """Raises `UsageError` for what cannot be meant, before anything is read."""
        self.specs()
        for text in (self.runs, self.lumis):
            if text is not None:
                Ranges.parse(text)
        if self.calorimeter is None and self.era is not None and self.era not in ERAS:
            raise UsageError(f"era {self.era!r} is not known, expected one of {', '.join(ERAS)}")
        if self.min_events < 0:
            raise UsageError(f"at least {self.min_events} events: expected 0 or more")
        for path in (self.golden, self.dcs, self.brilcalc):
            if path is not None and not path.is_file():
                raise UsageError(f"{path}: no such file")
        self.luminosity()

    def luminosity(self) -> Luminosity | None:
        """What the luminosity file says, None where there is none; raises `UsageError` without pileup."""
        return None if self.brilcalc is None else _luminosity(self.brilcalc, checksum(self.brilcalc))

    def to_json(self) -> dict[str, Any]:
        """As plain values, files with their checksums."""
        plain: dict[str, Any] = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        for key in ("golden", "dcs", "brilcalc"):
            if key in plain:
                plain[key] = {"file": plain[key].name, "checksum": checksum(plain[key])}
        return plain

    def digest(self) -> str:
        """Equal for requests that give equal data sets of equal sources."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _luminosity(path: Path, _content: str) -> Luminosity:
    """Kept as long as the file is the same, for reading a year of it takes a while."""
    found = read_brilcalc(path)
    if np.isnan(found.pileup).all():
        raise UsageError(f"{path}: no pileup of any lumisection, expected numbers in a column avgpu")
    return found
