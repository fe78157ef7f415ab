"""What one cmsRun job does: which histograms of which data, and where they go."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from caloscope.cmssw.checks import fitting, identifier, number, printable
from caloscope.cmssw.lumis import MOST, count
from caloscope.config.ranges import Ranges
from caloscope.errors import UsageError
from caloscope.geometry import ERAS, era_of_run

NEWEST: Final = ERAS[-1]
_MODIFIERS: Final = {"2016": "Run2_2016", "2017": "Run2_2017", "2018": "Run2_2018", NEWEST: "Run3"}
_TAG: Final = r"[A-Za-z0-9-]{1,60}"


class Part(StrEnum):
    """Which calorimeter: `both` is one job for the two."""

    HCAL = "hcal"
    ECAL = "ecal"
    BOTH = "both"

    @property
    def hcal(self) -> bool:
        """Whether HCAL's tasks run."""
        return self is not Part.ECAL

    @property
    def ecal(self) -> bool:
        """Whether ECAL's task runs."""
        return self is not Part.HCAL


class Format(StrEnum):
    """What an offline job writes: DQMIO holds many lumisections, a DQM ROOT file (`legacy`) holds one."""

    DQMIO = "dqmio"
    LEGACY = "legacy"


class Subsystem(StrEnum):
    """HCAL's top folder; the readers know both."""

    HCAL = "Hcal"
    ALL = "HcalAll"


@dataclass(frozen=True, slots=True)
class Offline:
    """RAW files as `PoolSource` takes them (`inputs.file_name`), and the lumisections to take from them.

    Raises `UsageError` for no files, files twice, no lumisections, and more than `lumis.MOST` of them.
    """

    files: tuple[str, ...]
    lumis: Ranges
    format: Format = Format.DQMIO

    def __post_init__(self) -> None:
        if not self.files:
            raise UsageError("no input files: give --input or --input-list")
        twice = len(self.files) - len(set(self.files))
        if twice:
            raise UsageError(f"input files: {twice} of {len(self.files)} are given twice")
        for name in self.files:
            printable("input file", name)
        if not self.lumis.pairs or self.lumis.pairs[0][0] < 1:
            raise UsageError(f"lumisections: found {str(self.lumis)!r}, expected numbers from 1")
        number("last lumisection", self.lumis.pairs[-1][1], 1)
        number("how many lumisections", count(self.lumis), 1, MOST)


@dataclass(frozen=True, slots=True)
class Online:
    """Streamer files that appear in `<input_dir>/run%06d/`, as `DQMStreamerReader` follows them.

    `every`: a snapshot of the histograms each so many LS. Waiting times in ms; `next_lumi_timeout` is how
    long a missing LS is waited for. With `scan_once` what is there is read, and that is all.
    """

    input_dir: str
    stream: str = "streamDQM"
    every: int = 1
    delay: int = 500
    next_lumi_timeout: int = 240_000
    scan_once: bool = False

    def __post_init__(self) -> None:
        printable("--input-dir", self.input_dir)
        fitting("--stream", self.stream, r"[A-Za-z0-9]{1,60}", "letters and digits, as in streamDQM")
        number("--every", self.every, 1, 1000)
        number("--delay-ms", self.delay, 1, 3_600_000)
        number("--next-lumi-timeout-ms", self.next_lumi_timeout, 0, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Job:
    """A cmsRun job; `tag` is the third part of its files' names. Raises `UsageError` for what cannot be."""

    part: Part
    run: int
    era: str
    modifier: str
    global_tag: str
    source: Offline | Online
    tag: str
    subsystem: Subsystem = Subsystem.HCAL
    output_dir: str = "."

    def __post_init__(self) -> None:
        number("--run", self.run, 1)
        identifier("--modifier", self.modifier)
        fitting("--global-tag", self.global_tag, r"[!-~]{1,200}", "a tag such as auto:run3_data")
        fitting("--label", self.tag, _TAG, "letters, digits and -, such as JetHT")
        printable("--output-dir", self.output_dir)


def default_tag(part: Part) -> str:
    """The tag of CMS's own online clients; `Calo` where two subsystems share a file."""
    return {Part.HCAL: "Hcal", Part.ECAL: "Ecal", Part.BOTH: "Calo"}[part]


def era_and_modifier(run: int, era: str | None, modifier: str | None) -> tuple[str, str]:
    """The era of a run and the CMSSW era modifier for it.

    A year from 2019 on means the newest era. An era that is not the run's is refused unless the modifier is
    named too: with the wrong one digis are unpacked wrongly, or not at all. Raises `UsageError`.
    """
    of_run = era_of_run(number("--run", run, 1))
    if era is None:
        named = of_run
    elif era in ERAS:
        named = era
    else:
        fitting("--era", era, "20(19|[2-9][0-9])", f"one of {', '.join(ERAS)}, or a year from 2019")
        named = NEWEST
    if modifier is None and named != of_run:
        raise UsageError(
            f"--era: found {era}, expected {of_run}, the era of run {run}; or name --modifier too"
        )
    return named, modifier if modifier is not None else _MODIFIERS[named]
