"""What healthy lumisections may score where scores add up, and what of that is remembered."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 1e-6


class Limits(NamedTuple):
    """Scores beyond the `allowance` add up to `remembered` at most; both above zero."""

    allowance: float
    remembered: float


def limits_of(scores: NDArray[np.float64], run: NDArray[np.int64]) -> Limits:
    """From scores of good lumisections that were held out and their runs, `(lumi,)`.

    A classifier takes some healthy runs for a little less healthy than others, in all their lumisections, and
    that must not add up: what is allowed is halfway between the highest mean of a run and the highest score.
    What is remembered is the distance between these two, so that two usual lumisections forget it.
    """
    if not len(scores):
        return Limits(LEAST, LEAST)
    most = float(scores.max())
    mean = max(float(scores[run == each].mean()) for each in np.unique(run))
    return Limits(max((mean + most) / 2.0, LEAST), max(most - mean, LEAST))
