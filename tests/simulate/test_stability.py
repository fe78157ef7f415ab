"""Run-to-run changes, slow drifts and changes from one lumisection to the next."""

import numpy as np
import pytest

from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.geometry import View, view
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.stability import DEFAULT, STEADY, Changes, Stability
from tests.simulate.making import TEXT

RUN_TO_RUN = Stability(0.02, 0.0, 0.0)
DRIFT = Stability(0.0, 0.01, 0.0)
LUMI_TO_LUMI = Stability(0.0, 0.0, 0.003)
VIEWS = [("EB", "2018"), ("EE+", "2018"), ("HCAL", "2018"), ("HCAL", "2019+"), ("HO", "2018")]


def at(run: int = 320_001, lumi: int = 1, day: float = 0.0) -> Conditions:
    return Conditions(run, lumi, events=500, pileup=50.0, measured=50.0, day=day)


def over_runs(on: View, stability: Stability, runs: int = 300, seed: int = 5) -> Array:
    """Factors less one of the cells that exist, (runs, cells)."""
    changes = Changes(on, seed, stability)
    return np.array([changes.factor(at(320_000 + run))[on.exists] for run in range(runs)]) - 1.0


@pytest.mark.parametrize(("name", "era"), VIEWS)
def test_the_size_differs_from_place_to_place_between_one_and_four_percent(name: str, era: str) -> None:
    factor = over_runs(view(name, era), RUN_TO_RUN)
    rms = factor.std(axis=0)
    # 300 runs know an rms to 4 %.
    assert rms.min() > 0.01 * 0.84
    assert rms.max() < 0.04 * 1.16
    assert 1.3 < np.quantile(rms, 0.9) / np.quantile(rms, 0.1) < 4.0
    assert abs(factor.mean(axis=0) / rms).max() < 5.5 / np.sqrt(300)


def correlation(factor: Array, shape: tuple[int, ...], dy: int, dx: int) -> float:
    """Mean correlation of cells this far apart, on a view where all cells exist."""
    pulls = (factor / factor.std(axis=0)).reshape(-1, *shape)
    moved = np.roll(pulls, -dx, axis=2)[:, dy:]
    return float(np.mean(pulls[:, : shape[0] - dy] * moved))


def test_neighbours_change_together() -> None:
    on = view("EB", "2018")
    factor = over_runs(on, RUN_TO_RUN)
    near, five, far = (correlation(factor, on.shape, 0, dx) for dx in (1, 5, 30))
    assert 0.75 < near < 0.95
    assert 0.2 < five < 0.45
    assert abs(far) < 0.05
    assert correlation(factor, on.shape, 2, 0) > correlation(factor, on.shape, 6, 0) > 0.2


def test_a_supermodule_changes_by_itself() -> None:
    on = view("EB", "2018")
    factor = over_runs(on, RUN_TO_RUN).reshape(-1, *on.shape)
    pulls = factor / factor.std(axis=0)
    along = np.mean(pulls * np.roll(pulls, -1, axis=2), axis=(0, 1))
    borders = along[3::4]
    assert along[np.arange(72) % 4 != 3].mean() - borders.mean() == pytest.approx(0.25, abs=0.06)
    # There is no other seam: the last column touches the first like any border.
    assert borders[-1] == pytest.approx(borders[:-1].mean(), abs=0.12)


def test_depths_of_a_tower_change_together() -> None:
    on = view("HCAL", "2019+")
    changes = Changes(on, 5, RUN_TO_RUN)
    planes = np.array([changes.factor(at(run))[:2, :, 50] for run in range(1, 200)]) - 1.0
    assert on.exists[:2, :, 50].all()
    first, second = planes[:, 0].ravel(), planes[:, 1].ravel()
    assert np.corrcoef(first, second)[0, 1] > 0.6


