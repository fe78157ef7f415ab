"""False discovery rate at 99 % detection by fault and level of correction, beside what was printed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.detectors.base import Array
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord
from caloscope.simulate import Conditions, Fill, Healthy, conditions, healthy
from caloscope.study.endcap_fdr.printed import LEVELS, PRINTED
from caloscope.study.endcap_fdr.scores import Scores, average_of, chain_of, of_detector, of_network
from caloscope.study.metrics.intervals import between
from caloscope.study.results import Interval
from caloscope.training.fitting import fit_detector
from caloscope.training.observed import Observed
from caloscope.training.statistical import first_card

DETECTED: Final = 0.99
DRAWS: Final = 200
FAULTS: Final = ("dead", "hot")
_FIRST_LEARNED, _FIRST_JUDGED = 10_000, 130_000
_RUN_LUMIS: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A bundle of one of CMSSW's networks, how many images, and the seed of all that is random.

    `others` are detectors, by name, that learn from `lumis` lumisections and are judged on the same images.
    """

    bundle: Path
    images: int = 3_000
    seed: int = 5
    others: tuple[str, ...] = ("reference",)
    lumis: int = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One number: false discoveries over all discoveries, with its interval, and what the authors printed."""

    view: str
    detector: str
    fault: str
    level: str
    images: int
    rate: Interval
    printed: float | None


def measure(asked: Asked, tell: Callable[[str], None] = lambda _: None) -> list[Line]:
    """All numbers of one endcap.

    The simulated detector has the pattern of the network's own table of averages: what the network expects.
    Raises `UsageError` for a bundle that is none of CMSSW's.
    """
    found = bundles.load(asked.bundle)
    if not isinstance(found.detector, CmsswMl):
        raise UsageError(f"{asked.bundle}: found {found.card.detector}, expected cmssw-ml")
    chain, on = chain_of(found), found.view
    living = healthy(found.spec, on, 1, pattern=_pattern(chain))
    images, others = _images(asked.images, asked.seed), _others(asked, found, living)
    lines = []
    for fault in FAULTS:
        tell(f"{on.name}, {fault}: {found.card.detector}")
        for level, scores in of_network(found, living, images, fault, asked.seed).items():
            printed = PRINTED.get((on.name, fault, level))
            lines.append(_line(on.name, found.card.detector, fault, level, scores, printed))
        for name, other in others.items():
            tell(f"{on.name}, {fault}: {name}")
            scores = of_detector(other, chain, living, images, fault, asked.seed)
            lines.append(_line(on.name, name, fault, "one lumisection", scores, None))
    return lines


def _pattern(chain: CmsswMl) -> Array:
    """The table's own average, zero where it knows nothing."""
    return np.where(chain.alive, average_of(chain), 0.0)


def _images(number: int, seed: int) -> list[Conditions]:
    """Lumisections of 500 events, of runs that differ in pileup."""
    return _course(_FIRST_JUDGED, number, seed, 25.0)


def _course(first: int, number: int, seed: int, day: float) -> list[Conditions]:
    found: list[Conditions] = []
    for run in range(-(-number // _RUN_LUMIS)):
        pileup = float(np.random.default_rng([seed, first, run]).uniform(30.0, 55.0))
        fill = Fill(first + run, _RUN_LUMIS, seed, pileup=pileup, day=day + run % 10)
        found += list(conditions(fill))
    return found[:number]


def _others(asked: Asked, found: Bundle, living: Healthy) -> Mapping[str, Bundle]:
    """Detectors that learn from runs of their own."""
    spec, on = found.spec, found.view
    course = _course(_FIRST_LEARNED, asked.lumis, asked.seed, 0.0)
    given = [Given(at.id, MapRecord(living.draw(at), at.events, at.measured), "") for at in course]
    made = {}
    for name in asked.others:
        detector = fit_detector(name, Observed(given, on), spec.noise, on)
        card = first_card(Path(f"{name}.bundle"), spec, on, detector, 1.0, {})
        made[name] = Bundle(card, "", spec, on, detector)
    return made


def _line(view: str, detector: str, fault: str, level: str, scores: Scores, printed: float | None) -> Line:
    usable = ~np.isnan(scores.good).any(axis=1) & ~np.isnan(scores.faulty)
    good, faulty = scores.good[usable], scores.faulty[usable]
    value = rate(good, faulty)
    rng = np.random.default_rng(1979)
    drawn = [
        rate(good[rows], faulty[rng.integers(len(faulty), size=len(faulty))])
        for rows in rng.integers(len(good), size=(DRAWS, len(good)))
    ]
    return Line(view, detector, fault, level, len(good), between(value, np.array(drawn)), printed)


def rate(good: NDArray[np.float64], faulty: NDArray[np.float64]) -> float:
    """False discovery rate where the threshold is the first percentile of the scores of faulty towers.

    As many good images as faulty ones, one faulty tower in each: false / (false + found), as the notebooks
    have it.
    """
    cut = float(np.quantile(faulty, 1.0 - DETECTED))
    false = float((good >= cut).sum()) * len(faulty) / len(good)
    return false / (false + float((faulty >= cut).sum()))


def header() -> tuple[str, ...]:
    """Columns of the table."""
    return ("endcap", "fault", "detector", "correction", "FDR at 99 % detection", "printed")


def rows(lines: list[Line]) -> list[tuple[str, ...]]:
    """The table, in the order of the levels."""
    order = {level: place for place, level in enumerate((*LEVELS, "one lumisection"))}
    ordered = sorted(lines, key=lambda line: (line.view, line.fault, order[line.level]))
    return [
        (
            line.view,
            line.fault,
            line.detector,
            line.level,
            line.rate.text(4),
            "" if line.printed is None else f"{line.printed:.4g}",
        )
        for line in ordered
    ]
