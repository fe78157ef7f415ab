"""What ECAL's towers count in an event: profiles, the fixed pattern of a detector, dead cells and crystals.

Profiles, spreads, and the cells without data are those of the average occupancy that CMS publishes for 2022
(`*_avgocc_Run2022_500ev.dat` of cms-data/DQM-EcalMonitorClient); the shares of missing crystals are those of
run 276582. Hot cells of that average are left out. Earlier eras count more near the beam and less at the
ends of the barrel, as measured in 2016 (rec hits) and published for the endcaps of 2018; what lies between
those years is put between them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.geometry.ecal_endcap import crystals
from caloscope.geometry.readout import CRYSTALS, SIDE, lost_with_seeds
from caloscope.records import Cell, Mask
from caloscope.simulate.ecal.blocks import by_tower
from caloscope.simulate.fields import Fields, Shares

_TAG: Final = 0xECA1

# Median by |ieta| row from the middle outwards, in units of the map's mean: 2022, and 2016.
_BARREL: Final = np.array((
    0.846, 0.835, 0.825, 0.811, 0.826, 0.868, 0.887, 0.92, 0.966, 1.006, 1.013, 1.052, 1.066, 1.144, 1.21,
    1.295, 1.331,
))  # fmt: skip
_BARREL_2016: Final = np.array((
    0.952, 0.923, 0.935, 0.938, 0.934, 0.963, 0.956, 0.972, 1.011, 1.013, 0.998, 1.003, 0.998, 1.033, 1.079,
    1.135, 1.204,
))  # fmt: skip
_BARREL_SPREAD: Final = 0.057
# Neighbours correlate 0.5 to 0.6; medians of supermodules scatter by 4 %.
_BARREL_SHARES: Final = Shares(smooth=0.17, regions=0.47, cells=0.36)

# Medians against the distance from the beam in supercrystals, of whole ones.
_RADII: Final = (2.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.5, 10.5)
_ENDCAP: Final = (1.8, 2.23, 2.15, 1.99, 1.92, 1.61, 1.36, 1.23, 1.18, 1.055, 0.93, 0.94, 0.94)
# The same in 2018 and in 2016, of both ends together.
_RADII_BEFORE: Final = (2.7, 3.7, 4.2, 4.7, 5.2, 5.7, 6.2, 6.7, 7.2, 7.7, 8.2, 8.7, 9.2, 9.7)
_ENDCAP_2018: Final = (1.88, 1.79, 1.54, 1.4, 1.34, 1.17, 1.02, 0.93, 0.91, 0.82, 0.71, 0.72, 0.76, 0.72)
_ENDCAP_2016: Final = (2.82, 2.27, 1.69, 1.5, 1.5, 1.21, 1.03, 0.92, 0.8, 0.7, 0.64, 0.58, 0.58, 0.56)
_LIKE_2016: Final = {"2016": 1.0, "2017": 0.5, "2018": 0.0}
"""How much an endcap is like that of 2016; the rest is like 2018."""
# What is cut by the rim or the hole counts less than a whole one, but more than its share of crystals.
_CUT: Final = 0.6
_ENDCAP_SPREADS: Final = ((2.0, 7.5, 8.5, 10.5), (0.09, 0.09, 0.17, 0.17))
_ENDCAP_SHARES: Final = Shares(smooth=0.2, regions=0.0, cells=0.8)

_DEAD: Final[dict[str, tuple[Cell, ...]]] = {
    "EB": (
        (0, 38), (3, 34), (3, 60), (8, 65), (11, 33), (13, 4), (14, 3), (15, 10), (15, 44), (16, 12),
        (18, 22), (27, 34), (28, 9), (29, 38), (31, 68), (33, 33), (33, 71),
    ),
    "EE+": ((2, 6), (3, 6), (5, 16)),
    "EE-": ((5, 10), (6, 5), (15, 17)),
}  # fmt: skip
_LOW: Final[dict[str, dict[Cell, float]]] = {
    "EB": {(7, 54): 0.31, (8, 48): 0.16, (19, 28): 0.42, (27, 30): 0.48},
    "EE+": {(15, 15): 0.46},
    "EE-": {},
}

_ONE_MISSING: Final = 0.023
_STRIP_MISSING: Final = 0.002
"""Parts of the towers without one of their crystals, and without a strip of five."""

_SUSPICIOUS: Final = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """`rate`: relative counts of each tower, `(y, x)`; `alive`: living crystals, `(5 y, 5 x)`."""

    rate: Array
    alive: Mask


def drawn(view: View, seed: int) -> Pattern:
    """The pattern of the detector with this seed."""
    rng = np.random.default_rng([seed, _TAG, *view.name.encode()])
    barrel = view.name == "EB"
    spread = np.asarray(_BARREL_SPREAD) if barrel else np.interp(distance(view), *_ENDCAP_SPREADS)
    field = np.zeros(view.shape)
    field[view.exists] = Fields(view).draw(rng, _BARREL_SHARES if barrel else _ENDCAP_SHARES)
    alive = _with_missing(_existing(view), rng)
    lose(alive, (CRYSTALS * _low(view)).astype(np.int64))
    towers = by_tower(alive).sum(axis=(2, 3)) / np.maximum(by_tower(_existing(view)).sum(axis=(2, 3)), 1)
    # Where a tower is dead its neighbours lack what its seeds would have read.
    near_dead = 1.0 - lost_with_seeds(view, view.exists & (towers == 0.0))
    return Pattern(_profile(view) * np.exp(spread * field) * towers * near_dead, alive)


def given(view: View, rate: Array) -> Pattern:
    """The pattern with these relative rates: dead where they are zero, few crystals where they are low."""
    rate = np.where(view.exists, rate, 0.0)
    rate /= rate.max()
    whole = np.divide(rate, _whole(view), out=np.zeros(view.shape), where=view.exists)
    usual = _usual(whole)
    ratio = np.divide(whole, usual, out=np.ones(view.shape), where=usual > 0.0)
    alive = _existing(view)
    left = np.where(ratio < _SUSPICIOUS, np.ceil(CRYSTALS * ratio), CRYSTALS)
    lose(alive, np.where(rate > 0.0, left, 0).astype(np.int64))
    return Pattern(rate, alive)


def typical(view: View, rate: Array) -> Array:
    """What each tower would count if it were like those around: no hot cell stands out."""
    whole = np.divide(rate, _whole(view), out=np.zeros(view.shape), where=view.exists)
    return np.where(view.exists, np.minimum(whole, 1.3 * _usual(whole)) * _whole(view), 0.0)


def lose(alive: Mask, left: NDArray[np.int64]) -> None:
    """Let no tower have more than `left` living crystals, in place: the last ones die."""
    towers = by_tower(alive)
    order = towers.reshape(*left.shape, CRYSTALS).cumsum(axis=2).reshape(towers.shape)
    towers &= order <= left[:, :, np.newaxis, np.newaxis]


def distance(view: View) -> Array:
    """From the middle: the barrel's to its ends, 0 to 1; an endcap's from the beam, in supercrystals."""
    y, x = np.indices(view.shape, dtype=np.float64)
    if view.name == "EB":
        return np.asarray((np.abs(y - 16.5) - 0.5) / 16.0)
    return np.asarray(np.hypot(y - 9.5, x - 9.5))


def _profile(view: View) -> Array:
    if view.name == "EB":
        old = {"2016": 1.0, "2017": 0.67, "2018": 0.33}.get(view.era, 0.0)
        half = old * _BARREL_2016 + (1.0 - old) * _BARREL
        return np.concatenate([half[::-1], half])[:, np.newaxis] * np.ones(view.shape)
    return np.where(view.exists, _radial(view) * _whole(view), 0.0)


def _radial(view: View) -> Array:
    """What a whole supercrystal counts, by its distance from the beam."""
    radius = distance(view)
    if view.era not in _LIKE_2016:
        return np.asarray(np.interp(radius, _RADII, _ENDCAP))
    old = _LIKE_2016[view.era]
    of_2016 = np.interp(radius, _RADII_BEFORE, _ENDCAP_2016)
    return np.asarray(old * of_2016 + (1.0 - old) * np.interp(radius, _RADII_BEFORE, _ENDCAP_2018))


def _existing(view: View) -> Mask:
    """Crystals that there are, `(5 y, 5 x)`; writable."""
    if view.name == "EB":
        return np.ones(tuple(SIDE * n for n in view.shape), dtype=np.bool_)
    return crystals().copy()


def _whole(view: View) -> Array:
    """What a tower counts against a whole one at its place: less where it is cut."""
    part = by_tower(_existing(view)).mean(axis=(2, 3))
    return np.asarray(part**_CUT)


def _low(view: View) -> Array:
    """Share of a tower's response that is left, 1 in most."""
    left = np.ones(view.shape)
    for cell in _DEAD[view.name]:
        left[cell] = 0.0
    for cell, share in _LOW[view.name].items():
        left[cell] = share
    return left


def _with_missing(alive: Mask, rng: np.random.Generator) -> Mask:
    """Without a crystal here and there, and some strips of five."""
    towers = by_tower(alive)
    chance = rng.random(towers.shape[:2])
    place_y, place_x = rng.integers(SIDE, size=(2, *chance.shape))
    for y, x in np.argwhere(chance < _ONE_MISSING + _STRIP_MISSING):
        strip = chance[y, x] < _STRIP_MISSING
        towers[y, x, place_y[y, x], slice(None) if strip else place_x[y, x]] = False
    return alive


def _usual(whole: Array, reach: int = 2) -> Array:
    """Median of the living towers within `reach`, each tower's own where none is."""
    padded = np.pad(np.where(whole > 0.0, whole, np.nan), reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    every = windows.reshape(*whole.shape, -1)
    some = np.isfinite(every).any(axis=2)
    usual = whole.copy()
    usual[some] = np.nanmedian(every[some], axis=1)
    return usual