def test_it_works_on_any_view() -> None:
    on = view("RING", "any", TEXT)
    factor = over_runs(on, RUN_TO_RUN, runs=600)
    pulls = factor / factor.std(axis=0)
    seam = float(np.mean(pulls[:, 0] * pulls[:, -1]))
    assert seam == pytest.approx(float(np.mean(pulls[:, 1:] * pulls[:, :-1])), abs=0.06)
    assert 0.8 < seam < 0.97


def test_drifts_are_slow_smooth_and_start_from_nothing() -> None:
    on = view("EB", "2018")
    changes = Changes(on, 5, DRIFT)
    np.testing.assert_array_equal(changes.factor(at(day=0.0)), np.ones(on.shape))
    months = np.log([changes.factor(at(day=30.44 * month)) for month in range(40)])
    assert np.diff(months, axis=0).std() == pytest.approx(0.01, rel=0.25)
    assert months[12].std() > 0.01
    # No jump from one run to the next, whatever their numbers.
    before, after = changes.factor(at(320_001, day=80.0)), changes.factor(at(330_123, day=80.1))
    assert abs(after / before - 1.0).max() < 0.1 * 0.05 / 30.44
    # Cells of a supermodule go together more than cells of different ones.
    drift = months[9]
    means = np.array([drift[region.members].mean() for region in on.regions if region.kind == "supermodule"])
    assert means.std() > 0.5 * drift.std()


def test_lumisections_that_follow_one_another_are_alike() -> None:
    on = view("EB", "2018")
    changes = Changes(on, 5, LUMI_TO_LUMI)
    series = np.array([changes.factor(at(lumi=lumi)).ravel() for lumi in range(1, 1501)]) - 1.0
    assert series.std() == pytest.approx(0.003, rel=0.08)
    for lag, expected in ((1, 0.7), (2, 0.49), (4, 0.24)):
        found = np.mean(series[lag:] * series[:-lag]) / np.mean(series**2)
        assert found == pytest.approx(expected, abs=0.09)
    assert np.corrcoef(series[:, 0], series[:, 1])[0, 1] > 0.8


def test_a_lumisection_is_the_same_whatever_was_asked_before() -> None:
    on = view("EE-", "2018")
    whole, single = Changes(on, 5, DEFAULT), Changes(on, 5, DEFAULT)
    asked = [at(run, lumi, day) for run in (1, 2, 77) for lumi in (1, 57, 64, 2000) for day in (0.0, 3.0)]
    first = [whole.factor(each) for each in asked]
    for each, factor in reversed(list(zip(asked, first, strict=True))):
        np.testing.assert_array_equal(single.factor(each), factor)
    for run in range(100, 200):  # more than are remembered
        whole.factor(at(run))
    np.testing.assert_array_equal(whole.factor(asked[0]), first[0])
    assert (Changes(on, 6, DEFAULT).factor(asked[0]) != first[0]).any()
    assert (Changes(view("EE+", "2018"), 5, DEFAULT).factor(asked[0]) != first[0]).any()


def test_nothing_changes_in_a_steady_detector() -> None:
    changes = Changes(view("EB", "2018"), 5, STEADY)
    ones = changes.factor(at(7, 8, 900.0))
    assert ones is changes.factor(at())
    assert (ones == 1.0).all()
    assert not ones.flags.writeable


def test_cells_that_do_not_exist_have_one() -> None:
    on = view("EE+", "2018")
    factor = Changes(on, 5, DEFAULT).factor(at(day=100.0))
    assert (factor[~on.exists] == 1.0).all()
    assert (factor[on.exists] > 0.8).all()
    assert (factor[on.exists] < 1.2).all()


@pytest.mark.parametrize("wrong", [-0.01, 0.3, float("nan"), float("inf")])
def test_what_is_no_rms_is_refused(wrong: float) -> None:
    with pytest.raises(UsageError, match=r"drift_a_month is .* expected a relative change from 0 to 0.2"):
        Stability(drift_a_month=wrong)
