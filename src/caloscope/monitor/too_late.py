"""What people say of lumisections when nobody can score these again."""

from collections.abc import Sequence

from caloscope.bundle import Bundle
from caloscope.config.conditions_table import MAX_LUMI, ConditionsTable, differences
from caloscope.pipeline.recalled import first_again
from caloscope.records import LumiId
from caloscope.store import Store


def too_late(
    store: Store, bundles: Sequence[Bundle], label: str, before: ConditionsTable, after: ConditionsTable
) -> list[str]:
    """Lumisections of runs on record that stay as they were judged, though people say something else of them.

    Each stretch is told as `run:first-last`, as far as it is too old for one of the bundles at least. Raises
    `StoreError`.
    """
    changed = differences(before, after)
    if not changed:
        return []
    known = set(store.runs(label))
    oldest = [found for bundle in bundles if (found := first_again(store, bundle, label)) is not None]
    cut = {run: _before(max(oldest), run, changed[run]) for run in changed if oldest and run in known}
    return [_told(run, *ends) for run, stretches in cut.items() for ends in stretches]


def _before(first: LumiId, run: int, stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of the stretches of a run lies before a lumisection."""
    last = MAX_LUMI if run < first.run else first.lumi - 1 if run == first.run else 0
    return [(low, min(high, last)) for low, high in stretches if low <= last]


def _told(run: int, low: int, high: int) -> str:
    if high == MAX_LUMI:
        return f"{run}:all" if low == 1 else f"{run}:{low}-"
    return f"{run}:{low}" if low == high else f"{run}:{low}-{high}"
