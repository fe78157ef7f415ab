"""Faults in lumisections that are said to be good do not raise thresholds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import calibrate, training
from caloscope.bundle import Bundle
from caloscope.calibrate import Calibration, Sound, Watched
from caloscope.calibrate.brief import WIDENED, brief
from caloscope.faults import Fault
from caloscope.records import LumiId, Lumisection

from .making import FIRST_RUN, MAP, good, good_runs, seen, spec

CELL, OTHER = (10, 3), (6, 12)
RUNS, LUMIS = FIRST_RUN + 900, 60


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """Detectors that have learned from healthy lumisections, not calibrated."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        name: training.train(
            good_runs(), spec(), seen(), folder / f"{name}.bundle", detector=name, calibrated=False
        )
        for name in ("pca", "reference")
    }


def held(*runs: Sequence[Fault]) -> list[Lumisection]:
    """One run for each of these faults."""
    return [
        each for number, faults in enumerate(runs) for each in good(1, LUMIS, faults, first=RUNS + number)
    ]


def calibrated(old: Bundle, lumisections: list[Lumisection]) -> tuple[Sound, Calibration]:
    """What was seen, and the thresholds from it."""
    sound = calibrate.watch_sound(old, calibrate.given_of(lumisections, spec()))
    return sound, calibrate.calibrate(old, sound.watched, 1.0, sound.left_out)


@pytest.mark.parametrize("name", ["pca", "reference"])
@pytest.mark.parametrize("lasts", [1, 2, 6])
def test_lumisections_with_a_fault_that_nobody_noticed_are_left_out(
    name: str, lasts: int, bundles: dict[str, Bundle]
) -> None:
    dead = Fault(MAP, CELL, "dead", onset=20, end=20 + lasts)
    hot = Fault(MAP, OTHER, "hot", 5.0, onset=40, end=40 + lasts)
    sound, found = calibrated(bundles[name], held([dead], [], [hot], []))
    _, clean = calibrated(bundles[name], held([], [], [], []))
    assert not sound.left_out
    assert {each.hardware for each in sound.unnoticed} == {seen().describe(CELL), seen().describe(OTHER)}
    assert 2 * lasts <= sound.not_good <= 2 * (lasts + 2 * WIDENED) + 2
    assert sound.watched.lumis == 4 * LUMIS - sound.not_good
    assert max(abs(found.thresholds[each] - limit) for each, limit in clean.thresholds.items()) < 2.0
    told = sound.told()
    assert told["not_good"] == sound.not_good
    assert f"{seen().describe(CELL)} low in {RUNS}:20" in " ".join(told["not_good_in"])  # type: ignore[arg-type]


def test_of_a_region_that_fails_for_a_while_no_cell_is_left_out(bundles: dict[str, Bundle]) -> None:
    dead = Fault(MAP, "EE+01", "dead", onset=20, end=35)
    sound, _ = calibrated(bundles["reference"], held([dead], [], [], []))
    assert not sound.left_out
    assert sound.not_good >= 15


def test_a_cell_that_is_dead_for_a_whole_run_costs_a_cell(bundles: dict[str, Bundle]) -> None:
    sound, _ = calibrated(bundles["reference"], held([Fault(MAP, CELL, "dead")], [], [], []))
    assert CELL in sound.left_out
    assert sound.not_good == 0
    assert not sound.told()


def test_healthy_lumisections_are_all_kept(bundles: dict[str, Bundle]) -> None:
    sound, _ = calibrated(bundles["reference"], held([], [], [], []))
    assert sound.watched.lumis == sound.seen.lumis == 4 * LUMIS


def test_what_comes_back_counts_where_it_is_there(bundles: dict[str, Bundle]) -> None:
    dead = [Fault(MAP, "EE+01", "dead", onset=onset, end=onset + 2) for onset in (15, 50)]
    sound, _ = calibrated(bundles["reference"], held(dead, [], [], []))
    assert not sound.left_out
    assert 4 <= sound.not_good <= 2 * (2 + 2 * WIDENED) + 2


def test_runs_beside_one_with_a_fault_are_kept(bundles: dict[str, Bundle]) -> None:
    dead = Fault(MAP, CELL, "dead", onset=LUMIS - 1)
    sound, _ = calibrated(bundles["reference"], held([], [dead], [], []))
    kept = ~np.isnan(sound.watched.peaks["cell_low"])
    assert [int(kept[n * LUMIS : (n + 1) * LUMIS].sum()) for n in (0, 2, 3)] == [LUMIS] * 3


@pytest.mark.parametrize(("scale", "kept"), [(1.0, False), (2.0, False), (5.0, True), (10.0, True)])
def test_what_the_tail_leads_to_is_kept(scale: float, kept: bool, bundles: dict[str, Bundle]) -> None:
    """A detector that claims far more than there is must have thresholds above that."""
    bundle, limit = bundles["reference"], 21.0
    sound, _ = calibrated(bundle, held([Fault(MAP, CELL, "dead", onset=20, end=22)], [], [], []))
    (dead,) = sound.unnoticed
    ids = tuple(LumiId(1, lumi) for lumi in range(1, 3_801))
    series = np.random.default_rng(3).exponential(scale, len(ids))
    if not kept:
        series[100::400] = 60.0
    far = [ids[place] for place in np.flatnonzero(series > limit)]
    assert far
    incidents = tuple(replace(dead, id=str(at), onset=at, opened=at, last=at) for at in far)
    empty = np.zeros((0, 2), np.int32)
    seen_so = Watched(ids, {"cell_low": series}, {}, (empty, empty), sound.seen.judged, incidents)
    found = brief(bundle, seen_so, {"cell_low": limit})
    assert found.lumis.any() != kept
    assert len(found.incidents) == (0 if kept else len(far))


def test_where_more_than_half_would_go_nothing_goes(bundles: dict[str, Bundle]) -> None:
    dead = [Fault(MAP, CELL, "dead", onset=onset, end=onset + 1) for onset in (8, 20, 32, 44, 56)]
    sound, _ = calibrated(bundles["reference"], held(dead, dead))
    assert sound.not_good == 0


def test_a_bundle_says_what_its_thresholds_do_not_rest_on(tmp_path: Path) -> None:
    faults = [Fault(MAP, CELL, "dead", onset=10, end=14)]
    lumisections = [*good(4, 50), *good(2, 50, faults, first=FIRST_RUN + 4)]
    made = training.train(lumisections, spec(), seen(), tmp_path / "x.bundle", detector="reference")
    told = made.card.calibration
    assert told["not_good"] > 8  # type: ignore[operator]
    assert told["lumisections"] == 100 - told["not_good"]  # type: ignore[operator]
    assert str(LumiId(FIRST_RUN + 4, 10).run) in str(told["not_good_in"])
