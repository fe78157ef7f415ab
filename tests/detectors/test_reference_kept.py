"""A bundle keeps all that the reference learned, and what does not fit is refused in words."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Expectation, Noise
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError

from .test_reference import VIEW, channel_counts, tower_counts

Arrays = dict[str, NDArray[np.generic]]


def fitted(noise: Noise) -> Reference:
    return Reference.fit(channel_counts(20) if noise == "binomial" else tower_counts(40), noise, VIEW)


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
def test_it_comes_back_as_it_was(noise: Noise) -> None:
    before = fitted(noise)
    after = Reference.restore(before.settings(), before.arrays(), None)
    assert after.settings() == before.settings()
    for name, array in before.arrays().items():
        np.testing.assert_array_equal(after.arrays()[name], array, err_msg=name)
    shown = (channel_counts if noise == "binomial" else tower_counts)(2, seed=9)[0]
    one, other = (detector.look(shown, {})[0] for detector in (before, after))
    assert isinstance(one, Expectation)
    assert isinstance(other, Expectation)
    np.testing.assert_array_equal(one.mean, other.mean)


def set_nan(array: NDArray[np.generic]) -> NDArray[np.generic]:
    changed = array.astype(np.float64)
    changed.flat[0] = np.nan
    return changed


def shorten(array: NDArray[np.generic]) -> NDArray[np.generic]:
    return array[:-1]


def far_away(array: NDArray[np.generic]) -> NDArray[np.generic]:
    changed = array.astype(np.int64)
    changed.flat[0] = 10**9
    return changed


def turn_over(array: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.asarray(-array.astype(np.float64))


def lopsided(array: NDArray[np.generic]) -> NDArray[np.generic]:
    changed = array.astype(np.float64)
    changed.flat[1] += 0.5
    return changed


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        *[(name, set_nan) for name in ("level", "slope", "curve", "dispersion", "inverse_data", "common")],
        *[(name, shorten) for name in ("level", "alive", "change", "group", "inverse_indptr", "ring_change")],
        *[(name, far_away) for name in ("group", "curve_group", "area", "inverse_indices", "inverse_indptr")],
        *[(name, turn_over) for name in ("dispersion", "change", "common_without_pileup", "inverse_data")],
        ("inverse_data", lopsided),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str, spoil: Callable[[NDArray[np.generic]], NDArray[np.generic]]
) -> None:
    good = fitted("overdispersed")
    arrays: Arrays = dict(good.arrays())
    arrays[name] = spoil(arrays[name])
    with pytest.raises(BundleError, match="reference: found"):
        Reference.restore(good.settings(), arrays, None)


@pytest.mark.parametrize("name", sorted(fitted("overdispersed").arrays()))
def test_nothing_may_be_missing(name: str) -> None:
    good = fitted("overdispersed")
    arrays = {key: array for key, array in good.arrays().items() if key != name}
    with pytest.raises(BundleError, match=f"found no array {name}"):
        Reference.restore(good.settings(), arrays, None)


def test_settings_are_checked() -> None:
    good = fitted("overdispersed")
    for wrong in ({"noise": "pink"}, {"pileup_low": float("nan")}, {"pileup_low": 99.0}, {"min_events": "x"}):
        with pytest.raises(BundleError, match="reference: found"):
            Reference.restore({**good.settings(), **wrong}, good.arrays(), None)
