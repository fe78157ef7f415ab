"""AutoDQM's beta-binomial pull: the shape of one histogram against those of a few reference runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Memory, Noise, NotKnown, Observation, Score, Settings
from caloscope.errors import BundleError
from caloscope.records import Mask, Reason

MOST_REFERENCES = 8
"""Reference runs that are compared with, the latest."""

TOLERANCE = 0.01
"""Relative change of a bin that is no fault, however many counts the reference has."""

LEAST_LOG = -300.0 * float(np.log(10.0))
"""Smaller probabilities are as bad: 37 standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class BetaBinomial:
    """The pulls of "Anomaly Detection for Automated Data Quality Monitoring in the CMS Detector".

    (arXiv:2501.13789; what that leaves open is as in AutoDQM's plugin `beta_binomial`.) With d of D counts in
    a cell, and r of R in a reference run, the probability of d is that of a beta-binomial with a = r + 1 and
    b = R - r + 1, over the largest it can be (at the mean), averaged over the reference runs. It counts as
    the two-sided tail probability of a standard normal; the pull takes the sign of d minus the expected
    count, an average over the references that weighs each by its probability. A reference is made as small
    as `tolerance` wants: r and R are divided by sqrt(1 + (r tolerance^2)^2).

    `references`, `(run, [depth,] y, x)`, are the counts of good lumisections summed by run. Good at: changes
    of one histogram's shape without knowing events or pileup, and at references that differ. Bad at: a map
    that changes as a whole, weak faults, and counts that scatter more than a Poisson, as ECAL's do. Healthy
    pulls of Poisson counts are narrower than a standard normal, as a relative density passes for a tail.
    """

    name: ClassVar[str] = "beta-binomial"

    references: Array
    alive: Mask
    counts_per_event: float
    threshold: float
    tolerance: float = TOLERANCE
    min_events: int = 30
    _compared: tuple["Reference", ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keeps what each reference means for the living cells at hand."""
        living = (Reference.of(whole[self.alive], self.tolerance) for whole in self.references)
        object.__setattr__(self, "_compared", tuple(living))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:  # noqa: ARG003 - one distribution for all
        """Sum good lumisections by run, two or more with known events. Raises `UsageError` for fewer."""
        good = learned.usable(observations, min_events)
        last = sorted({o.id.run for o in good if o.counts.any()})[-MOST_REFERENCES:]
        references = np.zeros((len(last), *good[0].counts.shape))
        total, events = np.zeros(good[0].counts.shape), 0.0
        for observation in good:
            total += observation.counts
            events += float(observation.events or 0)
            if observation.id.run in last:
                references[last.index(observation.id.run)] += observation.counts
        found = cls(references, total > 0, float(total.sum()) / events, 1.0, min_events=min_events)
        return replace(found, threshold=learned.cutoff(found, good))

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The size of the pulls of this lumisection, and their sign. It remembers nothing."""
        events = self._events(observation)
        if isinstance(events, NotKnown):
            return events, memory
        pulls, weighted = self._pulls(observation.counts[self.alive], events)
        pulls, weighted = learned.on_view(np.stack([pulls, weighted]), self.alive)
        degraded = () if observation.events is not None else (Reason.EVENTS_ESTIMATED,)
        return learned.pulled(pulls, self.threshold, self.alive, weighted, events, degraded), memory

    def chi2(self, observation: Observation) -> float:
        """The sum of squared pulls over the number of cells: AutoDQM's figure for the map as a whole."""
        answer, _ = self.look(observation, {})
        return float(np.mean(answer.value[self.alive] ** 2)) if isinstance(answer, Score) else float("nan")

    def _events(self, observation: Observation) -> float | NotKnown:
        """Events, needed only to refuse too few of them; estimated from the counts where they are unknown."""
        counted = float(observation.counts[self.alive].sum())
        events = counted / self.counts_per_event if observation.events is None else float(observation.events)
        if events <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from")
        if events < self.min_events:
            return NotKnown(Reason.FEW_EVENTS, f"{events:.0f} events, at least {self.min_events} needed")
        return events

    def _pulls(self, counts: Array, events: float) -> tuple[Array, Array]:
        """Pulls with their sign, and the references weighted by probability, both of the living cells."""
        # Nothing has no shape: then it is compared with as many counts as these events should have brought.
        total = float(counts.sum()) or float(np.ceil(events * self.counts_per_event))
        own = _factorials(counts, total)
        probability, weighted = np.zeros_like(counts), np.zeros_like(counts)
        for reference in self._compared:
            found = reference.relative_probability(counts, total, own)
            probability += found
            weighted += found * reference.share
        weighted *= total / probability
        size = np.maximum(-ndtri(np.minimum(probability / len(self._compared), 1.0) / 2.0), 0.0)
        return size * np.sign(counts - weighted), weighted

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        names = ("counts_per_event", "threshold", "tolerance", "min_events")
        return {name: getattr(self, name) for name in names}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return {"references": self.references, "alive": self.alive}

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        references = learned.array_of(cls.name, arrays, "references")
        alive = learned.array_of(cls.name, arrays, "alive", references.shape[1:]) > 0
        if not references.size or not (references[:, alive].sum(axis=1) > 0).all():
            raise BundleError(f"{cls.name}: found a reference without counts, expected some in each")
        return cls(
            references,
            alive,
            learned.positive_of(cls.name, settings, "counts_per_event"),
            learned.positive_of(cls.name, settings, "threshold"),
            tolerance=learned.number_of(cls.name, settings, "tolerance"),
            min_events=learned.count_of(cls.name, settings, "min_events"),
        )


class Reference(NamedTuple):
    """The living cells of a reference run: shares of all its counts, and the a and b of its distribution."""

    share: Array
    a: Array
    b: Array

    @classmethod
    def of(cls, counts: Array, tolerance: float) -> "Reference":
        """From the counts of the living cells."""
        total = float(counts.sum())
        smaller = 1.0 / np.sqrt(1.0 + (counts * tolerance**2) ** 2)
        a = np.round(smaller * counts) + 1.0
        return cls(counts / total, a, np.round(smaller * total) + 2.0 - a)

    def relative_probability(self, counts: Array, total: float, own: Array) -> Array:
        """Probability of counts out of `total` over that of the likeliest ones, at most 1; elementwise.

        `own` is minus the log of the factorials of `counts` and `total - counts`.
        """
        a, b = self.a, self.b
        mean = total * self.share
        below = np.minimum(np.floor(mean), total - 1.0)
        largest = _factorials(below, total) + gammaln(below + a) + gammaln(total - below + b)
        # One count further the probability is another by a factor that is known.
        step = (total - below) * (below + a) / ((below + 1.0) * (total - below - 1.0 + b))
        largest += np.where(mean > below, np.log(np.maximum(step, 1.0)), 0.0)
        found = own + gammaln(counts + a) + gammaln(total - counts + b)
        return np.asarray(np.exp(np.clip(found - largest, LEAST_LOG, 0.0)))


def _factorials(counts: Array, total: float) -> Array:
    """Log of the binomial coefficient, but for a constant."""
    return np.asarray(-gammaln(counts + 1.0) - gammaln(total - counts + 1.0))
