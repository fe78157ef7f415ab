"""The default detector: what a healthy detector counted before, scaled to today's events and pileup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import (
    Answer,
    Array,
    Covariance,
    Expectation,
    Memory,
    Noise,
    NotKnown,
    Observation,
    Settings,
)
from caloscope.detectors.reference import kept, remember
from caloscope.detectors.reference.knowledge import Knowledge
from caloscope.detectors.reference.learn import learn
from caloscope.detectors.reference.level import Levels
from caloscope.detectors.reference.link import HIGHEST_PROBABILITY
from caloscope.geometry import View
from caloscope.records import Mask, Reason

PILEUP_MARGIN = 5.0
"""How far outside the pileup it was trained on what was learned is still believed."""


class _Conditions(NamedTuple):
    """Events, x of the pileup, and a shift of u beside it, as told or as the map itself shows them."""

    events: float
    x: float
    shift: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Per-cell expectation learned from good lumisections, and how cells fluctuate together.

    The mean follows events and pileup cell by cell (`mean.Mean`). Noise is a Fano factor or an intraclass
    correlation of each cell, correlations by distance made into a sparse inverse (`lags`, `vecchia`), common
    modes of groups of cells, and what changes from run to run. It answers the first question
    (`Expectation`); the evidence is made elsewhere. `relative_error` and all that is shared are relative changes
    of the rate, for binomial noise of the hazard.

    Good at: anything that changes cells, regions or the map against its past, from two lumisections of
    history on. Bad at: what its reference already contained (a cell that was always at half rate is healthy
    to it), and at conditions it never saw: those it says it does not know.
    """

    name: ClassVar[str] = "reference"

    knowledge: Knowledge
    min_events: int = 30
    _places: NDArray[np.int64] = field(init=False, repr=False)
    _levels: Levels = field(init=False, repr=False)
    _with_pileup: Covariance = field(init=False, repr=False)
    _without_pileup: Covariance = field(init=False, repr=False)
    _alive: Mask = field(init=False, repr=False)
    _dispersion: Array = field(init=False, repr=False)
    _error: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keeps at hand what every lumisection needs."""
        known = self.knowledge
        object.__setattr__(self, "_places", np.flatnonzero(known.exists))
        fano = known.dispersion if known.mean.noise == "overdispersed" else np.ones_like(known.dispersion)
        object.__setattr__(self, "_levels", Levels.of(known.mean, known.domain.areas, fano))
        object.__setattr__(self, "_with_pileup", self._together(known.common))
        object.__setattr__(self, "_without_pileup", self._together(known.common_without))
        object.__setattr__(self, "_alive", self._on_view(known.mean.alive, 0.0) > 0)
        object.__setattr__(self, "_dispersion", self._on_view(known.dispersion, 1.0))
        object.__setattr__(self, "_error", self._on_view(known.changes.cell, 0.0))

    @property
    def noise(self) -> Noise:
        """How counts vary."""
        return self.knowledge.mean.noise

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.knowledge.exists.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self._alive

    @classmethod
    def fit(
        cls, observations: Sequence[Observation], noise: Noise, view: View, *, min_events: int = 30
    ) -> Self:
        """Learn from good lumisections of a view in order, two or more with known events.

        Raises `UsageError` when there are too few.
        """
        return cls(learn(observations, noise, view, min_events), min_events)

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The counts expected now. It remembers the events and the shape of the last maps of the run."""
        before = remember.of_run(memory, observation.id.run)
        counts = observation.counts.ravel()[self._places]
        found = self._conditions(observation, counts)
        expected = self.knowledge.mean.counts(found.events, found.x, found.shift)
        refused = self._refused(observation, found, expected, counts)
        if refused is not None:
            return refused, memory
        levels = self._levels.found(counts, expected, found.events)
        verdict = self.knowledge.domain.judge(levels, found.events, before, observation.pileup)
        each = found.events / max(1, observation.span)
        step = remember.stepped(before, each)
        after = remember.remembered(before, observation, each, step=step, profile=verdict.profile)
        if verdict.reason is not None:
            return NotKnown(verdict.reason, verdict.words, guess=self._guess(counts, expected, found)), after
        return self._expectation(observation, expected, found, step=step), after

    def _conditions(self, observation: Observation, counts: Array) -> _Conditions:
        """As told; what is not told, from the map."""
        mean = self.knowledge.mean
        told = mean.follows and observation.pileup is not None
        x = mean.away(self._inside(observation.pileup)) if told and observation.pileup is not None else 0.0
        if observation.events is None:
            events = self._levels.events(counts, x)
        else:
            events = float(observation.events)
        if told or events <= 0 or (observation.events is None and not mean.sure.any()):
            return _Conditions(events, x, 0.0)
        if mean.follows:
            return _Conditions(events, self._levels.pileup(counts, events), 0.0)
        return _Conditions(events, 0.0, self._levels.shift(counts, events))

    def _inside(self, pileup: float | None) -> float:
        """The pileup, in the range where what was learned is believed."""
        mean = self.knowledge.mean
        low, high = max(mean.pileup_low - PILEUP_MARGIN, 0.1), mean.pileup_high + PILEUP_MARGIN
        return min(max(mean.pileup_mean if pileup is None else pileup, low), high)

    def _refused(
        self, observation: Observation, found: _Conditions, expected: Array, counts: Array
    ) -> NotKnown | None:
        """Why conditions themselves leave nothing to judge."""
        if found.events <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from")
        if found.events < self.min_events:
            detail = f"{found.events:.0f} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail, guess=self._guess(counts, expected, found))
        pileup, mean = observation.pileup, self.knowledge.mean
        if pileup is None or not mean.follows or self._inside(pileup) == pileup:
            return None
        detail = f"pileup {pileup:.1f}, learned from {mean.pileup_low:.0f} to {mean.pileup_high:.0f}"
        return NotKnown(Reason.OUT_OF_RANGE, detail, guess=self._guess(counts, expected, found))

    def _guess(self, counts: Array, expected: Array, found: _Conditions) -> Array:
        """Mean counts of a healthy map with the level of this one."""
        scaled = self._levels.scaled(counts, expected, found.events)
        return self._on_view(scaled, 0.0)

    def _expectation(
        self, observation: Observation, expected: Array, found: _Conditions, *, step: bool
    ) -> Expectation:
        mean, binomial = self.knowledge.mean, self.noise == "binomial"
        told = observation.pileup is not None and mean.follows
        degraded = []
        if observation.events is None:
            degraded.append(Reason.EVENTS_ESTIMATED)
        if observation.pileup is None and (mean.follows or not binomial):
            degraded.append(Reason.PILEUP_ESTIMATED)
        if binomial:
            expected = np.minimum(expected, found.events * HIGHEST_PROBABILITY)
        return Expectation(
            noise=self.noise,
            mean=self._on_view(expected, 0.0),
            dispersion=self._dispersion,
            testable=self._alive,
            relative_error=self._error,
            trials=found.events if binomial else 0.0,
            degraded=tuple(degraded),
            covariance=self._with_pileup if told else self._without_pileup,
            unsettled=step,
        )

    def _together(self, common: Array) -> Covariance:
        known = self.knowledge
        data, indices, indptr = known.inverse
        group, changes = known.group.astype(np.int32), known.changes
        return Covariance(data, indices, indptr, group, common, changes.region, changes.map)

    def _on_view(self, values: NDArray[np.generic], elsewhere: float) -> Array:
        found = np.full(self.knowledge.exists.size, elsewhere)
        found[self._places] = values
        return found.reshape(self.shape)

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return kept.settings_of(self.knowledge, self.min_events)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return kept.arrays_of(self.knowledge)

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; a reference has no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        return cls(*kept.restored(settings, arrays))
