"""Campaigns: runs in fills, over days and months."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.records import LUMISECTION_SECONDS
from caloscope.simulate.fill import Fill, conditions
from caloscope.simulate.season import START, campaign

SECONDS = 86_400.0


def test_a_campaign_is_runs_in_order_over_the_days() -> None:
    fills = campaign(320_001, 60, 100, 3, days=60.0)
    assert len(fills) == 60
    steps = np.diff([fill.run for fill in fills])
    assert fills[0].run == 320_001
    assert steps.min() >= 1
    assert len(set(steps.tolist())) > 10
    ends = [fill.day * SECONDS + fill.lumis * LUMISECTION_SECONDS for fill in fills]
    assert all(after.day * SECONDS > end for after, end in zip(fills[1:], ends, strict=False))
    assert fills[0].day >= 0.0
    assert 40.0 < fills[-1].day < 60.0
    for fill in fills:
        assert fill.began_at == pytest.approx(START + fill.day * SECONDS)
    assert len({fill.seed for fill in fills}) == 60
    lengths = np.array([fill.lumis for fill in fills])
    assert 75 <= np.median(lengths) <= 125
    assert 1 <= np.count_nonzero(lengths < 45) <= 16
    assert campaign(320_001, 60, 100, 3, days=60.0) == fills
    assert campaign(320_001, 60, 100, 4, days=60.0) != fills


def groups(fills: list[Fill]) -> list[list[Fill]]:
    """Runs of one fill share the lifetime of its beams."""
    found: list[list[Fill]] = []
    for fill in fills:
        if not found or found[-1][0].lifetime != fill.lifetime:
            found.append([])
        found[-1].append(fill)
    return found


def test_runs_of_a_fill_continue_its_decay() -> None:
    filled = groups(campaign(320_001, 100, 200, 8, days=90.0))
    assert 20 <= len(filled) <= 50
    assert max(len(group) for group in filled) == 5
    for group in filled:
        assert 45.0 <= group[0].pileup <= 60.0
        hours = [(fill.day - group[0].day) * 24 for fill in group]
        assert hours[-1] + group[-1].lumis * LUMISECTION_SECONDS / 3600 < 14.1
        for fill, hour in zip(group, hours, strict=True):
            left = np.exp(-hour * 3600 / LUMISECTION_SECONDS / fill.lifetime)
            assert fill.pileup == pytest.approx(group[0].pileup * left)
            assert fill.events == group[0].events
    lengths = [(group[-1].day - group[0].day) * 24 for group in filled if len(group) == 5]
    assert max(lengths) > 5
    levels = [group[0].events for group in filled]
    assert 100 <= min(levels) < 300
    assert 800 < max(levels) <= 2000
    assert 0 < sum(group[0].ramp > 0 for group in filled) < len(filled)
    assert 0 < sum(group[-1].dump for group in filled) < len(filled)
    assert not any(fill.ramp for group in filled for fill in group[1:])
    assert not any(fill.dump for group in filled for fill in group[:-1])


def test_jets_continue_too() -> None:
    for group in groups(campaign(320_001, 40, 200, 8, days=40.0, dataset="JetHT", label="JetHT")):
        assert {(fill.dataset, fill.label) for fill in group} == {("JetHT", "JetHT")}
        if group[-1].events > 100:
            share = np.sqrt(group[-1].pileup / group[0].pileup)
            assert group[-1].events / group[0].events == pytest.approx(share, abs=0.02)


def test_events_are_as_many_as_real_lumisections_have() -> None:
    counted = [each.events for fill in campaign(1, 30, 60, 2) for each in conditions(fill) if each.pileup]
    assert np.quantile(counted, 0.05) > 100
    assert max(counted) < 2800


def test_ions_and_cosmic_rays() -> None:
    ions = campaign(326_000, 20, 50, 1, days=20.0, beam="ions")
    cosmics = campaign(310_000, 20, 50, 1, days=20.0, beam="none")
    assert all(fill.beam == "ions" and 36 <= fill.events <= 250 for fill in ions)
    assert all(fill.beam == "none" and 60 <= fill.events <= 600 for fill in cosmics)
    assert not any(fill.ramp or fill.dump for fill in cosmics)


@pytest.mark.parametrize("runs", [1, 2])
def test_a_short_campaign(runs: int) -> None:
    fills = campaign(5, runs, 1, 1, days=0.5)
    assert [fill.lumis for fill in fills] == [1] * runs
    assert fills[0].run == 5


def test_long_runs_make_fills_of_their_own() -> None:
    filled = groups(campaign(1, 10, 3000, 1, days=10.0))
    assert sum(len(group) for group in filled) == 10
    assert all(len(group) == 1 for group in filled if group[0].lumis > 2200)


def test_too_few_days_are_refused() -> None:
    with pytest.raises(UsageError, match=r"found 2 days for 100 runs, expected (2[0-9]) or more"):
        campaign(1, 100, 1000, 1, days=2.0)
    with pytest.raises(UsageError, match="found 0 runs in 3 days"):
        campaign(1, 0, 10, 1, days=3)
    with pytest.raises(UsageError, match="days above 0"):
        campaign(1, 5, 10, 1, days=float("nan"))
