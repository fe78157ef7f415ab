"""What is derived again of CMSSW's chain is what the lumisections were made with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import training
from caloscope.bundle import Bundle, load, make_card, save
from caloscope.config.catalogue import load as load_catalogue
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.records import Lumisection, MapRecord
from caloscope.training.cmssw_line import Line, Usable, average_map, fit_line

from ..detectors.endcaps import Side, tiny_endcaps

SPEC, ON = load_catalogue()["EE+/digi"], view("EE+", "2018")
FALSE_LINE = {"slope": 1_000.0, "intercept": 90_000.0}


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Side:
    return tiny_endcaps(tmp_path_factory.mktemp("endcaps"))[1]


def lumisections(side: Side, runs: int, lumis: int) -> list[Lumisection]:
    """Good lumisections of the endcap in which pileup falls."""
    random, found = np.random.default_rng(5), []
    for run in range(1, runs + 1):
        for lumi in range(1, lumis + 1):
            pileup, events = 60.0 - 30.0 * lumi / lumis, int(random.integers(350, 450))
            counts = side.counts(events, pileup, random).astype(np.uint32)
            record = MapRecord(counts, events, round(pileup, 2))
            found.append(Lumisection("test", run, lumi, {SPEC.name: record}))
    return found


def bundle(side: Side, folder: Path, **changes: float) -> Bundle:
    """A bundle of the chain with the parameters of the endcap, or with others."""
    detector = side.detector(**changes)
    given = {"threshold": "given"}
    threshold = detector.parameters.threshold
    card = make_card("old", SPEC, ON, detector, threshold=threshold, per_day=None, training=given)
    return save(folder / "old.bundle", card, detector, model=side.model)


def test_line_average_and_threshold_are_derived_again(side: Side, tmp_path: Path) -> None:
    old = bundle(side, tmp_path, **FALSE_LINE)
    renewed = training.recalibrate(old, lumisections(side, 4, 80), per_day=1.0)
    made = training.save(renewed, tmp_path / "new.bundle")
    found, truth = made.card.settings, side.parameters
    pileup = np.array([30.0, 60.0])
    line = Line(float(found["slope"]), float(found["intercept"])).at(pileup)
    expected = (truth.slope * pileup + truth.intercept) * side.average[1:-1, 1:-1][ON.exists].sum() / 400
    np.testing.assert_allclose(line, expected, rtol=0.01)
    # Half of 3 x 400 events.
    assert 560 < int(found["min_events"]) <= 640
    average = made.detector.arrays()["average"]
    assert average.shape == side.average.shape
    known = np.where(ON.exists, side.average[1:-1, 1:-1], np.nan)
    ratio = average[1:-1, 1:-1] / known
    assert np.nanstd(ratio) / np.nanmean(ratio) < 0.02
    assert made.card.threshold == found["threshold"] != truth.threshold
    assert "threshold" not in made.card.training
    assert renewed.learned == 160
    assert load(tmp_path / "new.bundle").model is not None


def test_in_place_only_thresholds_can_be_new(side: Side, tmp_path: Path) -> None:
    old = bundle(side, tmp_path)
    renewed = training.recalibrate(old, lumisections(side, 2, 60), per_day=1.0, refit=False)
    made = training.save(renewed, tmp_path / "old.bundle")
    assert renewed.learned == 0
    changed = {name for name, value in made.card.settings.items() if value != old.card.settings[name]}
    assert changed == {"threshold"}
    np.testing.assert_array_equal(made.detector.arrays()["average"], old.detector.arrays()["average"])


def test_where_pileup_does_not_move_the_line_is_scaled() -> None:
    seen = Usable(np.full(20, 250.0), np.full(20, 40.0), np.full(20, 30_000.0))
    line = fit_line(seen, Line(1_000.0, 60_000.0), 500)
    assert [line.slope, line.intercept] == pytest.approx([600.0, 36_000.0])
    with pytest.raises(UsageError, match="not positive"):
        fit_line(replace(seen, total=np.zeros(20)), Line(1.0, 1.0), 500)


def test_what_tells_no_pileup_gives_no_line() -> None:
    exists = np.ones((2, 2), np.bool_)
    record = MapRecord(np.full((2, 2), 7, np.uint32), 500, -1.0)
    with pytest.raises(UsageError, match="no lumisection with events and pileup"):
        Usable.of([record, replace(record, pileup=40.0, events=None)], exists)
    known = replace(record, pileup=10.0, counts=np.array([[4, 0], [8, 4]], np.uint32))
    average = average_map([record, known], Line(0.0, 16.0), 500, exists)
    np.testing.assert_allclose(average, [[1.0, 1.0], [2.0, 1.0]])
