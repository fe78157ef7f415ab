"""Thresholds from good lumisections through the pipeline's own steps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import calibrate, training
from caloscope.bundle import Bundle, load
from caloscope.calibrate import Rate, Watched
from caloscope.decide import CLASSES, SHARES
from caloscope.errors import UsageError
from caloscope.faults import Fault
from caloscope.records import LumiId, Lumisection, Reason

from .making import FIRST_RUN, MAP, good, good_runs, seen, spec

WEAK = (10, 3)
"""A cell that counts less in the runs that are to be good."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A detector that expects and one that scores, not calibrated."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        name: training.train(
            good_runs(), spec(), seen(), folder / f"{name}.bundle", detector=name, calibrated=False
        )
        for name in ("pca", "pull", "reference")
    }


def synthetic(runs: int, lumis: int) -> Watched:
    """Exponential peaks of slope one in two classes, as if a detector had been watched."""
    random = np.random.default_rng(4)
    number = runs * lumis
    peaks = {
        name: np.where(random.random(number) < 0.1, 5.0 + random.exponential(size=number), 0.0)
        for name in ("cell_low", "map_high")
    }
    ids = tuple(LumiId(run, lumi) for run in range(1, runs + 1) for lumi in range(1, lumis + 1))
    nothing = np.zeros((0, 2), np.int32)
    return Watched(ids, peaks, {}, (nothing, nothing), np.zeros(1, np.int64))


@pytest.mark.parametrize("name", ["pca", "pull", "reference"])
def test_thresholds_go_into_card_and_detector(name: str, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    old = bundles[name]
    renewed = training.recalibrate(old, good(4, 40, first=FIRST_RUN + 50), per_day=2.0, refit=False)
    made = training.save(renewed, tmp_path / "new.bundle")
    found = renewed.calibration
    assert load(tmp_path / "new.bundle").card == made.card
    assert made.card.false_alarms_per_day == 2.0
    assert made.card.calibration["runs"] == 4
    assert made.card.calibration["lumisections"] == found.watched.lumis > 100
    assert found.thresholds.items() <= calibrate.thresholds_of(made).items()
    if name == "pull":
        assert set(found.thresholds) == {"score"}
        assert made.card.threshold == made.detector.settings()["threshold"] == found.thresholds["score"]
        assert 3.0 < made.card.threshold < 100.0
    else:
        assert set(found.thresholds) <= set(CLASSES)
        assert made.card.threshold == made.card.thresholds["cell_low"] == found.thresholds["cell_low"]
        assert all(1.0 <= value < 40.0 for value in found.thresholds.values())
        assert renewed.pit is not None
        assert renewed.pit.counts.sum() > 10_000
    # Three days and more have not been seen, so nothing can be sure of one incident in half a day.
    assert found.extrapolated
    assert not found.left_out
    assert renewed.after["together"].seen <= 3


@pytest.mark.parametrize("name", ["pca", "reference"])
def test_what_was_bad_already_is_left_out_and_listed(name: str, bundles: dict[str, Bundle]) -> None:
    runs = FIRST_RUN + 60
    faulty = good(4, 40, [Fault(MAP, WEAK, "factor", 0.6)], first=runs)
    found = training.recalibrate(bundles[name], faulty, per_day=1.0, refit=False)
    sound = training.recalibrate(bundles[name], good(4, 40, first=runs), per_day=1.0, refit=False)
    assert WEAK in found.calibration.left_out
    assert len(found.calibration.left_out) <= 5
    assert seen().describe(WEAK) in found.calibration.names
    assert found.new.card.calibration["cells_left_out"] == len(found.calibration.left_out)
    # A cell at 60 % has hundreds of nats; without it thresholds are those of healthy lumisections.
    for side in ("cell_low", "cell_high"):
        assert found.calibration.thresholds[side] < sound.calibration.thresholds[side] + 4.0


def test_what_cannot_be_judged_does_not_count(bundles: dict[str, Bundle]) -> None:
    lumis = good(2, 40, first=FIRST_RUN + 70)
    for place in range(10):
        record = replace(lumis[place].maps[MAP], events=3)
        lumis[place] = replace(lumis[place], maps={MAP: record})
    found = training.recalibrate(bundles["pca"], lumis, per_day=1.0).calibration
    assert found.watched.unknown == {Reason.FEW_EVENTS: 10}
    assert found.watched.lumis == 70
    assert np.isnan(found.watched.peaks["cell_low"][:10]).all()


@pytest.mark.parametrize(("change", "words"), [("empty", "no lumisection with"), ("few", "could be judged")])
def test_what_is_no_good_data_is_refused(change: str, words: str, bundles: dict[str, Bundle]) -> None:
    lumis: list[Lumisection] = good(1, 20)
    if change == "empty":
        lumis = [replace(each, maps={}) for each in lumis]
    else:
        lumis = [replace(each, maps={MAP: replace(each.maps[MAP], events=2)}) for each in lumis]
    with pytest.raises(UsageError, match=words):
        training.recalibrate(bundles["pca"], lumis, per_day=1.0)


def test_a_detector_without_threshold_cannot_be_calibrated(tmp_path: Path) -> None:
    blind = training.train(good_runs(), spec(), seen(), tmp_path / "blind.bundle", detector="blind")
    assert "calibration" not in blind.card.training
    assert str(blind.card.calibration["method"]).startswith("none")
    # What never flags has learned from all lumisections, and stands for no rate.
    assert blind.card.training["lumisections"] == len(good_runs())
    assert blind.card.false_alarms_per_day is None
    assert not blind.card.thresholds
    with pytest.raises(UsageError, match="has no threshold"):
        training.recalibrate(blind, good(1, 5), per_day=1.0)


def test_rates_asked_for_are_observed() -> None:
    watched = synthetic(runs=20, lumis=1_000)
    same, other = calibrate.check(watched, np.array([1.0, 10.0, 100.0]))
    assert (same.independent, other.independent) == (False, True)
    for found in (same, other):
        asked = found.asked * found.lumis / 3_700
        shared = SHARES["cell_low"] / SHARES["map_high"]
        np.testing.assert_allclose(found.shares["cell_low"] / found.shares["map_high"], shared)
        assert abs(found.together[2] - asked[2]) < 5 * np.sqrt(asked[2])
        assert abs(found.together[1] - asked[1]) < 5 * np.sqrt(asked[1])
    (alone,) = calibrate.check(synthetic(runs=1, lumis=500))
    assert not alone.independent


def test_rates_have_their_intervals() -> None:
    nothing, some = Rate.of(0, 3_700), Rate.of(10, 37_000)
    assert (nothing.per_day, nothing.low) == (0.0, 0.0)
    assert nothing.high == pytest.approx(3.689, abs=0.001)
    assert some.per_day == 1.0
    assert [some.low, some.high] == pytest.approx([0.4795, 1.839], abs=1e-3)
    watched = synthetic(runs=2, lumis=500)
    found = calibrate.rates_above(watched, {"cell_low": 5.5, "map_high": 1e9})
    assert found["map_high"].seen == 0
    assert found[calibrate.TOGETHER].seen == found["cell_low"].seen > 20
