"""Each statistic on counts of which the answer is known."""

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.validation.expectation import rank_one, residuals
from caloscope.validation.rings import rings
from caloscope.validation.sample import Crystals, Frame, Stack
from caloscope.validation.statistics import noise, pattern, shape, space, spread, sums

EB = Frame(load()["EB/digi"], view("EB", "2018"))
HO = Frame(load()["HO/digi"], view("HO", "2017"))
BOTH = (False, True)


def poisson(seed: int, lumis: int = 12, mean: float = 200.0) -> Stack:
    counts = np.random.default_rng(seed).poisson(mean, (lumis, *EB.view.shape)).astype(float)
    return Stack(counts, np.ones(counts.shape, np.bool_))


def in_blocks(seed: int, lumis: int = 12, reach: int = 1) -> Stack:
    """All counts come in blocks of (2 reach + 1)^2 towers, 4 of each tower at a time."""
    rng = np.random.default_rng(seed)
    seeds = rng.poisson(8.0, (lumis, *EB.view.shape)).astype(float)
    steps = range(-reach, reach + 1)
    counts = sum(space.shifted(4.0 * seeds, dy, dx, BOTH) for dy in steps for dx in steps)
    assert isinstance(counts, np.ndarray)
    return Stack(counts, np.ones(counts.shape, np.bool_))


def test_rank_one_finds_scales_and_means_around_what_is_left_out() -> None:
    rng = np.random.default_rng(1)
    scale, mean = rng.uniform(0.5, 1.5, 9), rng.uniform(50.0, 500.0, 300)
    scale /= scale.mean()
    counts = scale[:, None] * mean
    valid = rng.random(counts.shape) < 0.8
    valid[:, 7] = False
    found_scale, found_mean = rank_one(np.where(valid, counts, 1e9), valid)
    np.testing.assert_allclose(found_scale, scale, rtol=1e-4)
    np.testing.assert_allclose(np.delete(found_mean, 7), np.delete(mean, 7), rtol=1e-4)
    assert found_mean[7] == 0.0


def test_poisson_counts_have_fano_factor_one_and_know_nothing_of_each_other() -> None:
    res = residuals(EB, poisson(2))
    chi2 = res.chi2()
    # The mean of 2,448 chi2 of 11 degrees of freedom is known to sqrt(2 / 11 / 2448).
    assert abs(chi2.mean() - 1.0) < 4 * np.sqrt(2 / 11 / 2448)
    z = res.standardised()
    assert z.std() == pytest.approx(1.0, abs=0.02)
    found = space.correlations(z, z != 0, space.OFFSETS, BOTH)
    assert np.abs(found).max() < 4 / np.sqrt(z.size * 0.9) + 1 / 2448
    assert abs(space.given_neighbours(z, z != 0, BOTH)[0]) < 0.01
    assert abs(spread.lag(z)) < 4 / np.sqrt(z.size)
    assert sums.region_sums(res, "supermodule")["EB+"] == pytest.approx(1.0, abs=4 * np.sqrt(2 / 11 / 18))
    assert spread.tails(z).skewness == pytest.approx(1 / np.sqrt(200), abs=0.06)


def test_counts_in_blocks_correlate_as_blocks_overlap() -> None:
    z = residuals(EB, in_blocks(3)).standardised()
    found = dict(zip(space.OFFSETS, space.correlations(z, z != 0, space.OFFSETS, BOTH), strict=True))
    # Of nine towers six are shared with the next, four on the diagonal, three with the next but one.
    assert found[(0, 1)] == pytest.approx(2 / 3, abs=0.04)
    assert found[(1, 0)] == pytest.approx(2 / 3, abs=0.04)
    assert found[(1, 1)] == pytest.approx(4 / 9, abs=0.04)
    assert found[(0, 2)] == pytest.approx(1 / 3, abs=0.05)
    assert abs(found[(0, 3)]) < 0.05
    share, left = space.given_neighbours(z, z != 0, BOTH)
    assert 0.5 < share < 0.95
    assert np.mean(left**2) == pytest.approx(1.0)


def test_the_eight_neighbours_do_not_see_what_is_not_valid() -> None:
    stack = in_blocks(4)
    stack.valid[:, 10:20, 30:40] = False
    stack.counts[:, 10:20, 30:40] = 1e6
    z = residuals(EB, stack).standardised()
    found = space.correlations(z, z != 0, ((0, 1),), BOTH)
    assert found[0] == pytest.approx(2 / 3, abs=0.05)


