"""A study whose numbers are made up, with the shape of a real one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf, sqrt
from typing import TypeAlias

import numpy as np

from caloscope.geometry import View
from caloscope.study.asked import ASKED
from caloscope.study.examples import Example
from caloscope.study.results import (
    CleanLine,
    CostLine,
    FaultLine,
    Interval,
    Points,
    RankLine,
    Results,
    Setting,
)

Kind: TypeAlias = tuple[str, str, float]

FAULTS: tuple[Kind, ...] = (
    ("cell dead", "cell", 0.0),
    ("cell x0.5", "cell", 0.5),
    ("cell x0.8", "cell", 0.8),
    ("4 x 4 cells x0.5", "4 x 4 cells", 0.5),
    ("4 x 4 cells x0.9", "4 x 4 cells", 0.9),
    ("4 x 4 cells x2", "4 x 4 cells", 2.0),
)
MORE_FAULTS = (
    *FAULTS[:3],
    ("cell x2", "cell", 2.0),
    ("cell dead every second LS", "cell", 0.0),
    *FAULTS[3:4],
    ("4 x 4 cells x0.8", "4 x 4 cells", 0.8),
    *FAULTS[4:],
    ("sector dead", "sector", 0.0),
    ("sector x0.8", "sector", 0.8),
    ("sector x0.9", "sector", 0.9),
    ("sector x0.95", "sector", 0.95),
    ("whole map x0.7", "map", 0.7),
    ("whole map x0.95", "map", 0.95),
)
DETECTORS = {"reference": 1.3, "pull": 2.4, "cmssw-ml as shipped": 4.1}
MORE_DETECTORS = {
    "reference": 1.2, "beta-binomial": 1.35, "reference, no neighbours": 1.5, "resnet, likelihood loss": 1.6,
    "unet": 1.9, "pull": 2.4, "gru on movies": 2.8, "pca": 3.1, "ml4dqm resnet": 3.6,
    "cmssw-ml, per cell": 3.9,
    "nmf": 4.4, "cmssw-ml as shipped": 6.1, "logistic": 7.0, "mlp": 8.2, "autoencoder, one threshold": 9.0,
    "blind": 14.0,
}  # fmt: skip
ERAS = ("2016", "2017", "2018")


def around(value: float, part: float = 0.15) -> Interval:
    return Interval(value, value * (1 - part), value * (1 + part))


def share(value: float, trials: int = 40) -> Interval:
    half = 1.96 * sqrt(value * (1 - value) / trials + 0.25 / trials**2)
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def fault_line(at: Setting, fault: Kind, slow: float) -> FaultLine:
    title, place, factor = fault
    ease = (
        abs(1 - min(factor, 1.9)) * (1 if place.startswith("cell") else 2.5) / (2 if "every" in title else 1)
    )
    mean = min(25.0, 1 + (slow if at.detector != "oracle" else 1.0) * 0.5 / ease)
    found = float(np.clip(1.15 - mean / 25, 0, 1))
    delay = Interval(inf, inf, inf) if found < 0.5 else around(round(mean))
    line = FaultLine(at, title, place, factor, 25, 40, 5, share(found), delay, around(mean))
    if at.detector == "oracle":
        return line
    skill = float(np.clip(1 - 0.03 * slow / ease, 0.5, 1))
    area = share(skill, 4000)
    return replace(line, cell_auc=area, cell_ap=area, map_auc=area, map_ap=area, fdr=share(1 - skill**4),
                   precision=share(skill), localised=share(skill**2))  # fmt: skip


def rank(at: Setting, slow: float, false: float = 1.0, faults: int = 6) -> RankLine:
    return RankLine(at, around(slow, 0.08), share(float(np.clip(1.1 - slow / 12, 0.02, 1)), 600), faults,
                    Interval(false, false * 0.6, false * 1.7))  # fmt: skip


def curves(at: Setting, fault: str, slow: float) -> tuple[Points, Points]:
    x = np.r_[0.0, np.geomspace(1e-4, 1, 60)]
    y = x ** (0.05 * slow)
    recall = np.linspace(0, 1, 50)
    precision = 1 - recall ** (20 / slow) * 0.9
    return (Points(at, fault, "roc", tuple(x.tolist()), tuple(y.tolist())),
            Points(at, fault, "pr", tuple(recall.tolist()), tuple(precision.tolist())))  # fmt: skip


def promises(clean: Sequence[CleanLine]) -> Iterator[CleanLine]:
    """What thresholds for several rates kept."""
    for line in clean:
        for asked in ASKED:
            seen = asked * line.rate.value
            yield replace(line, asked=asked, incidents=round(4 * seen), rate=around(seen, 0.45))


def results(
    detectors: Mapping[str, float] = DETECTORS,
    faults: Sequence[Kind] = FAULTS,
    title: str = "Which detector for EE+?",
    matrix: str = "default",
) -> Results:
    clean: list[CleanLine] = []
    costs: list[CostLine] = []
    ranking: list[RankLine] = []
    drawn: list[Points] = []
    oracle = Setting(matrix, "oracle", "", "2018", 0, 0.0, 0)
    found = [fault_line(oracle, fault, 1.0) for fault in faults]
    for number, (name, slow) in enumerate(detectors.items()):
        at = Setting(matrix, name, "2018", "2018", 3700, 0.0, 1)
        found += [fault_line(at, fault, slow) for fault in faults]
        false = 1.0 if "shipped" not in name else 584.0
        rate = Interval(0.0, 0.0, 1.5) if number == 1 else around(false, 0.45)
        clean.append(CleanLine(at, 1.0, 14800, 14800, round(4 * rate.value), rate))
        costs.append(
            CostLine(
                at, 0.5 + 40.0 * number**2, 0.1 + 0.9 * number, 1000 * 5 ** min(number, 7), 40960 << number
            )
        )
        ranking.append(rank(at, slow, false, len(faults)))
        for fault in faults:
            drawn += curves(at, fault[0], slow)
    return Results(
        title, "Every number here is made up.", "EE+/digi", 1.0, tuple(found), tuple(clean), tuple(costs),
        (*ranking, *varied(detectors)), tuple(drawn), "[study]\nrate = 1.0\n", 5400.0, 96,
        {"caloscope": "0.1.0"}, calibration=tuple(promises(clean)),
    )  # fmt: skip


def varied(detectors: Mapping[str, float]) -> Iterator[RankLine]:
    for name, slow in detectors.items():
        for number, trained in enumerate(ERAS):
            for other, tested in enumerate(ERAS):
                yield rank(
                    Setting("eras", name, trained, tested, 3700, 0.0, 1),
                    slow * (1 + 0.35 * abs(number - other)),
                )
        for lumis in (3, 10, 100, 1000):
            yield rank(
                Setting("short references", name, "2018", "2018", lumis, 0.0, 1),
                slow * (1 + 9 / lumis),
                1 + 30 / lumis,
            )
        for faulty in (0.0, 0.01, 0.05, 0.1):
            yield rank(
                Setting("contaminated", name, "2018", "2018", 3700, faulty, 1), slow * (1 + 6 * faulty)
            )


def examples(on: View, faults: Sequence[Kind] = FAULTS, detector: str = "reference") -> list[Example]:
    rng = np.random.default_rng(5)
    return [example(on, rng, fault, detector, found) for fault in faults for found in (True, False)]


def example(on: View, rng: np.random.Generator, fault: Kind, detector: str, found: bool) -> Example:
    title, place, factor = fault
    faulty = np.zeros(on.shape, np.bool_)
    depth, left = ((1,), 24) if on.depths else ((), 9)
    size = 1 if place == "cell" else 4
    faulty[(*depth, slice(6, 6 + size), slice(left, left + size))] = True
    faulty &= on.exists
    expected = np.where(on.exists, 80 + 60 * rng.random(on.shape), np.nan).astype(np.float32)
    expected[(*(0,) * len(depth), *np.argwhere(on.exists[0] if depth else on.exists)[3])] = np.nan
    mean = np.nan_to_num(expected) * np.where(faulty, factor, 1.0)
    counts = rng.poisson(mean).astype(np.uint32)
    evidence = np.where(on.exists, rng.exponential(0.6, on.shape) + (12 if found else 1) * faulty, np.nan)
    flagged = (evidence > 8) & on.exists
    return Example(detector, title, 320001, 5, 3 if found else None, counts, expected,
                   evidence.astype(np.float32), flagged, faulty)  # fmt: skip
