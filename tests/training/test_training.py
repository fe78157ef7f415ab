"""What is learned from, what is held out, and what the card says of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import bundle, training
from caloscope.calibrate import given_of
from caloscope.detectors.base import Observation
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord
from caloscope.training.events import minimum_events
from caloscope.training.observed import Observed
from caloscope.training.split import halves_by_run, split_by_run

from ..calibrate.making import FIRST_RUN, good, good_runs, seen, spec


def given(**lumis: int) -> list[Given]:
    """Some lumisections of runs `r1`, `r2`, ..."""
    record = MapRecord(np.zeros((1, 1), np.uint32))
    return [
        Given(LumiId(int(run[1:]), lumi), record, "")
        for run, number in lumis.items()
        for lumi in range(number)
    ]


def runs_of(part: Sequence[Given]) -> set[int]:
    return {each.id.run for each in part}


def test_the_last_runs_are_held_out() -> None:
    parts = split_by_run(given(r1=50, r2=50, r3=50, r4=50, r5=50, r6=50, r7=50))
    assert parts is not None
    assert (runs_of(parts[0]), runs_of(parts[1])) == ({1, 2, 3, 4}, {5, 6, 7})
    # A short last run is not enough, so the one before it goes with it.
    parts = split_by_run(given(r1=300, r2=90, r3=10))
    assert parts is not None
    assert runs_of(parts[1]) == {2, 3}
    for too_few in (given(r1=5_000), given(r1=59, r2=500), given(r1=500, r2=59), []):
        assert split_by_run(too_few) is None
    first, second = halves_by_run(given(r1=1, r2=1, r3=1))
    assert (runs_of(first), runs_of(second)) == ({1, 3}, {2})
    assert [runs_of(part) for part in halves_by_run(given(r7=3))] == [{7}, {7}]


@pytest.mark.parametrize("detector", ["reference", "pull", "pca", "nmf", "beta-binomial"])
def test_every_detector_is_trained_and_calibrated(detector: str, tmp_path: Path) -> None:
    made = training.train(good_runs(), spec(), seen(), tmp_path / "x.bundle", detector=detector, per_day=3.0)
    tested = bundle.read_selftest(made)
    assert tested is not None
    assert tested.answers[-1].kind != "not_known"
    assert tested.observations[-1].id == good_runs()[-1].id
    assert len(tested) <= 12
    assert bundle.verify(made).worst == pytest.approx(0, abs=1e-6)
    told, learned = made.card.calibration, made.card.training
    assert (learned["runs"], learned["first"], learned["lumisections"]) == (4, f"{FIRST_RUN}:1", 200)
    assert (told["runs"], told["first"]) == (2, f"{FIRST_RUN + 4}:1")
    assert str(told["method"]).startswith("tail")
    assert made.card.false_alarms_per_day == 3.0
    name = "cell_low" if made.card.thresholds else "score"
    threshold = told[f"threshold_{name}"]
    assert isinstance(threshold, list)
    assert made.card.threshold == threshold[0]
    assert (made.card.settings.get("threshold") == threshold[0]) is (name == "score")


@pytest.mark.parametrize(
    ("runs", "lumis", "calibrated", "why"), [(1, 130, True, "too few"), (6, 50, False, "not")]
)
def test_without_calibration_the_card_says_why(
    runs: int, lumis: int, calibrated: bool, why: str, tmp_path: Path
) -> None:
    lumisections = good(runs, lumis)
    made = training.train(
        lumisections, spec(), seen(), tmp_path / "x.bundle", detector="pca", calibrated=calibrated
    )
    assert str(made.card.calibration["method"]).startswith(f"formula: {why}")
    assert made.card.training["lumisections"] == len(lumisections)
    assert made.card.threshold == made.card.thresholds["cell_low"]
    assert set(made.card.thresholds) == {
        f"{place}_{side}" for place in ("cell", "region", "patch", "map") for side in ("low", "high")
    }


def test_thresholds_from_what_was_learned_from_say_so(tmp_path: Path) -> None:
    runs = good_runs()
    made = training.train(runs, spec(), seen(), tmp_path / "x.bundle", calibrated=False)
    one, others = good(1, 40, first=FIRST_RUN + 50), good(2, 40, first=FIRST_RUN + 50)
    renamed = [replace(each, source="/elsewhere/other.h5") for each in runs[:50]]
    for chosen, refit, own in (
        (one, True, True),
        (one, False, False),
        (others, True, False),
        (runs[:50], False, True),
        (renamed, False, False),
    ):
        card = training.recalibrate(made, chosen, per_day=1.0, refit=refit).new.card
        assert card.calibration["own_data"] is own


def test_a_bundle_derived_again_says_what_it_learned_from_now(tmp_path: Path) -> None:
    made = training.train(good_runs(), spec(), seen(), tmp_path / "x.bundle", calibrated=False)
    others = good(2, 40, first=FIRST_RUN + 50)
    renewed = training.recalibrate(made, others, per_day=1.0).new
    assert renewed.card.training["runs"] == 1
    assert str(renewed.card.training["first"]).startswith(str(FIRST_RUN + 50))
    for chosen, own in ((others, True), (good_runs(), False)):
        card = training.recalibrate(renewed, chosen, per_day=1.0, refit=False).new.card
        assert card.calibration["own_data"] is own


def test_a_rate_must_be_above_zero(tmp_path: Path) -> None:
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="above zero"):
            training.train(good_runs(), spec(), seen(), tmp_path / "x.bundle", detector="pull", per_day=wrong)
    assert not list(tmp_path.iterdir())


def test_observations_are_made_when_they_are_asked_for() -> None:
    lumis = good_runs()[:7]
    observed = Observed(given_of(lumis, spec()), seen())
    assert len(observed) == 7
    assert isinstance(observed[0], Observation)
    assert observed[0] is not observed[0]
    assert [each.id for each in observed[2:5]] == [each.id for each in lumis[2:5]]
    assert observed[-1].counts.dtype == np.float64
    with pytest.raises(IndexError):
        observed[7]
    with pytest.raises(UsageError, match="expected \\(20, 20\\)"):
        Observed(given(r1=1), seen())[0]


def test_the_minimum_of_events_is_what_was_seen_or_a_tenth_of_the_usual() -> None:
    usual = np.full(1_000, 500.0)
    assert minimum_events(usual) == 50
    assert minimum_events(usual, share=0.5) == 250
    assert minimum_events(np.concatenate([usual, np.full(50, 41.0)])) == 41
    assert minimum_events(np.full(100, 60.0)) == 30