def test_variance_in_proportion_to_the_mean_has_power_one() -> None:
    rng = np.random.default_rng(5)
    mean = np.exp(rng.normal(np.log(300.0), 0.15, EB.view.shape))
    counts = rng.negative_binomial(mean / 9.0, 0.1, (40, *EB.view.shape)).astype(float)
    res = residuals(EB, Stack(counts, np.ones(counts.shape, np.bool_)))
    assert res.chi2().mean() == pytest.approx(10.0, rel=0.03)
    curve, power = spread.against_mean(res)
    assert power == pytest.approx(1.0, abs=0.15)
    np.testing.assert_allclose(curve, 1.0, atol=0.15)


def test_lag_is_found_where_there_is_one() -> None:
    rng = np.random.default_rng(6)
    z = np.zeros((40, 34, 72))
    z[0] = rng.standard_normal((34, 72))
    for lumi in range(1, 40):
        z[lumi] = 0.5 * z[lumi - 1] + np.sqrt(0.75) * rng.standard_normal((34, 72))
    assert spread.lag(z - z.mean(0)) == pytest.approx(0.5, abs=0.06)


def test_binomial_counts_have_chi2_one_and_the_common_mode_that_was_put_in() -> None:
    rng = np.random.default_rng(7)
    events = rng.integers(1500, 2500, 30)
    shape_of = (30, *HO.view.shape)
    p = np.where(HO.view.exists, 0.4, 0.0)
    quiet = rng.binomial(events[:, None, None], p, shape_of).astype(float)
    valid = np.broadcast_to(HO.view.exists, shape_of)
    stack = Stack(quiet, valid, events)
    res = residuals(HO, stack)
    cells = int(HO.view.exists.sum())
    assert np.nanmean(res.chi2()) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 29 / cells))
    assert abs(sums.common_modes(res, stack)["HO"]) < 0.8
    loud_p = p * (1 + 0.02 * rng.standard_normal(30))[:, None, None]
    loud = Stack(rng.binomial(events[:, None, None], loud_p).astype(float), valid, events)
    # 30 numbers know their spread to 13 %.
    assert sums.common_modes(residuals(HO, loud), loud)["HO"] == pytest.approx(20.0, rel=0.5)


def test_crystals_are_judged_on_the_scale_of_their_towers() -> None:
    rng = np.random.default_rng(8)
    scale = np.array([0.5, 1.0, 1.5, 1.0, 0.8, 1.2])
    counts = rng.poisson(scale[:, None, None] * 10.0, (6, 170, 360)).astype(float)
    stack = Stack(np.zeros((6, 34, 72)), np.ones((6, 34, 72), np.bool_),
                  crystals=Crystals(counts, np.ones(counts.shape, np.bool_)))  # fmt: skip
    assert sums.crystal_fano(stack, scale) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 5 / 61_200))


def test_neighbours_of_dead_cells_are_compared_with_their_ring() -> None:
    on, dead = EB.view, np.zeros(EB.view.shape, np.bool_)
    dead[10, 20] = dead[25, 71] = True
    values = np.full(on.shape, 100.0)
    for row, column in ((10, 20), (25, 71)):
        values[row, column] = 0.0
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            values[row + dy, (column + dx) % 72] = 95.0
    assert shape.beside_dead(values, ~dead, dead, rings(on), BOTH) == pytest.approx(0.95)
    assert np.isnan(shape.beside_dead(values, ~dead, np.zeros_like(dead), rings(on), BOTH))


def test_rings_follow_the_detector() -> None:
    barrel = rings(EB.view)
    assert barrel.positions == tuple(range(1, 18))
    assert barrel.labels[16, 0] == barrel.labels[17, 5] == 0
    endcap = rings(view("EE+", "2018"))
    assert endcap.labels[9, 9] == -1
    assert endcap.positions[-1] == 10


@pytest.mark.parametrize("name", ["EB/digi", "EE-/rechit", "HCAL/digi", "HO/digi"])
def test_keys_are_unique_and_everything_survives_too_little_data(name: str) -> None:
    frame = Frame(load()[name], view(load()[name].view, "2017"))
    valid = np.zeros((3, *frame.view.shape), np.bool_)
    stack = Stack(np.zeros(valid.shape), valid, np.full(3, 100) if frame.binomial else None)
    keys = [each.key for each in noise(frame, stack)]
    keys += [each.key for each in pattern(frame, stack.counts[0], valid[0], valid[0])]
    assert len(keys) == len(set(keys))
