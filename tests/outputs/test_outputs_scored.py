"""Counts over a run, against the flags that the store hands out one by one."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from caloscope.outputs.gather import gather
from caloscope.outputs.scored import Scored
from caloscope.records import MapResult, Reason
from caloscope.store import Store

from .outputs_filling import LABEL, RUN, bundle, cms_view, fill, result, unknown

EB = bundle("EB/digi")
HCAL = bundle("HCAL/digi")


def scored(url: str) -> Scored:
    with Store(url, read_only=True) as store:
        (found,) = gather(store, LABEL, RUN)
        return found


@pytest.fixture
def flickering(tmp_path: Path) -> str:
    """A barrel with cells that come and go, a gap, and lumisections that nobody judged."""
    results: list[MapResult] = []
    for lumi in (1, 2, 3, 4, 7, 8, 9, 12):
        bad = [cell for cell, lumis in {(3, 5): (2, 3, 4, 7), (10, 71): (8, 12)}.items() if lumi in lumis]
        if lumi == 9:
            results.append(unknown(EB, lumi, Reason.FEW_EVENTS))
        else:
            results.append(result(EB, lumi, bad, masked_bad=[(0, 0)]))
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, results, [EB])
    return url


def test_counts_equal_the_flags_of_the_store(flickering: str) -> None:
    with Store(flickering, read_only=True) as store:
        flags = list(store.flags(label=LABEL, run=RUN))
    found = scored(flickering)
    per_cell = Counter((row.y, row.x) for row in flags)
    per_lumi = Counter(row.lumi for row in flags)
    assert found.flagged_lumis.sum() == len(flags) == 6 + 7
    assert all(found.flagged_lumis[cell] == count for cell, count in per_cell.items())
    assert found.scored_lumis.tolist() == [1, 2, 3, 4, 7, 8, 12]
    assert found.flagged_per_lumi().tolist() == [per_lumi[lumi] for lumi in (1, 2, 3, 4, 7, 8, 12)]


def test_members_choose_cells(flickering: str) -> None:
    members = np.zeros((34, 72), np.bool_)
    members[3, 5] = True
    assert scored(flickering).flagged_per_lumi(members).tolist() == [0, 1, 1, 1, 1, 0, 0]


def test_depths_are_indices_of_the_view(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    cell = tuple(int(axis[0]) for axis in np.nonzero(cms_view("HCAL/digi").exists))
    fill(url, [result(HCAL, 1, [cell]), result(HCAL, 2, [cell]), result(HCAL, 3)], [HCAL])
    found = scored(url)
    assert found.flagged_lumis[cell] == found.flagged_lumis.sum() == 2


def test_a_map_without_flags_counts_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(HCAL, 1), result(HCAL, 2)], [HCAL])
    found = scored(url)
    assert found.flagged_lumis.sum() == 0
    assert found.flagged_per_lumi(cms_view("HCAL/digi").exists).tolist() == [0, 0]


def test_what_is_not_known_is_not_a_number(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, 1, pileup=None), result(EB, 2, pileup=41.0)], [EB])
    found = scored(url)
    np.testing.assert_array_equal(found.column("pileup"), [np.nan, 41.0])
    np.testing.assert_array_equal(found.column("events"), [1001.0, 1002.0])


def test_only_masked_and_unknown_cells_are_left_out_of_the_judged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, [result(EB, 1, bad=[(1, 1)], masked_bad=[(2, 2), (2, 3)])], [EB])
    assert scored(url).good_and_judged == (34 * 72 - 3, 34 * 72 - 2)
