"""Simulated ECAL maps: mean, covariance, pattern, conditions, and that the same seed gives the same."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.geometry.ecal_endcap import crystals as endcap_crystals
from caloscope.simulate import DEFAULT, STEADY, healthy, healthy_maps
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.ecal.detector import EFFICIENCY, ecal
from caloscope.simulate.ecal.response import line
from tests.simulate.ecal_making import LUMIS, Array, at, on, regular, stack, steady

MAPS = ("EB/digi", "EE+/digi", "EE-/digi", "EB/rechit")


@pytest.mark.parametrize("name", MAPS)
def test_expected_is_the_mean_of_draws(name: str) -> None:
    mean, exists = steady(name).expected(at()), on(name).exists
    error = np.zeros(mean.shape)
    error[exists] = np.sqrt(np.diag(steady(name).covariance(at())) / LUMIS)
    counting = mean > 0.0
    pulls = (stack(name).mean(axis=0) - mean)[counting] / error[counting]
    assert np.abs(pulls).max() < 5.0
    assert pulls.std() == pytest.approx(1.0, abs=0.2)
    assert not stack(name)[:, ~counting].any()


@pytest.mark.parametrize("name", MAPS)
def test_covariance_is_that_of_draws(name: str) -> None:
    """Tested on sums with random signs: their variance is known from the matrix."""
    exists = on(name).exists
    covariance = steady(name).covariance(at())
    assert covariance.shape == (exists.sum(), exists.sum())
    np.testing.assert_allclose(covariance, covariance.T)
    mean = steady(name).expected(at())
    residuals = (stack(name) - mean)[:, exists]
    signs = np.random.default_rng(5).choice([-1.0, 1.0], size=(200, exists.sum()))
    signs[:50] = 0.0
    signs[np.arange(50), np.random.default_rng(6).integers(exists.sum(), size=50)] = 1.0
    wanted = ((signs @ covariance) * signs).sum(axis=1)
    found = np.mean((residuals @ signs.T) ** 2, axis=0)
    ratio = found[wanted > 0.0] / wanted[wanted > 0.0]
    assert ratio.mean() == pytest.approx(1.0, abs=0.05)
    assert np.abs(ratio - 1.0).max() < 5.0 * np.sqrt(2.0 / LUMIS)


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi", "EE-/digi"])
@pytest.mark.parametrize("pileup", [0.0, 20.0, 50.0, 65.0])
def test_sum_is_linear_in_pileup_as_published(name: str, pileup: float) -> None:
    conditions = at(events=500, pileup=pileup)
    assert steady(name).expected(conditions).sum() == pytest.approx(500 * line(on(name).name, pileup))


def test_rate_is_that_of_an_event_at_pileup_50() -> None:
    for name in MAPS:
        expected = steady(name).expected(at(events=100, pileup=50.0))
        np.testing.assert_allclose(100 * steady(name).rate, expected)


def test_shape_changes_by_a_few_percent_with_pileup() -> None:
    low, high = (steady("EB/digi").expected(at(pileup=pileup)) for pileup in (20.0, 60.0))
    good = regular("EB/digi")
    change = (high / high.sum() / np.where(low > 0.0, low, 1.0) * low.sum())[good]
    assert 0.01 < change.std() < 0.04
    assert 0.9 < change.min() < change.max() < 1.1


@pytest.mark.parametrize("name", MAPS)
def test_same_seed_same_counts_in_any_order_and_company(name: str) -> None:
    spec, view = load()[name], on(name)
    alone = healthy(spec, view, 3)
    other = load()["EE+/digi" if name != "EE+/digi" else "EB/digi"]
    among = healthy_maps([(other, on(other.name)), (spec, view)], 3)[name]
    lumis = [at(lumi) for lumi in (4, 1, 9)]
    forth = [alone.draw(each) for each in lumis]
    for each in lumis:
        healthy(other, on(other.name), 3).draw(each)
    back = [among.draw(each) for each in reversed(lumis)][::-1]
    np.testing.assert_array_equal(forth, back)
    assert forth[0].dtype == np.uint32
    assert forth[0].shape == view.shape
    assert not np.array_equal(alone.draw(lumis[0]), alone.draw(replace(lumis[0], seed=2)))
    assert not np.array_equal(alone.rate, healthy(spec, view, 4).rate)


def test_rec_hits_are_digis_of_the_same_events() -> None:
    for lumi in (1, 2):
        digis, hits = (steady(name).draw(at(lumi)).astype(int) for name in ("EB/digi", "EB/rechit"))
        assert (hits <= digis).all()
        assert hits.sum() == pytest.approx(EFFICIENCY * digis.sum(), rel=0.002)


@pytest.mark.parametrize("name", MAPS)
def test_no_events_no_counts(name: str) -> None:
    assert not steady(name).draw(at(events=0)).any()
    assert not steady(name).expected(at(events=0)).any()
    assert not steady(name).crystals(at(events=0)).any()


def test_no_tower_counts_more_than_its_crystals_in_every_event() -> None:
    jets = Conditions(1, 1, 1, 60.0, 60.0, activity=30.0)
    counts = steady("EB/digi").draw(jets)
    assert counts.max() == 25
    crystals = steady("EB/digi").crystals(jets)
    np.testing.assert_array_equal(crystals.reshape(34, 5, 72, 5).sum(axis=(1, 3)), counts)


def test_jets_read_more_of_the_middle() -> None:
    plain = steady("EB/digi").expected(at())
    jets = steady("EB/digi").expected(replace(at(), dataset="JetHT"))
    ratio = (jets / np.where(plain > 0.0, plain, 1.0))[:, regular("EB/digi").all(axis=0)].mean(axis=1)
    assert 1.05 < ratio[17] < 1.12
    assert ratio[0] == pytest.approx(1.0, abs=0.02)


def test_without_beam_hardly_anything_counts_and_ions_count_with_their_activity() -> None:
    plain = steady("EB/digi").expected(at())
    cosmics = steady("EB/digi").expected(replace(at(), beam="none", pileup=0.0))
    assert 0.0 < cosmics.sum() < 0.002 * plain.sum()
    ions = [
        steady("EE+/digi").expected(replace(at(), beam="ions", activity=activity)) for activity in (1.0, 4.0)
    ]
    np.testing.assert_allclose(ions[1], 4.0 * ions[0])


def test_barrel_pattern_has_the_published_profile_and_spread() -> None:
    rate, good = steady("EB/digi").rate, regular("EB/digi")
    rows = np.array([np.median(row[alive]) for row, alive in zip(rate, good, strict=True)])
    folded = (rows[17:] + rows[16::-1]) / 2 / rate.mean()
    np.testing.assert_allclose(folded[[0, 3, 8, 16]], (0.846, 0.811, 0.966, 1.331), rtol=0.05)
    pattern = np.where(good, np.log(np.where(good, rate, 1.0) / rows[:, np.newaxis]), np.nan)
    assert 0.045 < np.nanstd(pattern) < 0.075
    medians = np.nanmedian(pattern.reshape(2, 17, 18, 4).swapaxes(1, 2).reshape(36, -1), axis=1)
    assert 0.025 < medians.std() < 0.055
    along = np.nanmean(pattern * np.roll(pattern, -1, axis=1)) / np.nanvar(pattern)
    assert 0.35 < along < 0.65


@pytest.mark.parametrize(("name", "dead"), [("EB/digi", 17), ("EE+/digi", 3), ("EE-/digi", 3)])
def test_dead_towers_of_2022_are_dead_and_depress_their_neighbours(name: str, dead: int) -> None:
    rate, exists = steady(name).rate, on(name).exists
    assert np.count_nonzero((rate == 0.0) & exists) == dead
    assert not rate[~exists].any()
    if name == "EB/digi":
        assert rate[28, 9] == 0.0
        around = np.median(rate[26:31, 7:12])
        assert rate[8, 48] < 0.3 * around


@pytest.mark.parametrize("name", ["EE+/digi", "EE-/digi"])
def test_endcap_profile_peaks_near_the_beam_hole(name: str) -> None:
    rate = steady(name).rate / steady(name).rate[on(name).exists].mean()
    y, x = np.indices((20, 20))
    radius = np.hypot(y - 9.5, x - 9.5)
    assert np.median(rate[(radius >= 3) & (radius < 4)]) == pytest.approx(2.23 / 1.296, rel=0.1)
    whole = endcap_crystals().reshape(20, 5, 20, 5).sum(axis=(1, 3)) == 25
    assert np.median(rate[(radius >= 8) & (radius < 9) & whole]) == pytest.approx(0.91 / 1.296, rel=0.12)


def test_earlier_eras_count_more_near_the_beam_and_less_at_the_ends_of_the_barrel() -> None:
    def ring(name: str, era: str, inside: Array) -> float:
        made = healthy(load()[name], view(name.split("/", maxsplit=1)[0], era), 1, stability=STEADY)
        return float(np.median(made.rate[inside > 0]) / made.rate[made.rate > 0].mean())

    y, x = np.indices((20, 20))
    radius = np.hypot(y - 9.5, x - 9.5)
    hole = ((radius >= 2.5) & (radius < 3)).astype(float)
    # both endcaps of 2016, 2018 and 2022 measured 2.8, 1.9 and 1.55 there
    found = [ring("EE+/digi", era, hole) for era in ("2016", "2017", "2018", "2019+")]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(2.8, rel=0.15)
    assert found[2] == pytest.approx(1.9, rel=0.15)
    ends = np.zeros((34, 72))
    ends[[0, -1]] = 1.0
    assert ring("EB/digi", "2016", ends) == pytest.approx(1.2, rel=0.05)
    assert ring("EB/digi", "2019+", ends) == pytest.approx(1.33, rel=0.05)


def test_changes_from_run_to_run_are_there() -> None:
    moving = healthy(load()["EB/digi"], on("EB/digi"), 1, stability=DEFAULT)
    one, other = (moving.expected(replace(at(), run=run)) for run in (1, 2))
    good = regular("EB/digi")
    assert 0.005 < np.log(one[good] / other[good]).std() < 0.06


@pytest.mark.parametrize("name", ["EB/digi", "EE-/digi"])
def test_pattern_is_used_exactly_whatever_it_holds(name: str) -> None:
    view = on(name)
    rng = np.random.default_rng(2)
    pattern = np.where(view.exists, rng.lognormal(0.0, 0.3, view.shape), 0.0)
    cells = np.argwhere(view.exists)[rng.permutation(int(view.exists.sum()))]
    for cell, what in zip(cells[:40], [0.0, 1e-6, 0.1, 20.0] * 10, strict=True):
        pattern[tuple(cell)] = what
    made = ecal(load()[name], view, 1, STEADY, pattern)
    expected = pattern * (line(view.name, 50.0) / pattern.sum())
    np.testing.assert_allclose(made.rate, expected, rtol=1e-9)
    counts = made.draw(at())
    assert not counts[pattern == 0.0].any()


def test_pattern_without_counts_is_refused() -> None:
    view = on("EB/digi")
    with pytest.raises(UsageError, match="pattern"):
        healthy(load()["EB/digi"], view, 1, pattern=np.zeros(view.shape))
