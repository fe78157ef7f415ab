"""How many events a lumisection must have to be judged."""

from typing import Final

import numpy as np

from caloscope.detectors.base import Array

FEWEST: Final = 30
"""Nothing is judged on fewer events."""

SHARE: Final = 0.1
"""Share of the usual number of events below which a lumisection was not taken under usual conditions."""

RARE: Final = 0.005
"""Share of the good lumisections, those with the fewest events, that may be refused."""


def minimum_events(events: Array, share: float = SHARE) -> int:
    """The fewest events that were seen among good lumisections, but no more than a share of the usual number.

    Below it nothing was calibrated. `events` is `(lumi,)`, all above zero.
    """
    seen = float(np.quantile(events, RARE))
    return max(FEWEST, int(min(seen, share * float(np.median(events)))))
