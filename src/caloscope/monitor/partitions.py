"""Names that people write into the column `off` and that no partition has: then nothing is off."""

from collections.abc import Iterable, Sequence
from typing import Final

from caloscope.bundle import Bundle
from caloscope.config.conditions_table import ConditionsTable
from caloscope.geometry import view, view_names
from caloscope.monitor.names import shown
from caloscope.pipeline.gate import Table, of_view

MOST: Final = 10
"""Names that are told."""

LONGEST: Final = 40
"""Letters of each."""


def strangers(table: Table | None, bundles: Sequence[Bundle]) -> list[str]:
    """Partitions of a table that are part of no view of the bundles' calorimeter, by name."""
    if not isinstance(table, ConditionsTable) or not table.partitions:
        return []
    makes = {(bundle.card.era, bundle.calorimeter) for bundle in bundles}
    views = [view(name, era, text) for era, text in makes for name in view_names(text)]
    known = {name for name in table.partitions if any(of_view(name, each) for each in views)}
    return sorted(table.partitions - known) if views else []


def views_of(bundles: Iterable[Bundle]) -> list[str]:
    """The views of their calorimeter, by name."""
    return sorted({name for bundle in bundles for name in view_names(bundle.calorimeter)})


def listed(names: Sequence[str]) -> str:
    """Names for people, the first ones where there are many."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(shown(name[:LONGEST]) for name in names[:MOST]) + more
