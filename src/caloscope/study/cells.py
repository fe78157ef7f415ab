"""The cells of a study's matrix: what each is about, in full, and the name that follows from it.

A cell's name is a digest of all that its result depends on, the code that measures included: the same cell is
never measured twice, whichever study it is part of, and nothing old is taken for something new.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import caloscope
from caloscope.study.measured import Measured
from caloscope.study.rows import Row
from caloscope.study.simulated import Simulated
from caloscope.study.text import DetectorText
from caloscope.training import NETWORKS

_OWN: Final = (
    "asked.py",
    "excursions.py",
    "fitting.py",
    "histogram.py",
    "measured.py",
    "measuring.py",
    "oracle.py",
    "precision.py",
    "rows.py",
    "samples.py",
    "simulated.py",
    "unnoticed.py",
    "watching.py",
)
"""Parts of this package that measure; the others plan and report."""

_MEASURED: Final = (
    "bundle",
    "calibrate",
    "config",
    "dataset",
    "decide",
    "detectors",
    "evidence",
    "faults",
    "geometry",
    "incidents",
    "pipeline",
    "prepare",
    "readers/maps",
    "simulate",
    "training",
)
"""Other packages on which results depend."""


SEEDED: Final = (*NETWORKS, "logistic", "mlp")
"""Detectors whose training is random."""

_LIBRARIES: Final = ("numpy", "scipy", "onnxruntime", "scikit-learn", "torch")


def versions() -> dict[str, str]:
    """Of the libraries that results depend on, without those that are not installed."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@cache
def code() -> str:
    """A digest of the code that measures, and of the versions of what it calls."""
    digest, root = hashlib.sha256(json.dumps(versions()).encode()), Path(caloscope.__file__).parent
    kinds = (sorted((root / name).rglob(kind)) for name in _MEASURED for kind in ("*.py", "*.toml"))
    others = (path for each in kinds for path in each)
    for path in (root / "records.py", *others, *(root / "study" / name for name in _OWN)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def key_of(kind: str, content: Any) -> str:
    """The name of a result; `content` is all that it depends on, beside the code."""
    text = json.dumps([kind, code(), content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Fit:
    """A detector learned from so many lumisections of a sample, and calibrated on `calibrated_on` more.

    `rate` is the number of false incidents in 3,700 lumisections that its thresholds stand for. A share
    `faulty` of what it learns from, and is calibrated on, has one of the faults `rows`. What a detector does
    not depend on is the same in all its fits.
    """

    detector: DetectorText
    sample: Simulated | Measured
    lumis: int
    rate: float
    calibrated_on: int
    faulty: float = 0.0
    rows: tuple[Row, ...] = ()
    seed: int = 1

    def plain(self) -> "Fit":
        """Without what makes no difference to it."""
        found = self if self.faulty else replace(self, rows=())
        if self.detector.kind not in SEEDED:
            found = replace(found, seed=1)
        if not self.detector.bundle:
            return found
        # It learns nothing; what it is calibrated on may hold faults all the same.
        found = replace(found, lumis=1)
        return found if self.detector.calibrated else replace(found, faulty=0.0, rows=())

    @property
    def title(self) -> str:
        """What it learned from, in words for its card."""
        text = self.sample.text
        return ", ".join(text.files) or f"simulated {self.sample.map} of {text.era}"

    @property
    def content(self) -> Any:
        """All that it depends on."""
        bundle = self.detector.bundle
        return {
            "detector": self.detector.model_dump(mode="json", exclude={"bundle"}),
            "bundle": _digest(Path(bundle)) if bundle else "",
            "sample": self.sample.content,
            "lumis": self.lumis,
            "rate": self.rate,
            "calibrated_on": self.calibrated_on,
            "faulty": self.faulty,
            "rows": [asdict(row) for row in self.rows],
            "seed": self.seed,
        }

    @property
    def key(self) -> str:
        """Its name."""
        return key_of("fit", self.content)


@dataclass(frozen=True, slots=True)
class Clean:
    """Some runs of a sample in which nothing is wrong: from `first` on, `many` of `runs`."""

    fit: Fit
    sample: Simulated | Measured
    first: int
    many: int
    runs: int

    @property
    def key(self) -> str:
        """Its name."""
        where = [self.first, self.many, self.runs]
        return key_of("clean", [self.fit.content, self.sample.content, where])


@dataclass(frozen=True, slots=True)
class Trials:
    """One kind of fault in runs `first` to `first + many` of a sample; `fit` None is the oracle.

    Scores are taken in lumisection `after` of the fault. `yardstick` is what the oracle's threshold is from.
    """

    fit: Fit | None
    sample: Simulated | Measured
    row: Row
    first: int
    many: int
    after: int
    yardstick: "Yardstick | None" = None

    @property
    def key(self) -> str:
        """Its name."""
        fit = None if self.fit is None else self.fit.content
        mark = None if self.yardstick is None else self.yardstick.key
        what = [self.first, self.many, self.after, mark]
        return key_of("trials", [fit, self.sample.content, asdict(self.row), what])


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The oracle's threshold for one kind of fault, from so many clean lumisections of a sample."""

    sample: Simulated
    row: Row
    lumis: int
    rate: float

    @property
    def key(self) -> str:
        """Its name."""
        return key_of("yardstick", [self.sample.content, asdict(self.row), self.lumis, self.rate])


@cache
def _digest(folder: Path) -> str:
    """Of the files of a bundle."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
