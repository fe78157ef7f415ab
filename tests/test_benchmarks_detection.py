"""What the table of detectors is measured with: faults, oracle, thresholds, figures, and all together."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection import fdr, main, regimes, report
from benchmarks.detection.figures import Delays, met
from benchmarks.detection.rows import rows_of
from caloscope.config.catalogue import load
from caloscope.faults import Clock, Schedule
from caloscope.geometry import view
from caloscope.records import LumiId
from caloscope.simulate import Conditions, Healthy, conditions, healthy
from caloscope.simulate.hcal.detector import HcalMap
from caloscope.study.excursions import FLOOR, Excursions, height
from caloscope.study.oracle import Follow, Hunt, Oracle, thresholds
from caloscope.study.precision import parts, precision
from caloscope.study.rows import Row, places

AT = Conditions(run=160_000, lumi=1, events=500, pileup=50.0, measured=50.0)


@pytest.fixture(scope="module")
def endcap() -> Healthy:
    return healthy(load()["EE+/digi"], view("EE+", "2018"), seed=1)


@pytest.fixture(scope="module")
def oracle(endcap: Healthy) -> Oracle:
    return Oracle(endcap, AT)


def test_faults_are_where_and_what_the_row_says() -> None:
    on = view("EE+", "2018")
    row = Row("cell", 0.0, period=2)
    assert row.title == "cell dead every second LS"
    cells = np.zeros(on.shape, np.bool_)
    cells[9, 5] = True
    schedule = Schedule([row.fault("EE+/digi", cells, 3)], "EE+/digi", on, Clock.of([LumiId(1, 9)]))
    assert [bool(schedule.at(LumiId(1, lumi))) for lumi in range(1, 7)] == [
        False,
        False,
        True,
        False,
        True,
        False,
    ]
    keys = [row.key for row in rows_of(on)]
    assert len(set(keys)) == len(keys)
    assert [row.window for row in rows_of(view("EB", "2018")) if row.key == "cell-0.9-1"] == [100]


def test_places_are_all_there_are() -> None:
    barrel = view("EB", "2018")
    alive = barrel.exists.copy()
    assert len(places(barrel, Row("cell", 0.5), alive)) == 2448
    assert len(places(barrel, Row("region", 0.9, region="supermodule"), alive)) == 36
    boxes = places(barrel, Row("patch", 1.2), alive)
    assert len(boxes) == 31 * 72  # around in phi, not beyond the ends in eta
    assert all(len(set(box.tolist())) == 16 for box in boxes)
    alive[10, 10] = False
    assert len(places(barrel, Row("patch", 1.2), alive)) == 31 * 72 - 16
    assert [len(members) for members in places(barrel, Row("map", 0.7), alive)] == [2447]


def test_the_precision_is_the_inverse_of_the_true_covariance(endcap: Healthy) -> None:
    found = precision(endcap, AT)
    covariance = endcap.covariance(AT)
    living = found.blocks[0].cells
    deviation = np.sqrt(found.variance[living])
    scaled = covariance[np.ix_(living, living)] / np.outer(deviation, deviation)
    z = np.random.default_rng(1).standard_normal((len(covariance), 3)).astype(np.float32)
    solved = np.linalg.solve(scaled, z[living])
    assert found.times(z)[living] == pytest.approx(solved, abs=1e-3)
    some = np.array([3, 40, 200])
    assert found.times_in(some, z) == pytest.approx(found.times(z)[some], abs=1e-4)


def test_hcal_is_taken_apart_where_nothing_is_shared() -> None:
    detector = healthy(load()["HCAL/digi"], view("HCAL", "2018"), seed=1)
    assert isinstance(detector, HcalMap)
    found = parts(detector.view)
    assert (np.sum(found, axis=0) == detector.view.exists).all()
    near = np.zeros(detector.view.shape, np.bool_)
    near[:3, :2] = True  # all ieta of two iphi
    covariance = detector.covariance_of(AT, near)
    owner = np.argmax(found, axis=0)[near & detector.view.exists]
    assert not covariance[owner[:, np.newaxis] != owner].any()
    assert covariance[np.triu_indices(len(owner), 1)].any()


@pytest.mark.parametrize("row", [Row("cell", 0.75), Row("region", 0.9, region="quadrant"), Row("map", 0.7)])
def test_the_ratio_is_that_of_two_gaussians(endcap: Healthy, oracle: Oracle, row: Row) -> None:
    hunt = Hunt(oracle, row)
    members = hunt.places[len(hunt.places) // 2]
    counts = endcap.draw(AT)
    found = hunt.ratio(members, *oracle.standard(AT, counts))
    living = endcap.rate[endcap.view.exists] > 0
    mean = endcap.expected(AT)[endcap.view.exists]
    shift = np.zeros(len(mean))
    shift[members] = (row.factor - 1.0) * mean[members]
    inverse = np.linalg.inv(endcap.covariance(AT)[np.ix_(living, living)])
    residual = (counts[endcap.view.exists] - mean)[living]
    expected = shift[living] @ inverse @ (residual - shift[living] / 2)
    assert found == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_all_places_at_once_are_the_same_as_one_by_one(endcap: Healthy, oracle: Oracle) -> None:
    z, unit = oracle.standard(AT, endcap.draw(AT))
    y = oracle.precision.times(z)[:, np.newaxis]
    for row in (Row("cell", 1.25), Row("patch", 0.8), Row("region", 0.9, region="quadrant")):
        hunt = Hunt(oracle, row)
        together = hunt.ratios(y, unit[:, np.newaxis])[:, 0]
        one_by_one = [hunt.ratio(members, z, unit) for members in hunt.places]
        assert together == pytest.approx(one_by_one, abs=5e-3)


def test_the_oracle_finds_what_is_there(endcap: Healthy, oracle: Oracle) -> None:
    row = Row("cell", 0.0)
    hunt = Hunt(oracle, row)
    limits = thresholds(oracle, [row, Row("cell", 0.8)], regimes.yardstick(regimes.STEADY_EVENTS, 400))
    assert FLOOR <= limits[row.key] < limits["cell-0.8-1"] < 20.0
    follow = Follow(hunt, hunt.places[100], limits[row.key])
    counts = endcap.draw(AT)
    assert not follow.found(AT, *oracle.standard(AT, counts))
    flat = counts[endcap.view.exists]
    flat[hunt.places[100]] = 0
    counts[endcap.view.exists] = flat
    assert follow.found(AT, *oracle.standard(AT, counts))


def test_excursions_have_one_peak_each() -> None:
    sums = Excursions(2)
    for first in (4.0, 2.0, -9.0, 1.0, 3.5):
        sums.see(np.array([first, -1.0], np.float32))
    assert sums.peaks() == pytest.approx([6.0, 4.5])


def test_a_height_is_that_of_an_exponential_tail() -> None:
    peaks = np.sort(4.0 + np.random.default_rng(1).exponential(1.0, 20_000))[::-1]
    assert height(peaks, lumis=37_000) == pytest.approx(4.0 + np.log(20_000 / 10), abs=0.6)
    assert height(peaks[:0], lumis=37_000) == FLOOR
    assert height(peaks[:5], lumis=37_000) == FLOOR


def test_delays_and_the_target() -> None:
    oracle = Delays.of([1, 2, 3, 4], 25)
    assert oracle.median == 2.5
    assert Delays.of([1, 5, None], 25).median == 5
    assert Delays.of([None, None, 1, 2], 25).median == np.inf
    assert Delays.of([None, 1], 25).short_text() == "50 %, > 25"
    assert oracle.quantile(0.9) == 4
    assert Delays.of(list(range(1, 61)), 100).around_median == (22, 39)  # binomial(60, 1/2)
    assert met(Delays.of([2, 3, 4, 5], 25), oracle)
    assert not met(Delays.of([2, 3, 5, 6], 25), oracle)
    assert not met(Delays.of([1, 1, 2, None], 25), oracle)
    slow = Delays.of([10] * 20, 25)
    assert met(Delays.of([13] * 19 + [None], 25), slow)
    assert not met(Delays.of([14] * 20, 25), slow)


def test_a_false_discovery_rate_is_counted_at_99_percent_detection() -> None:
    dead = {-50: 1, 100: 199}  # one of 200 is lost: 99.5 %
    false, share = fdr.rate({0: 90_000, 99: 4, 150: 6}, dead, images=200)
    assert false == 6
    assert share == pytest.approx(6 / (6 + 198))
    assert fdr.rate({0: 10}, {100: 100}, images=100) == (0, 0.0)


def test_the_runs_of_the_table_are_apart() -> None:
    regime = regimes.STEADY_EVENTS
    fills = [
        *regimes.learned(regime, "EB"),
        *regimes.good(regime, 7_400),
        *(regimes.clean(regime, run, 185) for run in range(185)),
        *(regimes.trial(regime, number, 25) for number in range(60)),
        *regimes.yardstick(regime, 18_500),
    ]
    assert len({fill.run for fill in fills}) == len(fills)
    assert all(fill.run < 200_000 for fill in fills)
    assert {at.events // 100 for at in conditions(fills[0])} >= {4, 5}


@pytest.mark.slow
def test_the_table_is_made_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- measured: false incidents -->\nold\n<!-- end -->\n\nafter\n")
    words = ["--maps", "HO", "--regimes", "500", "--detectors", "pull", "blind", "--trials", "1"]
    words += ["--clean", "200", "--workers", "1", "--results", str(tmp_path), "--page", str(page)]
    main(words)
    made = capsys.readouterr().out
    assert "calibrate, oracle" in made
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| pull " in text
    assert "old" not in text
    assert "ring x0.9" in made
    assert report.VERDICT[True] == "met"
    main(words)
    again = capsys.readouterr().out
    assert "calibrate" not in again  # nothing was left to do
    assert again.splitlines()[-10:] == made.splitlines()[-10:]
