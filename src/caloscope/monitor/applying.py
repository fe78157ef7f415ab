"""Has the pipeline judge by settings as they change, and tells the log what that did, and what it did not."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import structlog

from caloscope.bundle import Bundle
from caloscope.config.conditions_table import NOTHING_SAID, ConditionsTable
from caloscope.monitor.intake import Intake
from caloscope.monitor.partitions import listed, strangers, views_of
from caloscope.monitor.telling import tell_judged_again, verdict
from caloscope.monitor.too_late import too_late
from caloscope.pipeline import Gate
from caloscope.pipeline.timeline import KEPT
from caloscope.records import ResultKey
from caloscope.store import Store

log = structlog.get_logger()

ANEW = "a monitor with a new store judges them so"
"""What one may do about lumisections that are not scored again."""


class Applying:
    """Settings for an intake, one after the other; `bundles` are those that it judges by.

    What is doubtful in a table of conditions is told once: names of partitions that there are not, and what
    is said, other than by the table before, of lumisections that are not scored again.
    """

    def __init__(self, intake: Intake, store: Store, label: str, bundles: Sequence[Bundle]) -> None:
        self._intake = intake
        self._store = store
        self._label = label
        self._bundles = bundles
        self._table: ConditionsTable | None = None
        self._told: set[str] = set()

    def apply(self, gate: Gate) -> set[int]:
        """Judge by these from now on; answers with the runs of which results were recorded again.

        Raises `StoreError`; then the same may be asked again.
        """
        table = gate.table if isinstance(gate.table, ConditionsTable) else NOTHING_SAID
        # All that the store is asked comes first: once something is recorded, nothing may fail.
        before, late = self._verdicts(), self._late(table)
        again = self._intake.retune(gate)
        self._table = table
        tell_judged_again(before, again)
        if late:
            log.warning("conditions came too late", lumisections=listed(late), remedy=ANEW)
        self._tell_strangers(table)
        return {result.key.run for result in again}

    def _verdicts(self) -> Mapping[ResultKey, str]:
        """Those of the newest lumisections, which are the ones that may be scored again."""
        newest = [row.id for row in self._store.newest_lumis(self._label, 2 * KEPT)]
        found: dict[ResultKey, str] = {}
        for run, group in groupby(newest, lambda lumi_id: lumi_id.run):
            lumis = [lumi_id.lumi for lumi_id in group]
            rows = self._store.results(self._label, run, first=lumis[0], last=lumis[-1])
            found |= {row.key: verdict(row) for row in rows}
        return found

    def _late(self, table: ConditionsTable) -> list[str]:
        """What the table says too late; nothing at the start, when nobody knows what it said before."""
        if self._table is None:
            return []
        return too_late(self._store, self._bundles, self._label, self._table, table)

    def _tell_strangers(self, table: ConditionsTable) -> None:
        names = [name for name in strangers(table, self._bundles) if name not in self._told]
        self._told |= set(names)
        if names:
            expected = f"parts of {', '.join(views_of(self._bundles))}"
            log.warning("partition of no view", names=listed(names), expected=expected)
