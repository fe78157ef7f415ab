"""Classifiers of whole maps, as the first notebooks on machine learning for HCAL's data quality have them.

They say whether a map is good, or has cells that count too little, or too much: not which cells. scikit-learn
fits them where detectors are trained; what it found are weights, and here is all that is needed to use them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Memory, NotKnown, Observation, Score, Settings
from caloscope.detectors.layers import Floats, Layer, forward, kept_layers, restored_layers
from caloscope.detectors.learned.typical import Expected
from caloscope.errors import BundleError
from caloscope.records import Mask

Input: TypeAlias = Literal["ratio", "maximum"]

REACH: Final = 10.0
"""Standard deviations beyond which a cell is no worse: one hot cell must not decide by its size alone."""

SHIFT: Final = 30.0
"""Added to the log odds so that they are never negative; a map with less is as good as can be."""


# Settings of classifiers: what is flagged, what adds up, and to how much.
LIMITS: Final = ("threshold", "allowance", "remembered")


class Seen(NamedTuple):
    """What a map is to a classifier, `(cells,)` of the living cells, and the counts that were expected."""

    features: Floats
    expected: Expected


def features(typical: learned.Typical, observation: Observation, how: Input) -> Seen | NotKnown:
    """Counts of the living cells over the expected ones, and the activity of the map that was expected.

    Where pileup is not known, or hardly moved and no line was learned, this is the map's own activity, which
    then alone says that all of it counts too little. With `maximum` they are counts over the largest count
    of the map, zero where nothing counted, as the notebooks had them: that knows neither events nor pileup.
    """
    expected = typical.expected(observation, follow=False)
    if isinstance(expected, NotKnown):
        return expected
    counts, mean = observation.counts[typical.alive], expected.mean[typical.alive]
    if how == "ratio":
        found = np.append(counts / mean, expected.activity)
    else:
        found = counts / max(1.0, counts.max(initial=0.0))
    return Seen(found.astype(np.float32), expected)


def inputs_of(typical: learned.Typical, how: Input) -> int:
    """Number of features."""
    return int(typical.alive.sum()) + (how == "ratio")


def standardised(found: Floats, centre: Floats, width: Floats) -> Floats:
    """Features in standard deviations of good maps, no more than `REACH` of them; `(..., cells)`."""
    return np.asarray(np.clip((found - centre) / width, -REACH, REACH), np.float32)


def log_odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """log((p_low + p_high) / p_good) of softmax probabilities, `(...)`, from logits `(..., 3)`."""
    return np.logaddexp(logits[..., 1], logits[..., 2]) - logits[..., 0]


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """What `logistic` and `mlp` have in common: features of the whole map, layers, one answer for all cells.

    Every living cell gets the same score, log((p_low + p_high) / p_good) + 30 and at least 0, and the same
    direction, that of the likelier fault: it says that something is wrong with the map, and not where. What
    is above `allowance` adds up over lumisections, to `remembered` at most. `centre` and `width` are those of
    the features of good maps, `(cells,)`.
    """

    name: ClassVar[str]
    hidden: ClassVar[bool]

    typical: learned.Typical
    input: Input
    centre: Floats
    width: Floats
    layers: tuple[Layer, ...]
    threshold: float
    allowance: float
    remembered: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.typical.rate.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in what it learned from."""
        return self.typical.alive

    def logits(self, found: Floats) -> NDArray[np.float64]:
        """Logits `(..., 3)` of good, low and high from features `(..., cells)`."""
        return forward(self.layers, standardised(found, self.centre, self.width))

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The log odds that the map of this lumisection is faulty. It remembers nothing."""
        seen = features(self.typical, observation, self.input)
        if isinstance(seen, NotKnown):
            return seen, memory
        logits = self.logits(seen.features)
        score = Score(
            value=np.where(self.alive, score_of(logits), 0.0),
            threshold=self.threshold,
            testable=self.alive,
            accumulated=False,
            allowance=self.allowance,
            remembered=self.remembered,
            reconstruction=seen.expected.mean,
            direction=np.where(self.alive, -1 if logits[1] >= logits[2] else 1, 0).astype(np.int8),
            image_events=round(seen.expected.events),
            degraded=seen.expected.degraded,
        )
        return score, memory

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        own = {name: getattr(self, name) for name in ("input", *LIMITS)}
        return {**self.typical.settings(), **own, "layers": len(self.layers)}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        own = {"centre": self.centre, "width": self.width}
        return {**self.typical.arrays(), **own, **kept_layers(self.layers)}

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; weights are arrays
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        typical = learned.Typical.restore(cls.name, settings, arrays)
        how = _input_of(cls.name, settings)
        cells = (inputs_of(typical, how),)
        width = learned.array_of(cls.name, arrays, "width", cells).astype(np.float32)
        if not (width > 0).all():
            raise BundleError(f"{cls.name}: found a width of zero, expected positive ones")
        return cls(
            typical=typical,
            input=how,
            centre=learned.array_of(cls.name, arrays, "centre", cells).astype(np.float32),
            width=width,
            layers=restored_layers(cls.name, settings, arrays, cells[0], hidden=cls.hidden),
            **{name: learned.positive_of(cls.name, settings, name) for name in LIMITS},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Logistic(Classifier):
    """Multinomial logistic regression on the cells of a map: good, too low, too high.

    It adds up how far cells are off, each with a weight of its own. Good at: faults of many cells. Bad at:
    single cells, and at saying where: it says only that something is wrong with the whole map.
    """

    name: ClassVar[str] = "logistic"
    hidden: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, eq=False)
class Mlp(Classifier):
    """A multilayer perceptron on the cells of a map: good, too low, too high.

    All cells are joined to all hidden ones, so it knows nothing of neighbours, and needs far more examples
    than there are. Good at: faults of many cells. Bad at: weak faults, places that it was not shown, and at
    saying where: it says only that something is wrong with the whole map.
    """

    name: ClassVar[str] = "mlp"
    hidden: ClassVar[bool] = True


def score_of(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of whole maps, `(...)`, from logits `(..., 3)`."""
    return np.maximum(log_odds(logits) + SHIFT, 0.0)


def _input_of(name: str, settings: Settings) -> Input:
    found = settings.get("input")
    if found == "ratio":
        return "ratio"
    if found == "maximum":
        return "maximum"
    raise BundleError(f"{name}: found input = {found!r}, expected 'ratio' or 'maximum'")
