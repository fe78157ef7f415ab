"""Detectors changed to compare: the reference without its neighbours, CMSSW's chain with other thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Expectation, Memory, Observation, Score, Settings
from caloscope.detectors.cmssw_ml import CmsswMl
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.records import Mask

QUANTILE: Final = 0.95
"""Of a cell's scores; beyond it their logarithms are taken to fall exponentially."""

PRIOR: Final = 30.0
"""Scores beyond the quantile that the average slope of all cells counts for, in each cell."""

LOWEST: Final = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class WithoutNeighbours:
    """The reference with its covariance taken away: every cell for itself, no regions, no patches, no map."""

    name: ClassVar[str] = "reference-alone"

    inner: Reference

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.inner.shape

    @property
    def alive(self) -> Mask:
        """Cells that the reference has seen alive."""
        return self.inner.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """What the reference expects, without a word on what fluctuates together."""
        answer, memory = self.inner.look(observation, memory)
        if isinstance(answer, Expectation):
            answer = replace(answer, covariance=None)
        return answer, memory

    def settings(self) -> Settings:
        """Those of the reference."""
        return self.inner.settings()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Those of the reference."""
        return self.inner.arrays()

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again. Raises `BundleError` where the reference would."""
        return cls(Reference.restore(settings, arrays, model))


@dataclass(frozen=True, slots=True, eq=False)
class PerCell:
    """CMSSW's chain with a threshold of its own for each cell, all exceeded equally often.

    `quantile` is that of the logarithm of a cell's score in good lumisections, `slope` the mean excess beyond
    it, both `(y, x)`. The new score is by how many slopes the logarithm exceeds the quantile.
    """

    name: ClassVar[str] = "cmssw-ml-per-cell"

    inner: CmsswMl
    quantile: Array
    slope: Array
    threshold: float = 10.0

    @classmethod
    def fit(cls, observations: Sequence[Observation], inner: CmsswMl) -> Self:
        """From good lumisections, in order."""
        scores: list[Array] = []
        memory: Memory = {}
        for each in observations:
            answer, memory = inner.look(each, memory)
            if isinstance(answer, Score):
                scores.append(np.log(np.maximum(answer.value, LOWEST)))
        quantile = np.quantile(scores, QUANTILE, axis=0)
        excess = np.maximum(np.array(scores) - quantile, 0.0)
        number = np.maximum((excess > 0).sum(axis=0), 1)
        usual = float((excess.sum(axis=0) / number)[inner.alive].mean())
        slope = (excess.sum(axis=0) + PRIOR * usual) / (number + PRIOR)
        return cls(inner, quantile, slope)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.inner.shape

    @property
    def alive(self) -> Mask:
        """Cells with an entry of their own in the average."""
        return self.inner.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """What CMSSW's chain says, on the scale of each cell."""
        answer, memory = self.inner.look(observation, memory)
        if isinstance(answer, Score):
            value = (np.log(np.maximum(answer.value, LOWEST)) - self.quantile) / self.slope
            answer = replace(answer, value=np.maximum(value, 0.0), threshold=self.threshold)
        return answer, memory

    def settings(self) -> Settings:
        """Those of the chain, with this threshold in place of its own."""
        return {**self.inner.settings(), "threshold": self.threshold}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Those of the chain and the two of each cell."""
        return {**self.inner.arrays(), "quantile": self.quantile, "slope": self.slope}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again. Raises `BundleError` where the chain would, and for arrays that are missing."""
        found: dict[str, Any] = dict(arrays)
        if not {"quantile", "slope"} <= found.keys():
            raise BundleError(f"{cls.name}: found no quantile and slope, expected both")
        quantile, slope = found.pop("quantile"), found.pop("slope")
        inner = CmsswMl.restore(settings, found, model)
        return cls(inner, quantile, slope, float(settings["threshold"]))
