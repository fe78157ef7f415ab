"""Digis that gave no rec hit, judged as what they are: a few out of the digis of the same cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.calibrate import formula_thresholds
from caloscope.detectors.base import Answer, Array, Memory, NotKnown, Observation, Score, Settings
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.records import Mask, Reason

_BELIEF: Final = 1.0
"""Lost digis that the share of the whole map is worth, beside those of the cell itself."""

_ALLOWANCE: Final = 1.0
"""Nats a lumisection that healthy cells may have: the best of a likelihood ratio is half a nat on average."""


@dataclass(frozen=True, slots=True, eq=False)
class LostHits:
    """Log-likelihood ratio of k lost out of n digis: any larger share against the usual one.

    The map that it sees is the difference digis - rec hits, with the digis (`digis` is that map's name)
    beside it. What is lost of a cell is binomial out of its own digis, whatever the digis themselves do, so
    nothing needs to be known of events, pileup or level. Cells that never lost a digi are judged too: the
    usual share is that of the map until a cell has one of its own. Good at: rec hits that fail. Blind to:
    digis that fail and take their rec hits with them, and cells that have no rec hits anyway.

    `usual` is the share in healthy lumisections, zero where there are no rec hits; `threshold` in nats,
    high = worse.
    """

    name: ClassVar[str] = "lost"

    usual: Array
    digis: str
    threshold: float

    @property
    def companions(self) -> tuple[str, ...]:
        """The digis."""
        return (self.digis,)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.usual.shape

    @property
    def alive(self) -> Mask:
        """Cells that had rec hits."""
        return np.asarray(self.usual > 0)

    @classmethod
    def fit(cls, observations: Sequence[Observation], digis: str, on: View, per_day: float = 1.0) -> Self:
        """Learn from good lumisections; `digis` is the map that each has as a companion.

        Raises `UsageError` where there are no rec hits.
        """
        lost = np.sum([each.counts for each in observations], axis=0)
        of = np.sum([each.companions[digis] for each in observations], axis=0)
        alive = on.exists & (of > lost)
        if not alive.any():
            raise UsageError(f"{on.name}: found no rec hits, expected some to learn from")
        pooled = (lost[alive].sum() + _BELIEF) / (of[alive].sum() + _BELIEF)
        usual = np.where(alive, (lost + _BELIEF) / (of + _BELIEF / pooled), 0.0)
        return cls(usual, digis, formula_thresholds(on, alive, per_day)["cell_high"])

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """Nats of this lumisection; what is beyond the allowance adds up. It remembers nothing."""
        of = observation.companions.get(self.digis)
        if of is None:
            return NotKnown(Reason.MAP_MISSING, f"no {self.digis}"), memory
        lost, testable = np.minimum(observation.counts, of), self.alive & (of > 0)
        now = np.divide(lost, of, out=np.zeros(self.shape), where=of > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.where(lost > 0, lost * np.log(now / self.usual), 0.0)
            rest = np.where(now < 1, (of - lost) * np.log((1 - now) / (1 - self.usual)), 0.0)
        value = np.where(testable & (now > self.usual), first + rest, 0.0)
        direction = np.where(value > 0, 1, 0).astype(np.int8)
        kept = 2.0 * self.threshold
        return Score(value, self.threshold, testable, False, _ALLOWANCE, kept, direction=direction), memory

    def settings(self) -> Settings:
        """The plain values that a card keeps."""
        return {"threshold": self.threshold, "digis": self.digis}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return {"usual": self.usual}

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from its settings and arrays."""
        usual = np.asarray(arrays["usual"], np.float64)
        return cls(usual, str(settings["digis"]), float(settings["threshold"]))
