"""What a fill does: events, pileup, prescale steps, gaps, beams, datasets, ions, cosmic rays."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.records import LUMISECTION_SECONDS
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.fill import Fill, conditions, realistic

CALM = Fill(run=320_001, lumis=2000, seed=4, events=500)


def events(fill: Fill) -> NDArray[np.float64]:
    return np.array([float(each.events) for each in conditions(fill)])


def test_a_calm_fill_decays_and_is_measured_to_three_percent() -> None:
    found = list(conditions(CALM))
    assert [each.lumi for each in found] == list(range(1, 2001))
    pileup = np.array([each.pileup for each in found])
    np.testing.assert_allclose(pileup, 55.0 * np.exp(-np.arange(1, 2001) / 1500.0))
    error = np.array([each.measured for each in found], np.float64) / pileup - 1.0
    assert error.std() == pytest.approx(0.03, abs=4 * 0.03 / np.sqrt(4000))
    assert abs(error.mean()) < 4 * 0.03 / np.sqrt(2000)
    assert abs(np.corrcoef(error[1:], error[:-1])[0, 1]) < 4 / np.sqrt(2000)
    counted = events(CALM)
    assert counted.mean() == pytest.approx(500.0, abs=4 * np.sqrt(500 / 2000))
    assert counted.var() == pytest.approx(500.0, abs=4 * 500 * np.sqrt(2 / 2000))
    assert {(each.beam, each.dataset, each.activity, each.seed) for each in found} == {
        ("protons", "ZeroBias", 1.0, 4)
    }


def test_the_same_seed_gives_the_same_and_each_lumisection_stands_alone() -> None:
    short = list(conditions(replace(CALM, lumis=50)))
    assert short == list(conditions(CALM))[:50]
    other = list(conditions(replace(CALM, lumis=50, seed=5)))
    assert [each.events for each in other] != [each.events for each in short]
    # Settings that concern other things change nothing.
    gaps = list(conditions(replace(CALM, lumis=50, gaps=0.3, day=3.0)))
    known = {each.lumi: each for each in short}
    assert [each.events for each in gaps] == [known[each.lumi].events for each in gaps]
    assert [each.measured for each in gaps] == [known[each.lumi].measured for each in gaps]


def test_time_passes() -> None:
    tenth = list(conditions(replace(CALM, lumis=10, day=7.0)))[-1]
    assert tenth.began_at == pytest.approx(9 * LUMISECTION_SECONDS)
    assert tenth.day == pytest.approx(7.0 + 9 * LUMISECTION_SECONDS / 86_400)
    dated = list(conditions(replace(CALM, lumis=10, began_at=1.5e9)))[-1]
    assert dated.began_at == 1.5e9 + 9 * LUMISECTION_SECONDS


def test_jets_become_fewer_with_the_luminosity() -> None:
    jets = replace(CALM, dataset="JetHT")
    expected = 500.0 * np.sqrt(np.exp(-np.arange(1, 2001) / 1500.0))
    pulls = (events(jets) - expected) / np.sqrt(expected)
    assert abs(pulls.mean()) < 4 / np.sqrt(2000)
    assert pulls.std() == pytest.approx(1.0, abs=4 / np.sqrt(4000))
    assert {each.dataset for each in conditions(jets)} == {"JetHT"}


def test_prescale_steps_are_ten_to_twenty_percent() -> None:
    stepped = replace(CALM, events=1000, prescale_steps=5)
    level = events(stepped) / events(replace(CALM, events=1000))
    means = np.array([part.mean() for part in np.array_split(level, 40)])
    assert means.std() > 0.05
    # Differences of neighbouring pieces of 50 are steps, wholly or in part, or noise of 0.6 %.
    assert 2 <= np.count_nonzero(abs(np.diff(means)) > 0.03) <= 10
    assert abs(np.diff(means)).max() < 0.3


@pytest.mark.parametrize("level", [100, 2500])
def test_prescale_steps_stay_within_what_is_usual(level: int) -> None:
    counted = events(replace(CALM, events=level, prescale_steps=40))
    means = np.array([part.mean() for part in np.array_split(counted, 200)])
    assert means.min() > 95
    assert means.max() < 2550


def test_lumisections_of_low_statistics() -> None:
    fill = replace(CALM, events=2000, low_statistics=0.1)
    share = events(fill) / 2000.0
    low = share < 0.87
    assert low.mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 2000))
    assert share.min() > 0.14
    assert share[low].mean() == pytest.approx((0.18 + 0.85) / 2, abs=4 * 0.2 / np.sqrt(200))
    # They are not dark: pileup goes on.
    assert all(each.pileup > 0 for each in conditions(fill))


def test_gaps_leave_numbers_out_and_keep_both_ends() -> None:
    lumis = [each.lumi for each in conditions(replace(CALM, lumis=1000, gaps=0.2))]
    assert len(lumis) == pytest.approx(800, abs=4 * np.sqrt(160))
    assert (lumis[0], lumis[-1]) == (1, 1000)
    assert lumis == sorted(set(lumis))
    assert [each.lumi for each in conditions(replace(CALM, lumis=9, gaps=1.0))] == [1, 9]


def test_beams_come_up() -> None:
    first, *others = conditions(replace(CALM, lumis=20, ramp=5))
    assert (first.beam, first.pileup, first.measured) == ("none", 0.0, None)
    assert first.events < 40
    assert all(each.beam == "protons" for each in others)
    rising = [each.pileup for each in others[:5]]
    assert rising == sorted(rising)
    assert rising[0] == pytest.approx(55.0 / 5, rel=0.01)
    assert others[4].pileup == pytest.approx(55.0, rel=0.01)
    assert [each.events for each in others[:4]] == pytest.approx([100, 200, 300, 400], abs=90)


@pytest.mark.parametrize("lumis", [1, 2, 10, 200])
def test_beams_are_lost_inside_a_lumisection_near_the_end(lumis: int) -> None:
    lost = []
    for seed in range(30):
        found = list(conditions(replace(CALM, lumis=lumis, seed=seed, dump=True)))
        before = [each for each in found if each.beam == "protons"]
        after = found[len(before) :]
        assert all(each.beam == "none" for each in after)
        assert {(each.pileup, each.measured) for each in after} <= {(0.0, None)}
        assert max((each.events for each in after), default=0) < 40
        assert len(before) >= 0.5 * lumis
        assert len(after) >= (1 if lumis > 1 else 0)
        lost.append(before[-1].events / 500)
        assert before[-1].pileup > 0
    assert 0.35 < np.mean(lost) < 0.65
    assert max(lost) < 1.05


def test_cosmic_rays_come_without_beam() -> None:
    found = list(conditions(replace(CALM, lumis=300, beam="none", events=150)))
    assert {(each.beam, each.pileup, each.measured, each.activity) for each in found} == {
        ("none", 0.0, None, 1.0)
    }
    counted = np.array([each.events for each in found])
    assert counted.mean() == pytest.approx(150.0, abs=4 * np.sqrt(150 / 300))


def test_heavy_ions_hardly_pile_up_and_differ_from_one_another() -> None:
    found = list(conditions(replace(CALM, beam="ions", events=100)))
    assert all(0.0 < each.pileup <= 0.002 for each in found)
    assert all(each.measured is not None and each.measured > 0 for each in found)
    activity = np.array([each.activity for each in found])
    assert activity.mean() == pytest.approx(1.0, abs=4 * 0.15 / np.sqrt(2000))
    assert 0.13 < activity.std() < 0.17
    many = np.array([each.activity for each in conditions(replace(CALM, beam="ions", events=1600))])
    assert many.std() == pytest.approx(activity.std() / 4, rel=0.1)


def test_a_realistic_run_has_it_all() -> None:
    fills = [realistic(320_001, 1500, seed) for seed in range(40)]
    assert all(100 <= fill.events <= 2500 and 45 <= fill.pileup <= 60 for fill in fills)
    assert len({fill.events for fill in fills}) > 30
    assert sum(fill.prescale_steps for fill in fills) == pytest.approx(400, abs=80)
    assert {(fill.low_statistics, fill.gaps) for fill in fills} == {(0.02, 0.002)}
    assert realistic(320_001, 1500, 3) == fills[3]
    changed = realistic(320_001, 1500, 3, events=77, dump=True, dataset="JetHT")
    assert changed == replace(fills[3], events=77, dump=True, dataset="JetHT")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"run": 0}, "run of a fill is 0: expected 1 to"),
        ({"lumis": 0}, "lumis of a fill is 0: expected 1 to"),
        ({"lumis": 10**9}, "expected 1 to 1e"),
        ({"seed": -1}, "seed of a fill is -1"),
        ({"events": -5}, "events of a fill is -5"),
        ({"pileup": float("nan")}, "pileup of a fill is nan"),
        ({"lifetime": 0.0}, "lifetime of a fill is 0.0"),
        ({"gaps": 1.5}, "gaps of a fill is 1.5"),
        ({"low_statistics": -0.1}, "low_statistics of a fill is -0.1"),
        ({"ramp": -1}, "ramp of a fill is -1"),
        ({"day": float("inf")}, "day of a fill is inf"),
        ({"dataset": "Muons"}, "dataset of a fill is 'Muons': expected ZeroBias, JetHT"),
        ({"beam": "lead"}, "beam of a fill is 'lead': expected protons, ions, none"),
        ({"began_at": float("nan")}, "began_at of a fill is nan: expected seconds since 1970"),
    ],
)
def test_a_fill_that_cannot_be_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        replace(CALM, **change)
    with pytest.raises(UsageError, match=told):
        realistic(**{"run": 1, "lumis": 10, "seed": 1} | change)


def test_conditions_know_their_place() -> None:
    one = Conditions(7, 8, events=1, pileup=1.0, measured=None)
    assert one.id == (7, 8)
