"""All that a study on measured files brings."""

from dataclasses import dataclass

from caloscope.study.real.comparing import ComparedLine
from caloscope.study.real.lines import InjectedLine
from caloscope.study.real.measured import Measured
from caloscope.study.real.present import PresentLine, QuietLine


@dataclass(frozen=True, slots=True)
class Failed:
    """A detector that could not learn from a sample, and why."""

    sample: str
    detector: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Lines of every kind, in the order of samples and detectors; `notes` are sentences on the files.

    `sets` of `places` of the cells were faulty in turn.
    """

    title: str
    samples: tuple[Measured, ...]
    sets: int
    places: float
    present: tuple[PresentLine, ...]
    quiet: tuple[QuietLine, ...]
    injected: tuple[InjectedLine, ...]
    compared: tuple[ComparedLine, ...]
    failed: tuple[Failed, ...]
    notes: tuple[str, ...]
