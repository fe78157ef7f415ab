"""Simulated HCAL fluctuates as the real one does: binomial channels that are not quite independent."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.geometry.hcal_layout import Subdetector, subdetectors
from caloscope.simulate.stability import DEFAULT

from .hcal_measuring import HB, HE, ON, Array, around, correlation, depth_of, drawn, lumi, made, sums

LUMIS = 60


@pytest.fixture(scope="module")
def z() -> Array:
    """Residuals of 60 lumisections around what is truly expected."""
    return around(made(), LUMIS)


def in_cells(z: Array, cells: np.ndarray) -> Array:
    return np.where(cells, z, np.nan)


@pytest.mark.parametrize("cells", [HB, HE], ids=["HB", "HE"])
def test_each_channel_counts_binomially(z: Array, cells: np.ndarray) -> None:
    residual = z[:, cells & np.isfinite(z[0])]
    square = np.square(residual)
    assert square.mean() == pytest.approx(1.0, abs=0.015)
    assert square.mean(axis=0).std() == pytest.approx(np.sqrt(2 / LUMIS), rel=0.1)
    assert residual.mean() == pytest.approx(0.0, abs=0.025)
    assert 0.0006 < np.mean(np.abs(residual) > 3.29) < 0.0016


def test_few_events_are_counted_binomially_too() -> None:
    detector, trials = made(), 12
    p = detector.expected(lumi(events=1000)) / 1000
    cells = (p > 0.2) & (p < 0.8)
    seen, expected = np.zeros(trials + 1), np.zeros(trials + 1)
    numbers = np.arange(trials + 1)
    ways = np.array([1.0, *np.cumprod((trials - numbers[:-1]) / (numbers[:-1] + 1.0))])
    for number in range(1, 151):
        at = lumi(number, trials)
        q = (detector.expected(at)[cells] / trials)[:, None]
        expected += (ways * q**numbers * (1.0 - q) ** (trials - numbers)).sum(axis=0)
        seen += np.bincount(detector.draw(at)[cells], minlength=trials + 1)
    assert np.abs(seen / expected - 1.0).max() < 0.025


def test_neighbours_fluctuate_together(z: Array) -> None:
    hb, he = in_cells(z, HB & (depth_of == 1)), in_cells(z, HE)
    near = np.mean([correlation(hb, iphi=1), correlation(hb, ieta=1)])
    assert 0.04 < near < 0.065
    assert 0.015 < correlation(hb, iphi=2) < 0.04
    assert 0.02 < correlation(hb, iphi=1, ieta=1) < 0.05
    assert 0.045 < np.mean([correlation(he, iphi=1), correlation(he, ieta=1)]) < 0.1
    assert 0.02 < correlation(he, iphi=2) < 0.06
    assert 0.03 < correlation(he, depths=1) < 0.07
    assert abs(correlation(hb, iphi=24)) < 0.014
    assert abs(correlation(he, iphi=24)) < 0.02


def test_readout_boxes_vary_more_than_independent_channels_would(z: Array) -> None:
    p = made().expected(lumi(events=1000)) / 1000
    for name, cells in (("HB", HB), ("HE", HE)):
        assert 1.45 < sums(in_cells(z, cells), p, ON, "rbx", name).mean() < 2.2
        assert 1.1 < sums(in_cells(z, cells), p, ON, "rm", name).mean() < 1.4


def test_outer_channels_are_independent() -> None:
    residual = around(made("HO/digi"), LUMIS)[:, None]
    assert np.nanmean(np.square(residual)) == pytest.approx(1.0, abs=0.02)
    for far in ((1, 0), (2, 0), (0, 1), (1, 1)):
        assert abs(correlation(residual, *far)) < 0.015


def test_the_covariance_is_that_of_the_draws(z: Array) -> None:
    detector, at = made(), lumi()
    for name in ("HBP05", "HEM12"):
        cells = next(region.members for region in ON.regions if region.name == name)
        given = detector.covariance_of(at, cells)
        mean = detector.expected(at)[cells]
        assert np.allclose(np.diag(given), mean * (1.0 - mean / at.events))
        assert np.allclose(given, given.T)
        assert np.linalg.eigvalsh(given).min() > -1e-6
        seen = sums(z, detector.expected(at) / at.events, ON, "rbx", name[:2]).mean()
        assert seen == pytest.approx(given.sum() / np.trace(given), rel=0.15)


def test_a_covariance_of_too_many_cells_is_refused() -> None:
    with pytest.raises(UsageError, match=r"HCAL/digi: found 8752 cells, expected 5000 at most"):
        made().covariance(lumi())
    outer = made("HO/digi")
    cov = outer.covariance(lumi())
    assert cov.shape == (2160, 2160)
    assert np.count_nonzero(cov - np.diag(np.diag(cov))) == 0


def test_rec_hits_have_the_covariance_of_what_is_left() -> None:
    cells = next(region.members for region in ON.regions if region.name == "HEP17")
    digis, hits = (made(name).covariance_of(lumi(), cells) for name in ("HCAL/digi", "HCAL/rechit"))
    kept = 1.0 - 2.2e-4
    apart = ~np.eye(len(digis), dtype=np.bool_)
    assert np.allclose(hits[apart], kept**2 * digis[apart])
    mean = made("HCAL/rechit").expected(lumi())[cells]
    assert np.allclose(np.diag(hits), mean * (1.0 - mean / lumi().events))


def test_the_same_seed_gives_the_same_counts_in_any_order_and_company() -> None:
    first, second = made(stability=DEFAULT), made(stability=DEFAULT)
    forward = {number: first.draw(lumi(number)) for number in (1, 2, 300)}
    made("HO/digi").draw(lumi(2))
    for number in (300, 2, 1):
        assert np.array_equal(second.draw(lumi(number)), forward[number])
        assert np.array_equal(second.expected(lumi(number)), first.expected(lumi(number)))
    assert forward[1].dtype == np.uint32
    other = made(seed=4, stability=DEFAULT)
    assert not np.array_equal(other.draw(lumi(1)), forward[1])
    assert not np.array_equal(first.draw(replace(lumi(1), seed=9)), forward[1])


def test_expected_is_the_mean_of_what_is_drawn(z: Array) -> None:
    pulls = z[:, np.isfinite(z[0])].mean(axis=0) * np.sqrt(LUMIS)
    assert np.abs(pulls).max() < 5.5
    assert np.std(pulls) == pytest.approx(1.0, abs=0.06)


def test_rec_hits_are_nearly_all_digis() -> None:
    digis, hits = (drawn(made(name), [1600] * 30) for name in ("HCAL/digi", "HCAL/rechit"))
    which = subdetectors("2017")
    assert (hits <= digis).all()
    deep = (which == Subdetector.HF) & (depth_of > 2)
    assert not hits[:, deep].any()
    assert np.array_equal(hits[:, HB | HE], digis[:, HB | HE])
    shallow = (which == Subdetector.HF) & (depth_of <= 2)
    assert 1.0 - hits[:, shallow].sum() / digis[:, shallow].sum() == pytest.approx(1.6e-5, rel=0.15)
    hep17 = (which == Subdetector.HE) & ~HE
    assert 1.0 - hits[:, hep17].sum() / digis[:, hep17].sum() == pytest.approx(2.2e-4, rel=0.15)
    mean = made("HCAL/rechit").expected(lumi())
    assert not mean[deep].any()
    assert mean[shallow] == pytest.approx(1600 * (1 - 1.6e-5))


def test_boxes_across_the_seam_in_iphi_are_as_much_alike_as_others() -> None:
    cells = np.zeros(ON.shape, np.bool_)
    cells[0, [0, 71, 35, 36], 45] = True
    rows = view("HCAL", "2017").y.values
    assert (rows[0], rows[71]) == (1, 72)
    covariance = made().covariance_of(lumi(), cells)  # rows 0, 35, 36, 71
    sigma = np.sqrt(np.diag(covariance))
    rho = covariance / sigma[:, None] / sigma
    assert rho[0, 3] == pytest.approx(rho[1, 2], rel=0.3)
    assert rho[0, 1] == 0.0
