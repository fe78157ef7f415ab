"""ECAL as it counts when healthy: blocks of towers that the selective readout takes, and single digis."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array, Noise
from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.effect import act, capacity, outcome
from caloscope.geometry import View
from caloscope.records import Counts
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.ecal.blocks import Blocks, Numbers
from caloscope.simulate.ecal.blocks import drawn as drawn_blocks
from caloscope.simulate.ecal.crystals import spread
from caloscope.simulate.ecal.faults import Parts, apart, drawn_digis, expected_digis
from caloscope.simulate.ecal.pattern import Pattern, drawn, given
from caloscope.simulate.ecal.response import PILEUP, Response, line
from caloscope.simulate.ecal.seeds import Sources, sources
from caloscope.simulate.stability import Stability

EFFICIENCY: Final = 0.97
"""Digis that become rec hits; assumed."""

_HITS, _FAULTY_HITS, _CRYSTALS = 1, 2, 3
_TAG: Final = 0x9175


def ecal(spec: MapSpec, view: View, seed: int, stability: Stability, pattern: Array | None) -> "EcalMap":
    """A map of EB, EE+ or EE-, digis or rec hits, of the detector with this seed.

    The counts of a `pattern`, in the view's shape, are brought to the published line of digis against pileup;
    its zeros are dead towers. Raises `UsageError` for a pattern without counts.
    """
    if pattern is not None and not pattern[view.exists].any():
        raise UsageError(f"{spec.name}: found a pattern without counts, expected some")
    shape = drawn(view, seed) if pattern is None else given(view, pattern)
    rate = shape.rate * (line(view.name, PILEUP) / shape.rate.sum())
    return EcalMap(spec, view, seed, stability, sources(view, Pattern(rate, shape.alive)))


class EcalMap:
    """One map; see `Healthy`, whose words this one fulfils.

    A tower's count is the sum of the crystals in all blocks that cover it, and of single digis. Blocks around
    each seed and single digis are Poisson, so the map's mean and covariance are known exactly. At most 25
    digis an event are counted in a tower: means stop there, and leave out that single lumisections stop there
    too, as it takes a handful of events, or a tower that is nearly full, to notice.
    Rec hits are digis of the same events, of which a few are lost.
    """

    def __init__(self, spec: MapSpec, view: View, seed: int, stability: Stability, made_of: Sources) -> None:
        self._spec, self._view, self._sources = spec, view, made_of
        self._response = Response(view, seed, made_of.caused, stability)
        self._efficiency = EFFICIENCY if spec.name.endswith("/rechit") else 1.0
        digis = made_of.blocks.digis(made_of.seeds) + made_of.singles
        self._rate: NDArray[np.float64] = np.asarray(self._efficiency * digis)

    @property
    def spec(self) -> MapSpec:
        """The map."""
        return self._spec

    @property
    def view(self) -> View:
        """Its geometry."""
        return self._view

    @property
    def noise(self) -> Noise:
        """How its counts vary."""
        return self._spec.noise

    @property
    def rate(self) -> NDArray[np.float64]:
        """Counts per event and cell at pileup 50."""
        return self._rate

    @property
    def blocks(self) -> Blocks:
        """The blocks that are read out."""
        return self._sources.blocks

    @property
    def efficiency(self) -> float:
        """Share of the digis that is counted: all of them, or those that become rec hits."""
        return self._efficiency

    def parts(self, at: Conditions) -> Parts:
        """Mean blocks of each footprint and seed, and mean single digis of each tower."""
        seeds, singles = self._response.factors(at)
        return Parts(self._sources.seeds * (at.events * seeds), self._sources.singles * (at.events * singles))

    def expected(self, at: Conditions, faults: Sequence[Active] = ()) -> Array:
        """Mean counts, with the faults where some are given."""
        early, late = apart(faults)
        digis = self._expected_digis(self.parts(at), at, early)
        if late:
            digis = outcome(digis, late, self._view, capacity(self._view, at.events))
        return self._efficiency * digis

    def draw(self, at: Conditions, faults: Sequence[Active] = ()) -> Counts:
        """Counts of one lumisection."""
        if at.events <= 0:
            return np.zeros(self._view.shape, np.uint32)
        mean = self.parts(at)
        parts = self._draw(at, mean)
        digis = self._digis(parts, at)
        counts = self._hits(digis, at, _HITS)
        if not faults:
            return counts
        # A cell with as many digis as without the faults has the same rec hits too.
        faulty = self._with(faults, at, mean, parts, digis)
        return np.where(faulty == digis, counts, self._hits(faulty, at, _FAULTY_HITS))

    def crystals(self, at: Conditions) -> Counts:
        """The healthy counts of one lumisection in crystals, `(5 y, 5 x)`; their sums are those of `draw`."""
        towers = self.draw(at)
        if not towers.any():
            return np.zeros(self.blocks.alive.shape, np.uint32)
        parts = self._draw(at, self.parts(at))
        rng = np.random.default_rng([*self._stream(at), _TAG, _CRYSTALS])
        return spread(self.blocks, parts, towers, rng)

    def covariance(self, at: Conditions) -> Array:
        """Covariance of the healthy counts around `expected`, `(cells, cells)`."""
        mean = self.parts(at)
        total = sparse.csr_array(sparse.diags_array(np.ravel(mean.singles)))
        for matrix, seeds in zip(self.blocks.matrices, mean.blocks, strict=True):
            total = total + matrix @ sparse.diags_array(np.ravel(seeds)) @ matrix.T
        exist = np.flatnonzero(self._view.exists)
        kept = self._efficiency
        digis = np.asarray(total.tocsr()[exist][:, exist].toarray(), dtype=np.float64)
        lost = kept * (1.0 - kept) * self._expected_digis(mean, at)[self._view.exists]
        return kept**2 * digis + np.diag(lost)

    def _with(
        self,
        faults: Sequence[Active],
        at: Conditions,
        mean: Parts,
        parts: Parts,
        digis: Counts,
    ) -> Counts:
        """Digis with faults."""
        early, late = apart(faults)
        stream = self._stream(at)
        if early:
            digis = self._capped(drawn_digis(self.blocks, mean, parts, early, stream), at)
        if not late:
            return digis
        expected = self._expected_digis(mean, at, early)
        return act(digis, expected, late, self._view, capacity(self._view, at.events), stream)

    def _expected_digis(self, mean: Parts, at: Conditions, early: Sequence[Active] = ()) -> Array:
        if early:
            digis = expected_digis(self.blocks, mean, early)
        else:
            digis = np.asarray(self.blocks.digis(mean.blocks) + mean.singles, dtype=np.float64)
        return np.minimum(digis, capacity(self._view, at.events))

    def _draw(self, at: Conditions, mean: Parts) -> Parts:
        rng = np.random.default_rng(self._stream(at))
        return Parts(drawn_blocks(rng, mean.blocks), rng.poisson(mean.singles))

    def _digis(self, parts: Parts, at: Conditions) -> Counts:
        return self._capped(self.blocks.digis(parts.blocks) + parts.singles, at)

    def _capped(self, digis: Numbers, at: Conditions) -> Counts:
        return np.minimum(digis, int(capacity(self._view, at.events))).astype(np.uint32)

    def _hits(self, digis: Counts, at: Conditions, number: int) -> Counts:
        """What is left of the digis."""
        if self._efficiency == 1.0:
            return digis
        rng = np.random.default_rng([*self._stream(at), _TAG, number])
        return rng.binomial(digis.astype(np.int64), self._efficiency).astype(np.uint32)

    def _stream(self, at: Conditions) -> tuple[int, ...]:
        return (at.seed, at.run, at.lumi, *self._view.name.encode())
