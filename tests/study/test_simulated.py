"""Simulated runs of a study: parts apart in runs and in time, and faults that nobody noticed."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.study.rows import Row
from caloscope.study.simulated import LONG_RUN, RUN_LUMIS, WARM_UP, Simulated
from caloscope.study.text import SampleText

HERE = Simulated(SampleText(pileup=(30, 50)), "EE+/digi", seed=5)
DEAD, HALF = Row("cell", 0.0), Row("cell", 0.5, window=4)


def changed(one: list[Given], other: list[Given]) -> list[tuple[int, int]]:
    """Lumisections whose counts differ."""
    return [
        (a.id.run, a.id.lumi)
        for a, b in zip(one, other, strict=True)
        if not np.array_equal(a.record.counts, b.record.counts)  # type: ignore[union-attr]
    ]


def test_no_part_shares_a_run_with_another() -> None:
    parts = (
        HERE.learned(RUN_LUMIS + 20),
        HERE.held_out(LONG_RUN + 20),
        list(HERE.clean(0, 2)),
        list(HERE.before(0, 25)),
    )
    runs = [{each.id.run for each in part} for part in parts]
    assert [len(each) for each in runs] == [2, 2, 1, 1]
    assert len(set.union(*runs)) == 6
    assert [len(part) for part in parts] == [RUN_LUMIS + 20, LONG_RUN + 20, LONG_RUN, WARM_UP]


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_a_share_of_each_run_has_one_fault_that_nobody_noticed(share: float) -> None:
    good, bad = HERE.learned(2 * RUN_LUMIS), HERE.learned(2 * RUN_LUMIS, share, [DEAD, HALF])
    assert [each.id for each in good] == [each.id for each in bad]
    found = changed(good, bad)
    lasts = round(share * RUN_LUMIS)
    for run in {each.id.run for each in good}:
        lumis = [lumi for at, lumi in found if at == run]
        assert lumis == list(range(lumis[0], lumis[0] + lasts))
    assert len(found) == 2 * lasts
    assert not changed(bad, HERE.learned(2 * RUN_LUMIS, share, [DEAD, HALF]))


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"found 0\.001 of 100 lumisections of a run to be faulty"):
        HERE.learned(RUN_LUMIS, 0.001, [DEAD])
    with pytest.raises(UsageError, match="expected one at least, and a fault that can be"):
        HERE.held_out(LONG_RUN, 0.1, [Row("region", 0.0, region="rbx")])


def test_what_is_left_over_for_a_last_run_may_have_none() -> None:
    lumis = RUN_LUMIS + 20
    found = changed(HERE.learned(lumis), HERE.learned(lumis, 0.01, [DEAD]))
    assert len(found) == 1


def test_a_fault_of_every_second_lumisection_is_there_as_often_as_asked_for() -> None:
    blinking = Row("cell", 0.0, period=2)
    found = changed(HERE.learned(RUN_LUMIS), HERE.learned(RUN_LUMIS, 0.1, [blinking]))
    assert len(found) == 10
