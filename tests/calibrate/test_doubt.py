"""Data that are said to be good and hold faults are not calibrated with in silence."""

from pathlib import Path

import pytest

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.records import Lumisection

from .making import FIRST_RUN, MAP, good, good_runs, seen, spec

CELL = (10, 3)
RUNS = FIRST_RUN + 700


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """Detectors that have learned from healthy lumisections; only the one that scores is calibrated."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        name: training.train(
            good_runs(),
            spec(),
            seen(),
            folder / f"{name}.bundle",
            detector=name,
            calibrated=name == "pull",
        )
        for name in ("pca", "pull", "reference")
    }


def doubt(old: Bundle, lumisections: list[Lumisection], *, refit: bool = False) -> str:
    """What the new card says against the data."""
    renewed = training.recalibrate(old, lumisections, per_day=1.0, refit=refit)
    return str(renewed.new.card.calibration.get("doubt", ""))


@pytest.mark.parametrize("name", ["pca", "pull", "reference"])
@pytest.mark.parametrize("refit", [True, False])
def test_good_data_are_not_doubted(name: str, refit: bool, bundles: dict[str, Bundle]) -> None:
    assert not doubt(bundles[name], good(4, 50, first=FIRST_RUN + 300), refit=refit)


@pytest.mark.parametrize(("name", "words"), [("reference", "cell low"), ("pull", "score")])
def test_a_short_fault_is_named_with_its_lumisections(
    name: str, words: str, bundles: dict[str, Bundle]
) -> None:
    faulty = good(4, 40, [Fault(MAP, CELL, "dead", onset=10, end=13)], first=RUNS)
    said = doubt(bundles[name], faulty, refit=True)
    assert said.startswith(f"{words} ")
    assert "a day (at least " in said
    assert "meant for " in said
    assert f"worst: {seen().describe(CELL)} low in " in said
    assert ":10-12" in said
    assert "\n" not in said


def test_one_excursion_that_no_chance_makes_is_enough(bundles: dict[str, Bundle]) -> None:
    once = good(1, 40, [Fault(MAP, "EE+01", "factor", 0.8, onset=20, end=24)], first=RUNS)
    said = doubt(bundles["reference"], [*once, *good(3, 40, first=RUNS + 1)])
    assert said.startswith("cell low at ")
    assert "beyond chance; region low " in said
    assert f"EE+01 low in {RUNS}:20" in said


def test_a_region_that_is_bad_already_is_said(bundles: dict[str, Bundle]) -> None:
    said = doubt(bundles["pca"], good(3, 40, [Fault(MAP, "EE+01", "dead")], first=RUNS))
    assert said.startswith("34 of 309 cells bad already")


def test_training_doubts_the_runs_that_it_holds_out(tmp_path: Path) -> None:
    faults = [Fault(MAP, CELL, "dead", onset=10, end=14)]
    lumisections = [*good(4, 50), *good(2, 50, faults, first=FIRST_RUN + 4)]
    made = training.train(lumisections, spec(), seen(), tmp_path / "x.bundle", detector="pca")
    told = made.card.calibration
    assert f"{seen().describe(CELL)} low in {FIRST_RUN + 4}:10" in str(told["doubt"])
    assert told["own_data"] is False
