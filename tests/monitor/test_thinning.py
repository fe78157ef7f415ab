"""The work that keeps a store small, paid for by what comes in."""

from pathlib import Path

import pytest

from caloscope.monitor import thinning
from caloscope.monitor.settings import Retention, Settings, Tuning
from caloscope.monitor.thinning import Thinning
from caloscope.store import Store
from tests.store.making import LABEL, RUN, opened, scored

LUMIS = 60


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds as small as the stores of these tests."""
    monkeypatch.setattr(thinning, "ROUND_RESULTS", 6)
    monkeypatch.setattr(thinning, "STEP_RESULTS", 2)
    monkeypatch.setattr(thinning, "MOST_OWED", 8)


def whole(store: Store) -> int:
    """How many results still have their arrays."""
    return sum(bool(store.arrays(row.key)) for row in store.results(LABEL, RUN))


def rule(keep: int = 10, every: int = 100, forget: int = 20) -> Tuning:
    """Settings that keep so much."""
    return Tuning(Settings(retention=Retention(keep, every, forget, 1_000)))


def test_it_keeps_up_with_any_pace_and_needs_no_pause(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        work = Thinning(store, rule())
        for lumi in range(1, LUMIS + 1):
            store.record([scored(lumi)])
            work.recorded(1)
            work.some(idle=False, awaited=False)
            assert whole(store) <= 10 + 2 * 6


def test_what_is_there_is_done_in_idle_moments(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi) for lumi in range(1, LUMIS + 1)])
        work = Thinning(store, rule())
        work.some(idle=False, awaited=False)
        assert whole(store) == LUMIS  # nothing came in, so nothing is owed
        for _ in range(LUMIS):
            work.some(idle=True, awaited=False)
        assert whole(store) == 10


def test_it_waits_for_files_that_are_awaited_but_not_for_ever(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi) for lumi in range(1, LUMIS + 1)])
        work = Thinning(store, rule())
        work.recorded(3)
        work.some(idle=False, awaited=True)
        assert whole(store) == LUMIS
        work.recorded(3)
        work.some(idle=False, awaited=True)
        assert whole(store) < LUMIS


def test_a_new_rule_applies_at_once_and_without_one_nothing_is_removed(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi) for lumi in range(1, LUMIS + 1)])
        tuning = Tuning()
        work = Thinning(store, tuning)
        for forget, left in ((None, LUMIS), (100, 15), (10, 10)):
            kept = None if forget is None else Retention(10, 10, forget, 1_000)
            tuning.set(Settings(retention=kept))
            for _ in range(LUMIS):
                work.some(idle=True, awaited=False)
            assert whole(store) == left
