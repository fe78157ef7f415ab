"""Large faults must stand out by more than small ones; parts are believed less while all of them move."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.evidence import EvidenceState, Thresholds, Told
from caloscope.evidence.bank import FACTOR_MARGINS, FACTORS, SHIFT_MARGINS, SHIFTS
from caloscope.evidence.one_pass import one_pass
from caloscope.evidence.places import UNEVEN, news_of_parts
from caloscope.evidence.setting import setting_of
from caloscope.evidence.standing import gather
from caloscope.evidence.state import CELLS
from caloscope.evidence.sums import TOLD_AT_ONCE, News, Sums

from .watching import Watch, drawn, fill, healthy_cells, known, off

LIMIT = 10.0
ONSET = 8


def shown(alternative: int, nats: float, information: float = 1e4) -> tuple[bool, float]:
    """Whether one place is flagged by so many nats for one alternative, and the evidence that is shown."""
    step = np.full((len(FACTORS), 1), -5.0, np.float32)
    step[alternative] = nats
    one = np.ones(1, np.float32)
    effect = np.float32(FACTORS[alternative] - 1.0)
    news = News(step, effect * np.float32(information) * one, np.float32(information) * one)
    limits = np.full((2, 1), LIMIT, np.float32)
    found, _ = gather(Sums.empty(len(FACTORS), 1), news, CELLS, limits, np.zeros(1, np.float32), 1)
    low = int(FACTORS[alternative] > 1)
    return bool(found.flag[low, 0]), float(found.value[low, 0])


@pytest.mark.parametrize("alternative", range(len(FACTORS)))
def test_each_size_of_fault_has_its_margin(alternative: int) -> None:
    margin = FACTOR_MARGINS[alternative]
    below, above = (shown(alternative, LIMIT + margin + more) for more in (-0.1, 0.1))
    assert not below[0]
    assert above[0]
    assert (below[1], above[1]) == pytest.approx((LIMIT - 0.1, LIMIT + 0.1), abs=1e-3)


def test_where_a_lumisection_tells_little_the_margin_is_little() -> None:
    """Half of a channel that expects 40 counts: 5 nats in a lumisection."""
    alternative, effect = 1, FACTORS[1] - 1.0
    margin = FACTOR_MARGINS[alternative] * 5.0 / TOLD_AT_ONCE
    assert shown(alternative, LIMIT + margin - 0.1, 10.0 / effect**2)[0] is False
    assert shown(alternative, LIMIT + margin + 0.1, 10.0 / effect**2)[0] is True


def test_small_faults_and_dead_cells_need_no_margin() -> None:
    for sizes, margins in ((FACTORS - 1.0, FACTOR_MARGINS), (SHIFTS, SHIFT_MARGINS)):
        free = np.array(margins) == 0.0
        assert free[np.abs(sizes) < 0.15].all()
        assert free[sizes < -0.9].all()
        assert not free[(sizes > -0.9) & (np.abs(sizes) > 0.25)].any()


def test_a_dead_cell_is_found_at_once() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 1)[0]
    watch = Watch(endcap).run(fill(12), [off("EE+/digi", cell, 0.0, ONSET)])
    assert watch.of(cell)[ONSET - 1 :].all()


def test_parts_are_believed_less_where_the_whole_map_moves() -> None:
    """Conditions move all parts, but not all alike."""
    endcap = known("EE+")
    drawn_one = next(iter(drawn(endcap, fill(1))))
    limits = Thresholds(*([LIMIT] * 8))
    expectation = endcap.expectation(drawn_one.mean, drawn_one.events)
    setting = setting_of(expectation, endcap.layout, limits)
    told = Told(drawn_one.id, drawn_one.counts, expectation, np.zeros(endcap.view.shape, np.bool_))
    seen = one_pass(setting, EvidenceState.empty(endcap.view), told).seen
    still, moving = (
        news_of_parts(
            replace(seen, found=replace(seen.found, common=common)),
            endcap.layout,
            np.zeros(len(endcap.layout.sizes), np.int8),
            np.zeros(len(endcap.layout.sizes), np.float32),
        )
        for common in (0.0, 0.1)
    )
    believed = moving.information / still.information
    assert believed == pytest.approx(1 / (1 + still.information * (UNEVEN * 0.1) ** 2), rel=1e-3)
    assert (believed < 1).any()
    assert moving.score == pytest.approx(still.score * believed, rel=1e-3)
