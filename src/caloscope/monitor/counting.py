"""What is counted in the store for those who ask how the monitor is."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from caloscope.bundle import Bundle
from caloscope.errors import CaloscopeError
from caloscope.store import Store

KEPT_SECONDS: Final = 10.0
"""Counted again after so long: who asks often must not keep the store busy."""

OpenStore: TypeAlias = Callable[[], Store]


@dataclass(frozen=True, slots=True)
class Counted:
    """Numbers at one time: open incidents by (map, bundle, severity), files by status."""

    incidents: Mapping[tuple[str, str, str], int]
    files: Mapping[str, int]


class Counting:
    """A reader of its own beside the monitor's store. Threads may share it."""

    def __init__(self, bundles: Sequence[Bundle], store: OpenStore, label: str) -> None:
        self._bundles = {bundle.hash: bundle for bundle in bundles}
        self._store = store
        self._label = label
        self._lock = threading.Lock()
        self._opened: Store | None = None
        self._known: tuple[float, Counted | None] = (-KEPT_SECONDS, None)

    def now(self) -> Counted | None:
        """The numbers, a few seconds old at most; None where the store cannot be read."""
        with self._lock:
            since, counted = self._known
            if time.monotonic() - since >= KEPT_SECONDS:
                counted = self._counted()
                self._known = (time.monotonic(), counted)
            return counted

    def close(self) -> None:
        """Close the reader; it opens again where it is asked again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _counted(self) -> Counted | None:
        try:
            # Opening takes many times what counting does, and memory, so the store stays open.
            store = self._opened = self._opened or self._store()
            found = store.incidents(label=self._label, open_only=True)
            files = store.count_files()
        except (CaloscopeError, OSError):
            self.close()
            return None
        mine = [one for one in found if not one.masked and one.bundle in self._bundles]
        open_now = Counter((one.map, self._bundles[one.bundle].label, one.severity.name) for one in mine)
        # A bundle without any is a zero: no number at all would look like a monitor that is away.
        none = {(bundle.card.map, bundle.label, "CELL"): 0 for bundle in self._bundles.values()}
        return Counted({**none, **open_now}, {str(status): count for status, count in files.items()})
