"""Detectors run over simulated lumisections in memory: the pipeline's own step, without files or a store."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle, make_card
from caloscope.calibrate import formula_thresholds
from caloscope.config.catalogue import MapSpec, load
from caloscope.decide import LUMIS_PER_DAY
from caloscope.detectors.base import Detector, scores
from caloscope.detectors.reference import Reference
from caloscope.geometry import View
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Lumisection, Quality

NO_HASH = "0" * 16
"""Of a bundle that was never written."""


def spec_of(view: View) -> MapSpec:
    """The digi map of a view."""
    return load()[f"{view.name}/digi"]


def bundle_of(view: View, detector: Detector, threshold: float | None = None) -> Bundle:
    """A bundle that was never written, with one threshold for everything.

    Without one the thresholds are those by formula or, of a detector that scores, its own.
    """
    spec, thresholds = spec_of(view), {}
    if threshold is None and scores(detector):
        threshold = float(detector.settings()["threshold"])
    elif threshold is None:
        thresholds = formula_thresholds(view, detector.alive, 1.0)
        threshold = thresholds["cell_low"]
    card = make_card(
        "benchmark",
        spec,
        view,
        detector,
        threshold=threshold,
        per_day=1.0,
        training={},
        thresholds=thresholds,
    )
    return Bundle(card, NO_HASH, spec, view, detector)


def scorer_of(view: View, detector: Detector, threshold: float | None = None) -> Scorer:
    """A scorer on such a bundle."""
    return Scorer(bundle_of(view, detector, threshold), "benchmark")


def learn(view: View, good: Iterable[Lumisection]) -> Scorer:
    """A reference detector learned from these lumisections, at one false incident per 3,700 LS by formula."""
    spec = spec_of(view)
    seen = [prepare.observe(each.id, each.maps[spec.name], view) for each in good]
    return scorer_of(view, Reference.fit(seen, spec.noise, view))


def step(scorer: Scorer, lumisection: Lumisection, state: State) -> Scored:
    """One lumisection, nothing masked."""
    given = Given(lumisection.id, lumisection.maps[scorer.bundle.card.map], "")
    return score(scorer, given, state)


def score(scorer: Scorer, given: Given, state: State) -> Scored:
    """What one lumisection brought, nothing masked."""
    return scorer.score(given, state, np.zeros(scorer.bundle.view.shape, np.bool_))


@dataclass(slots=True)
class Tally:
    """What healthy lumisections brought: those seen, judged and with flags, all flags, incidents opened."""

    seen: int = 0
    lumis: int = 0
    flagged_lumis: int = 0
    flags: int = 0
    incidents: int = 0

    @property
    def days(self) -> float:
        """Exposure in units of 3,700 lumisections."""
        return self.lumis / LUMIS_PER_DAY


class Watch:
    """One scorer that sees healthy lumisections one after the other and adds to a tally."""

    def __init__(self, scorer: Scorer, tally: Tally) -> None:
        self._scorer, self._tally = scorer, tally
        self._state = scorer.initial()
        self._known: set[str] = set()

    def see(self, lumisection: Lumisection) -> None:
        """Score one lumisection and count; one that is UNKNOWN is seen but not judged."""
        self.take(Given(lumisection.id, lumisection.maps[self._scorer.bundle.card.map], ""))

    def take(self, given: Given) -> None:
        """The same with what one lumisection brought for the map."""
        scored = score(self._scorer, given, self._state)
        self._state = scored.state
        opened = {incident.id for incident in scored.incidents} - self._known
        self._known |= opened
        self._tally.seen += 1
        self._tally.lumis += scored.result.quality is not Quality.UNKNOWN
        self._tally.flags += scored.result.bad_cells
        self._tally.flagged_lumis += scored.result.bad_cells > 0
        self._tally.incidents += len(opened)
