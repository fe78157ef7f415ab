"""Detectors that can be trained."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, Protocol

from caloscope.detectors.base import Detector, Noise, Observation
from caloscope.detectors.beta_binomial import BetaBinomial
from caloscope.detectors.blind import Blind
from caloscope.detectors.nmf import Nmf
from caloscope.detectors.pca import Pca
from caloscope.detectors.pull import Pull
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.training.notebook import CLASSIFIERS, fit_classifier


class Learner(Protocol):
    """The class of a detector that fits itself, cell by cell."""

    def fit(self, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Detector:
        """Learn from good lumisections. Raises `UsageError` when there are too few."""
        ...


LEARNERS: Final = MappingProxyType[str, Learner](
    {kind.name: kind for kind in (Pull, BetaBinomial, Pca, Nmf, Blind)}
)
TRAINABLE: Final = (Reference.name, *LEARNERS, *CLASSIFIERS)


def fit_detector(
    name: str, observations: Sequence[Observation], noise: Noise, on: View, *, min_events: int = 30
) -> Detector:
    """Fit the detector of that name to good lumisections.

    Raises `UsageError` when it is none that can be trained, there is too little to learn from, or the library
    that fits it is not installed.
    """
    if name == Reference.name:
        return Reference.fit(observations, noise, on, min_events=min_events)
    if name in CLASSIFIERS:
        return fit_classifier(name, observations, noise, on, min_events=min_events)
    if name not in LEARNERS:
        raise UsageError(f"detector {name!r} cannot be trained, expected one of {', '.join(TRAINABLE)}")
    return LEARNERS[name].fit(observations, noise, min_events=min_events)
