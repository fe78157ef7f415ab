"""Every number, as JSON."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.validation.compare import Comparison
from caloscope.validation.outcome import Outcome


class Made(NamedTuple):
    """How a validation was made: replicas of each kind, seed, version, files that were refused, and why."""

    replicas: int
    seed: int
    version: str
    refused: tuple[str, ...] = ()


class Line(NamedTuple):
    """A published line of total digis in pileup beside the simulation's, for 500 events."""

    source: str
    view: str
    slope: float
    intercept: float
    simulated_slope: float
    simulated_intercept: float

    @property
    def differs(self) -> float:
        """Largest relative difference of the totals at pileup 20 to 60."""
        pileup = np.linspace(20.0, 60.0, 5)
        published = self.slope * pileup + self.intercept
        simulated = self.simulated_slope * pileup + self.simulated_intercept
        return float(np.abs(simulated / published - 1.0).max())


Lines = Sequence[Line]


def results(outcomes: Sequence[Outcome], lines: Lines, made: Made) -> str:
    """The text of results.json; what is not there is null."""
    content = {
        "made": made._asdict(),
        "samples": [_outcome(outcome) for outcome in outcomes],
        "pileup_lines": [{**line._asdict(), "largest_relative_difference": line.differs} for line in lines],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "title": outcome.title,
        "source": outcome.source,
        "map": outcome.frame.spec.name,
        "notes": list(outcome.notes),
        "noise": [_comparison(each) for each in outcome.noise],
        "pattern": [_comparison(each) for each in outcome.pattern],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    real = comparison.real
    return {
        "key": real.key,
        "title": real.title,
        "kind": real.kind,
        "x": [float(f"{each:.6g}") for each in real.x],
        "labels": list(real.labels),
        "real": _numbers(real.values),
        "simulated_mean": _numbers(comparison.mean),
        "simulated_deviation": _numbers(comparison.deviation),
        "replicas": len(comparison.replicas),
        "p": _number(comparison.p),
        "size": _number(comparison.size),
        "size_is_absolute": real.absolute or real.kind == "distribution",
        "tolerance": real.tolerance,
        "worst": None
        if comparison.worst is None
        else {"at": comparison.worst[0], "pull": _number(comparison.worst[1])},
        "verdict": comparison.verdict,
    }


def _numbers(values: Array) -> list[float | None]:
    return [_number(float(value)) for value in np.ravel(values)]


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
