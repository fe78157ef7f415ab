"""Whether held-out lumisections can be judged by what will be learned: asked before, not after the work."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors import learned as typical
from caloscope.detectors.base import Array
from caloscope.detectors.reference import conditions
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.training.events import minimum_events
from caloscope.training.split import FEWEST, stopping
from caloscope.training.streamed import conditions_of, ids_of


def require_within_reach(detector: str, learned: Sequence[Given], held: Sequence[Given]) -> None:
    """Refuse held-out runs of another pileup than those that a network learns from: `UsageError`.

    The detector would not know most of them (OUT_OF_RANGE), and nothing would be left for its thresholds.
    One is enough of them where 60 can be judged, or half.
    """
    pileup = _learned_pileup(learned)
    limits = None if pileup is None else _reach(detector, *pileup)
    if pileup is None or limits is None:
        return
    _, asked = conditions_of(held)
    within = int(np.count_nonzero(np.isnan(asked) | ((asked >= limits[0]) & (asked <= limits[1]))))
    if within >= min(FEWEST, len(held) / 2):
        return
    runs, known = sorted({each.run for each in ids_of(held)}), asked[np.isfinite(asked)]
    which = f"the last runs, {runs[0]} to {runs[-1]}, held out for the thresholds"
    found = f"found pileup {known.min():.1f} to {known.max():.1f} in {which}, and {within} of {len(held)}"
    known = pileup[1]
    expected = f"expected more of them near {known.min():.1f} to {known.max():.1f}, which is learned from"
    raise UsageError(f"{found} lumisections that could be judged, {expected}: choose other runs (--runs)")


def _learned_pileup(learned: Sequence[Given]) -> tuple[Array, Array] | None:
    """Events and known pileup of what is really learned from; None where no pileup is known."""
    events, pileup = conditions_of(learned)
    run = np.array([each.run for each in ids_of(learned)], np.int64)
    if not events.any():
        return None
    used = ~stopping(run) & (events >= minimum_events(events[events > 0])) & np.isfinite(pileup)
    return (events[used], pileup[used]) if used.any() else None


def _reach(detector: str, events: Array, pileup: Array) -> tuple[float, float] | None:
    """Autoencoders stand on the typical map, other networks on a reference."""
    if detector.startswith("autoencoder"):
        return typical.reach(events, pileup)
    return conditions.reach(pileup)
