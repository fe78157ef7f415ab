"""The default detector: what a healthy detector counted before, scaled to today's events and pileup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

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
from caloscope.detectors.learned.height import HIGHEST
from caloscope.detectors.reference import kept, remember
from caloscope.detectors.reference.conditions import Conditions, Found
from caloscope.detectors.reference.domain import Seen, Verdict
from caloscope.detectors.reference.height import HIGHEST_ALONE, Shown
from caloscope.detectors.reference.knowledge import Knowledge
from caloscope.detectors.reference.learn import learn
from caloscope.detectors.reference.level import Levels
from caloscope.detectors.reference.link import HIGHEST_PROBABILITY
from caloscope.geometry import View
from caloscope.records import Mask, Reason


@dataclass(slots=True, eq=False)
class _Shown:
    """What an observation shows by itself, cells flat; `seen` once it was needed."""

    observation: Observation
    counts: Array
    found: Found
    expected: Array
    seen: Seen | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Per-cell expectation learned from good lumisections, and how cells fluctuate together.

    The mean follows events and pileup cell by cell (`mean.Mean`). Noise is a Fano factor or an intraclass
    correlation of each cell, correlations by distance made into a sparse inverse (`lags`, `vecchia`), common
    modes of groups of cells, and what changes from run to run. It answers the first question
    (`Expectation`); the evidence is made elsewhere. `relative_error` and all that is shared are
    relative changes of the rate, for binomial noise of the hazard.

    Good at: anything that changes cells, regions or the map against its past, from two lumisections of
    history on. Bad at: what its reference already contained (a cell that was always at half rate is healthy
    to it), and at conditions it never saw: those it says it does not know.
    """

    name: ClassVar[str] = "reference"

    knowledge: Knowledge
    min_events: int = 30
    _places: NDArray[np.int64] = field(init=False, repr=False)
    _levels: Levels = field(init=False, repr=False)
    _conditions: Conditions = field(init=False, repr=False)
    _with_pileup: Covariance = field(init=False, repr=False)
    _without_pileup: Covariance = field(init=False, repr=False)
    _alive: Mask = field(init=False, repr=False)
    _dispersion: Array = field(init=False, repr=False)
    _error: Array = field(init=False, repr=False)
    _error_in_run: Array = field(init=False, repr=False)
    _last: "list[_Shown]" = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        """Keeps at hand what every lumisection needs."""
        known = self.knowledge
        object.__setattr__(self, "_places", np.flatnonzero(known.exists))
        fano = known.dispersion if known.mean.noise == "overdispersed" else np.ones_like(known.dispersion)
        levels = Levels.of(known.mean, known.domain.areas, fano)
        object.__setattr__(self, "_levels", levels)
        object.__setattr__(self, "_conditions", Conditions(known.mean, levels, self.min_events))
        object.__setattr__(self, "_with_pileup", self._together(known.common))
        object.__setattr__(self, "_without_pileup", self._together(known.common_without))
        object.__setattr__(self, "_alive", self._on_view(known.mean.alive, 0.0) > 0)
        object.__setattr__(self, "_dispersion", self._on_view(known.dispersion, 1.0))
        object.__setattr__(self, "_error", self._on_view(known.changes.cell, 0.0))
        object.__setattr__(self, "_error_in_run", self._on_view(known.changes.in_run, 0.0))

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
        shown = self._shown(observation)
        counts, found, expected = shown.counts, shown.found, shown.expected
        refused = self._conditions.refused(observation, found)
        if refused is not None:
            guess = (
                None if refused.reason is Reason.NO_EVENTS else self._guess(counts, expected, found.events)
            )
            return replace(refused, guess=guess), memory
        before = remember.of_run(memory, observation.id.run)
        verdict = self._verdict(shown, before)
        each = found.events / max(1, observation.span)
        step = remember.stepped(before, each)
        after = remember.remembered(before, observation, each, step=step.changed, profile=verdict.profile)
        if verdict.reason is not None:
            guess = self._guess(counts, expected, found.events)
            return NotKnown(verdict.reason, verdict.words, guess=guess), after
        return self._expectation(observation, expected, found, step=step), after

    def _shown(self, observation: Observation) -> "_Shown":
        """What an observation shows whatever was before; the last one is remembered, as it may come twice."""
        last = self._last[-1] if self._last else None
        if last is not None and last.observation is observation:
            return last
        counts = observation.counts.ravel()[self._places]
        found = self._conditions.of(observation, counts)
        expected = self.knowledge.mean.counts(found.events, found.x, found.shift)
        shown = _Shown(observation, counts, found, expected)
        self._last[:] = [shown]
        return shown

    def _verdict(self, shown: "_Shown", before: Memory) -> Verdict:
        """Whether the map is one of usual conditions: before it is its own measure, which hides that."""
        if shown.seen is None:
            shown.seen = self._seen(shown)
        return self.knowledge.domain.judge(shown.seen, before)

    def _seen(self, shown: "_Shown") -> Seen:
        """Of a verdict, what does not depend on the maps before."""
        known, found, observation = self.knowledge, shown.found, shown.observation
        levels = found.levels
        if levels is None:
            unmoved = known.mean.counts(found.events, found.x)
            levels = self._levels.found(shown.counts, unmoved, found.events)
        alone = self.noise == "binomial" and not found.told
        highest = HIGHEST_ALONE if alone else HIGHEST
        return known.domain.seen(Shown(levels, found.events, observation.pileup, found.shift, highest))

    def _guess(self, counts: Array, expected: Array, events: float) -> Array:
        """Mean counts of a healthy map with the level of this one."""
        return self._on_view(self._levels.scaled(counts, expected, events), 0.0)

    def _expectation(
        self, observation: Observation, expected: Array, found: Found, *, step: remember.Step
    ) -> Expectation:
        binomial = self.noise == "binomial"
        same_run = observation.id.run == self.knowledge.only_run
        if binomial:
            expected = np.minimum(expected, found.events * HIGHEST_PROBABILITY)
        return Expectation(
            noise=self.noise,
            mean=self._on_view(expected, 0.0),
            dispersion=self._dispersion,
            testable=self._alive,
            relative_error=self._error_in_run if same_run else self._error,
            trials=found.events if binomial else 0.0,
            degraded=self._conditions.degraded(observation, found),
            covariance=self._with_pileup if found.told else self._without_pileup,
            unsettled=step.changed,
            retriggered=step.prescale,
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
