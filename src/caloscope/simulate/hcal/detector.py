"""Healthy HCAL and HO: each channel counts in an event or not, as real ones do in run 306138 (2017)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array, Noise
from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.effect import act, capacity, outcome
from caloscope.geometry import View
from caloscope.records import Counts, Mask
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.hcal.channels import Channels, channels
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.stability import Changes, Stability

MOST_CELLS: Final = 5_000
_FAULTY: Final = 0xFA17
"""The covariance of more cells is refused: that of all channels would take up to 3 GB."""


def hcal(spec: MapSpec, view: View, seed: int, stability: Stability, pattern: Array | None) -> "HcalMap":
    """The map of a detector with this seed: `HCAL/digi`, `HCAL/rechit`, `HO/digi`, in any era.

    `pattern` replaces what the seed would draw: the probability of each channel to count in a ZeroBias event
    at pileup 50, clipped to 0 to 1; zero is dead. In HF all that is not dead counts in every event.
    """
    rechit = spec.quantity == "rechit"
    return HcalMap(spec, view, channels(view, seed, pattern, rechit=rechit), Changes(view, seed, stability))


@dataclass(frozen=True, slots=True, eq=False)
class HcalMap:
    """One map; see `Healthy`, whose words this one fulfils.

    A channel counts binomial(N, p), with 1 - p = exp(-h) and a hazard h that goes like a power of pileup
    (0.43 in HB and 1.0 in HE: p falls by 9 % and 15 % over a fill; 0.2 in HO), with what `Changes` says
    and, in HB and HE, with a common mode. Neighbours in HB and HE correlate through showers. HF counts in
    every event.

    What was measured is JetHT, and taken to be at pileup 50; a ZeroBias event is assumed to have 0.91
    (|ieta| 1) to 0.85 (|ieta| 29) of its hazard. Assumed, too: without beam a channel counts in 1 to 2 % of
    the events (HF in all), and no less with next to no pileup; heavy ions have twice the hazard at an
    `activity` of 1, whatever the pileup. Rec hits are the digis of the same events without the few that
    reconstruction drops.
    """

    spec: MapSpec
    view: View
    channels: Channels
    changes: Changes

    @property
    def noise(self) -> Noise:
        """How its counts vary."""
        return self.spec.noise

    @property
    def rate(self) -> NDArray[np.float64]:
        """Probability of each channel to count in a ZeroBias event at pileup 50."""
        return self.channels.rate

    def expected(self, at: Conditions, faults: Sequence[Active] = ()) -> Array:
        """Mean counts, with the faults where some are given."""
        mean = at.events * self._probability(at)
        if faults:
            mean = outcome(mean, faults, self.view, capacity(self.view, at.events))
        return np.asarray(mean * (1.0 - self.channels.lost))

    def draw(self, at: Conditions, faults: Sequence[Active] = ()) -> Counts:
        """Counts of one lumisection; faults act on digis, of which rec hits are what is left."""
        stream = (at.seed, at.run, at.lumi, *self.view.name.encode())
        rng = np.random.default_rng(stream)
        p = self.channels.probability(at, self.changes.factor(at))
        digis = self.channels.digis(rng, at.events, p)
        counts = self.channels.kept(rng, digis)
        if not faults:
            return counts.astype(np.uint32)
        mean, most = at.events * self.channels.on_view(p), capacity(self.view, at.events)
        faulty = act(digis.astype(np.uint32), mean, faults, self.view, most, stream).astype(np.int64)
        left = self.channels.kept(np.random.default_rng([*stream, _FAULTY]), faulty)
        return np.where(faulty == digis, counts, left).astype(np.uint32)

    def covariance(self, at: Conditions) -> Array:
        """Covariance of the healthy counts around `expected`, of all cells that exist.

        Raises `UsageError` where they are too many, as in HCAL: see `covariance_of`.
        """
        return self.covariance_of(at, self.view.exists)

    def covariance_of(self, at: Conditions, cells: Mask) -> Array:
        """The same, of those of these cells that exist; raises `UsageError` for more than 5,000."""
        cells = cells & self.view.exists
        count = int(np.count_nonzero(cells))
        if count > MOST_CELLS:
            raise UsageError(
                f"{self.spec.name}: found {count} cells, expected {MOST_CELLS} at most (covariance)"
            )
        p = self.channels.probability(at, self.changes.factor(at))
        return self.channels.covariance(at.events, p, cells)

    def _probability(self, at: Conditions) -> Array:
        return self.channels.on_view(self.channels.probability(at, self.changes.factor(at)))


def _checked(made: HcalMap) -> Healthy:
    """Lets the type checker see that the protocol is fulfilled."""
    return made
