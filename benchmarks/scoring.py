"""Detectors run over simulated lumisections in memory: the pipeline's own step, without files or a store."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from caloscope import prepare
from caloscope.bundle import Bundle, make_card
from caloscope.config.catalogue import MapSpec, load
from caloscope.decide import LUMIS_PER_DAY, threshold_for
from caloscope.detectors.base import Detector
from caloscope.detectors.reference import Reference
from caloscope.evidence import FACTORS
from caloscope.geometry import View
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Lumisection, Quality


def spec_of(view: View) -> MapSpec:
    """The digi map of a view."""
    return load()[f"{view.name}/digi"]


def scorer_of(view: View, detector: Detector, threshold: float) -> Scorer:
    """A scorer on a bundle that was never written; `threshold` in nats where evidence is made."""
    spec = spec_of(view)
    card = make_card("benchmark", spec, view, detector, threshold=threshold, per_day=1.0, training={})
    return Scorer(Bundle(card, "0" * 16, spec, view, detector), "benchmark")


def learn(view: View, good: Iterable[Lumisection]) -> Scorer:
    """A reference detector learned from these lumisections, at one false incident per 3,700 LS asked for."""
    spec = spec_of(view)
    seen = [prepare.observe(each.id, each.maps[spec.name], view) for each in good]
    detector = Reference.fit(seen, spec.noise)
    return scorer_of(view, detector, threshold_for(int(detector.alive.sum()), len(FACTORS)))


def step(scorer: Scorer, lumisection: Lumisection, state: State) -> Scored:
    """One lumisection, nothing masked."""
    given = Given(lumisection.id, lumisection.maps[scorer.bundle.card.map], "")
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
        scored = step(self._scorer, lumisection, self._state)
        self._state = scored.state
        opened = {incident.id for incident in scored.incidents} - self._known
        self._known |= opened
        self._tally.seen += 1
        self._tally.lumis += scored.result.quality is not Quality.UNKNOWN
        self._tally.flags += scored.result.bad_cells
        self._tally.flagged_lumis += scored.result.bad_cells > 0
        self._tally.incidents += len(opened)
