"""Which good lumisections a network, and all that it stands on, learns from; the others say when to stop."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Observation
from caloscope.records import Mask
from caloscope.training.observed import Chosen, Observed
from caloscope.training.split import stopping
from caloscope.training.streamed import ids_of


class Parts(NamedTuple):
    """What is learned from, and the runs that training is stopped by: none where there is one run only.

    Decided once, from all that was given: were it asked again of the lumisections that can be used, a run
    that has none of them would move the others from one side to the other.
    """

    learn: Sequence[Observation]
    stop: NDArray[np.int64]

    def held(self, run: NDArray[np.int64]) -> Mask:
        """Which rows of these runs training is stopped by."""
        return np.isin(run, self.stop)


def parts_of(good: Sequence[Observation]) -> Parts:
    """The two parts of good lumisections of several runs."""
    ids = ids_of(good.given) if isinstance(good, Observed) else [each.id for each in good]
    run = np.array([each.run for each in ids], np.int64)
    held = stopping(run)
    return Parts(Chosen(good, np.flatnonzero(~held).tolist()), np.unique(run[held]))
