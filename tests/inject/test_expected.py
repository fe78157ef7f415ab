"""What a map counts on average, as injection finds it: faults and bins without a cell must not mislead it."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import Row, map_info, open_data_set, write
from caloscope.faults.fault import Fault
from caloscope.geometry import view
from caloscope.inject import inject
from caloscope.inject.expected import Average
from caloscope.records import LumiId, MapRecord
from tests.inject.test_inject import CELL, EE, EVENTS, HCAL, all_counts, done, rate, source

LUMI = LumiId(1, 1)


def test_faults_put_into_a_map_that_was_faulty_all_over_are_known(tmp_path: Path) -> None:
    weak = done(source(tmp_path / "good.h5", [EE]), Fault(EE, "all", "factor", 0.9), into="weak.h5")
    hot = (8, 12)
    bad = done(weak, Fault(EE, CELL, "dead"), Fault(EE, hot, "hot", 3.0))
    with open_data_set(bad) as found:
        factor, fault = found.truth(EE, 0, len(found))
    assert (fault[:, *CELL] == 2).all()
    assert not factor[:, *CELL].any()
    assert (fault[:, *hot] == 3).all()
    np.testing.assert_allclose(factor[:, *hot], 2.7, rtol=1e-5)
    before, after = (all_counts(path, EE)[:, *hot].sum(dtype=float) for path in (weak, bad))
    assert after / before == pytest.approx(3.0, abs=0.15)  # more than 5 sigma of some 40,000 counts


def average(name: str = HCAL) -> Average:
    return Average(view(load()[name].view, "2018"), "binomial", rate(name), knows_events=True, numbers=0)


def test_counts_in_bins_without_a_cell_do_not_move_the_mean_or_the_limit() -> None:
    """HO counts in the fourth depth of HCAL's histograms before 2019."""
    known = average()
    counts = np.rint(rate(HCAL) * EVENTS).astype(np.uint32)
    counts[~known.view.exists] = 3 * EVENTS
    expected = known.expected(counts, None)
    np.testing.assert_allclose(expected, rate(HCAL) * EVENTS, rtol=1e-3)
    assert known.most(MapRecord(counts, EVENTS), LUMI, []) == EVENTS


def test_channels_read_with_ho_in_their_histogram_get_twice_as_hot_and_no_more(tmp_path: Path) -> None:
    on, healthy = view("HCAL", "2018"), rate(HCAL)
    rng = np.random.default_rng(5)
    raw = np.where(
        on.exists, rng.binomial(EVENTS, healthy, (8, *on.shape)), rng.binomial(EVENTS, 0.3, on.shape)
    )
    rows = [
        Row(1, lumi, None, {HCAL: MapRecord(counts.astype(np.uint32), EVENTS)})
        for lumi, counts in enumerate(raw, start=1)
    ]
    write(tmp_path / "read.h5", rows, len(rows), [map_info(load()[HCAL], on)],
          label="ZeroBias", era="2018", provenance={})  # fmt: skip
    weak = on.exists & (healthy < 0.45)
    cells = tuple(tuple(map(int, cell)) for cell in np.argwhere(weak)[:500])
    inject(tmp_path / "read.h5", [Fault(HCAL, cells, "hot", 2.0)], tmp_path / "hot.h5", seed=1)
    there = tuple(np.array(cells).T)
    before = raw[:, *there].sum(dtype=float)
    after = all_counts(tmp_path / "hot.h5", HCAL)[:, *there].sum(dtype=float)
    assert after / before == pytest.approx(2.0, abs=0.01)


def test_a_drift_downwards_needs_no_number_of_events() -> None:
    known = average(EE)
    record = MapRecord(np.zeros(known.view.shape, np.uint32), None)
    assert known.most(record, LUMI, [Fault(EE, CELL, "drift", -0.1)]) == float("inf")


def test_cells_that_count_in_every_event_cannot_get_hot_and_do_not_hide_the_pileup() -> None:
    known = average()
    full = known.rate >= 1.0
    assert full.any()
    counts = np.rint(rate(HCAL) * EVENTS * np.where(full, 1.0, 0.9)).astype(np.uint32)
    expected = known.expected(counts, None)
    np.testing.assert_array_equal(expected[full], EVENTS)
    np.testing.assert_allclose(expected[~full], 0.9 * rate(HCAL)[~full] * EVENTS, rtol=1e-3)
