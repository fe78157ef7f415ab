"""The noise of simulated ECAL maps against that of real ones.

The real figures are of run 276582 and others of 2016: lumisections of 2016, rec hits.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.geometry.ecal_endcap import crystals as endcap_crystals
from tests.simulate.ecal_making import LUMIS, Array, at, correlation, on, pulls, regular, stack, steady

AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]

# Fano factor by |ieta| row from the middle outwards: means of 16 and of 7 real lumisections.
REAL_FANO = (
    (13.9, 14.6, 14.8, 13.8, 14.4, 13.5, 12.9, 12.4, 12.8, 13.1, 12.4, 12.0, 11.8, 10.7, 9.9, 9.6, 8.3),
    (13.9, 13.8, 15.6, 15.2, 13.9, 12.9, 12.2, 12.0, 11.8, 11.2, 11.6, 10.9, 11.0, 9.4, 8.4, 8.3, 6.9),
)


def fano(name: str) -> Array:
    """By cell, NaN in dead and low ones."""
    mean = steady(name).expected(at())
    squares = np.mean((stack(name) - mean) ** 2, axis=0)
    return np.where(regular(name), squares / np.where(mean > 0.0, mean, 1.0), np.nan)


def test_barrel_fano_factor_falls_from_the_middle_to_the_ends_as_in_real_data() -> None:
    rows = np.nanmean(fano("EB/digi"), axis=1)
    folded = (rows[17:] + rows[16::-1]) / 2
    np.testing.assert_allclose(folded, np.mean(REAL_FANO, axis=0), atol=1.2)
    assert 7.0 < folded[-1] < 8.3
    assert 13.9 < folded[:3].mean() < 15.2


def test_variance_goes_with_the_mean() -> None:
    """Twice the events, twice the variance."""
    healthy, good = steady("EB/digi"), regular("EB/digi")
    few, many = (np.diag(healthy.covariance(at(events=events))) for events in (300, 600))
    np.testing.assert_allclose(many[good.ravel()], 2.0 * few[good.ravel()])


@pytest.mark.parametrize(
    ("apart", "real"),
    [
        ((0, 1), 0.59), ((1, 0), 0.59), ((0, 2), 0.36), ((2, 0), 0.36), ((0, 3), 0.13), ((3, 0), 0.13),
        ((0, 4), 0.06), ((4, 0), 0.06), ((1, 1), 0.435), ((1, 2), 0.27), ((2, 2), 0.17), ((0, 9), 0.0),
    ],
)  # fmt: skip
def test_barrel_neighbours_fluctuate_together(apart: tuple[int, int], real: float) -> None:
    assert correlation(pulls("EB/digi"), *apart, circular=True) == pytest.approx(real, abs=0.025)


@pytest.mark.parametrize("name", ["EE+/digi", "EE-/digi"])
@pytest.mark.parametrize(
    ("apart", "real"),
    [
        ((0, 1), 0.52), ((1, 0), 0.52), ((0, 2), 0.23), ((2, 0), 0.23), ((0, 3), 0.03),
        ((1, 1), 0.395), ((1, 2), 0.175), ((2, 2), 0.06), ((0, 5), 0.0),
    ],
)  # fmt: skip
def test_endcap_neighbours_fluctuate_together(name: str, apart: tuple[int, int], real: float) -> None:
    assert correlation(pulls(name), *apart, circular=False) == pytest.approx(real, abs=0.03)


def predicted(name: str) -> tuple[float, Array]:
    """Variance that the eight neighbours predict, and what is left: fitted on half, tested on the other."""
    residuals, circular = pulls(name), on(name).x.circular
    known = np.nan_to_num(residuals)
    shifted = np.stack([np.roll(known, (-dy, -dx), axis=(1, 2)) for dy, dx in AROUND], axis=-1)
    good = regular(name)
    inner = good & np.all([np.roll(good, (-dy, -dx), axis=(0, 1)) for dy, dx in AROUND], axis=0)
    inner[[0, -1]] = False
    if not circular:
        inner[:, [0, -1]] = False
    half = LUMIS // 2
    weights = np.linalg.lstsq(shifted[:half, inner].reshape(-1, 8), known[:half, inner].ravel())[0]
    left = known[half:, inner] - shifted[half:, inner] @ weights
    return 1.0 - float(left.var() / known[half:, inner].var()), left


def test_neighbours_predict_as_much_as_in_real_data() -> None:
    assert 0.61 <= predicted("EB/digi")[0] <= 0.64
    for name in ("EE+/digi", "EE-/digi"):
        assert 0.51 <= predicted(name)[0] <= 0.61


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi"])
def test_tails_are_slightly_skewed(name: str) -> None:
    """Real: 1.1 to 2.0 per mille beyond 3.29 sigma once the neighbours are known, skewness 0.25."""
    left = predicted(name)[1]
    scaled = left / left.std(axis=0)
    assert 1.1 < 1000.0 * np.mean(np.abs(scaled) > 3.29) < 2.1
    assert 0.15 < np.mean(scaled**3) < 0.40


def test_supermodules_fluctuate_as_a_whole() -> None:
    """Real: 75, 84 and 90 in three files, of 7 or 8 lumisections each, with an error of about 7."""
    counts, mean = stack("EB/digi"), steady("EB/digi").expected(at())

    def sums(maps: NDArray[np.float64]) -> Array:
        return np.asarray(maps.reshape(*maps.shape[:-2], 2, 17, 18, 4).sum(axis=(-3, -1)))

    assert 80.0 < np.mean((sums(counts) - sums(mean)) ** 2 / sums(mean)) < 96.0


@pytest.mark.parametrize("name", ["EE+/digi", "EE-/digi"])
def test_endcap_fano_factor_is_small_beside_the_beam_hole(name: str) -> None:
    y, x = np.indices((20, 20))
    radius = np.hypot(y - 9.5, x - 9.5)
    whole = endcap_crystals().reshape(20, 5, 20, 5).sum(axis=(1, 3)) == 25
    found = fano(name)
    assert 10.5 < np.nanmean(found[whole & (radius > 4) & (radius < 9)]) < 13.5
    assert 3.0 < np.nanmean(found[radius < 3]) < 5.0
    assert 3.5 < np.nanmean(found[~whole & (radius > 9)]) < 7.0


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi", "EE-/rechit"])
def test_crystals_alone_are_poisson_and_add_up_to_towers(name: str) -> None:
    healthy = steady(name)
    rows, columns = healthy.view.shape
    crystals = np.array([healthy.crystals(at(lumi)) for lumi in range(1, 21)], dtype=np.int64)
    towers = crystals.reshape(20, rows, 5, columns, 5).sum(axis=(2, 4))
    np.testing.assert_array_equal(towers, [healthy.draw(at(lumi)) for lumi in range(1, 21)])
    mean = crystals.mean(axis=0)
    counting = mean > 1.0
    assert np.mean(crystals.var(axis=0, ddof=1)[counting] / mean[counting]) == pytest.approx(1.0, abs=0.1)
    if name != "EB/digi":
        assert not crystals[:, ~endcap_crystals()].any()
