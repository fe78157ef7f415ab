"""Python looks for cycles of garbage whenever it likes; the monitor does so when no file waits for it."""

import gc
import time
from types import TracebackType
from typing import Final, Self

REST_SECONDS: Final = 5.0
"""Between two looks at idle moments, and"""

LATEST_SECONDS: Final = 60.0
"""between two looks where there are none."""


class Rubbish:
    """While it is open, garbage in cycles is collected by `some` alone. What was there before is let be."""

    def __enter__(self) -> Self:
        gc.collect()
        gc.freeze()
        self._was_on = gc.isenabled()
        gc.disable()
        self._looked = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._was_on:
            gc.enable()
        gc.unfreeze()

    def some(self, *, idle: bool) -> None:
        """Collect, where it is time to."""
        since = time.monotonic() - self._looked
        if since > (REST_SECONDS if idle else LATEST_SECONDS):
            gc.collect()
            self._looked = time.monotonic()
