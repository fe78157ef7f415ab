"""Which good lumisections a network, and all that it stands on, learns from; the others say when to stop."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors.base import Observation
from caloscope.training.observed import Chosen, Observed
from caloscope.training.split import stopping
from caloscope.training.streamed import ids_of


def to_learn_from(good: Sequence[Observation]) -> Sequence[Observation]:
    """Those of the runs that nothing is stopped by: what is judged there must not have been seen.

    All of them where there is one run only.
    """
    ids = ids_of(good.given) if isinstance(good, Observed) else [each.id for each in good]
    places = np.flatnonzero(~stopping(np.array([each.run for each in ids], np.int64)))
    return Chosen(good, places.tolist())
