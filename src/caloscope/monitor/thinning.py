"""Keeps the store of a monitor from growing: a little work for each result that was recorded.

Time does not come into it. Whatever the pace, more is looked at than comes in, so nothing is ever far behind.
"""

import time
from collections.abc import Iterator
from typing import Final

from caloscope.monitor.settings import Retention, Tuning
from caloscope.store import Store

ROUND_RESULTS: Final = 500
"""Results between the beginnings of two rounds: to find where the old ones begin takes milliseconds."""

STEP_RESULTS: Final = 20
"""Results that are looked at in one step, which is a short transaction."""

LOOKED_AT: Final = 2
"""Results that are looked at for each that came."""

MOST_OWED: Final = 1_000
"""Results that may be owed; who owes so many does not wait for a pause."""

IDLE_SECONDS: Final = 0.02
"""How long a file may have to wait for what is done while none is there."""


class Thinning:
    """Goes through the store round after round, as far as `recorded` results pay for it, or in idle moments.

    `some` raises `StoreError`; what it was at comes again in the next round.
    """

    def __init__(self, store: Store, tuning: Tuning) -> None:
        self._store = store
        self._tuning = tuning
        self._rule: Retention | None = None
        self._round: Iterator[int] | None = None
        self._since = self._owed = 0

    def recorded(self, results: int) -> None:
        """So many results came into the store."""
        self._since += results
        self._owed = min(self._owed + LOOKED_AT * results, MOST_OWED)

    def some(self, *, idle: bool, awaited: bool) -> None:
        """A piece of the work: what is owed, in an `idle` moment more, none where files are `awaited`."""
        rule = self._tuning.now.retention
        if rule is None or (awaited and self._owed < MOST_OWED):
            return
        if rule != self._rule:
            self._rule, self._round, self._since = rule, None, ROUND_RESULTS
        until = time.monotonic() + IDLE_SECONDS if idle else 0.0
        while self._owed >= STEP_RESULTS or time.monotonic() < until:
            self._owed = max(0, self._owed - STEP_RESULTS)
            if not self._step(rule):
                return

    def _step(self, rule: Retention) -> bool:
        """One step; whether there is anything to do after it for now."""
        if self._round is None:
            if self._since < ROUND_RESULTS:
                self._owed = 0
                return False
            self._since = 0
            self._round = self._store.thinning(
                rule.keep_lumis, rule.every, STEP_RESULTS, forget=rule.forget_lumis
            )
        if next(self._round, None) is None:
            self._round = None
            self._store.trim_changes(rule.changes)
        return True
