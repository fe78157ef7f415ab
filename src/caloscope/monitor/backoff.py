"""Something that does not work at the moment: when to try it again, and who is told."""

import time
from collections.abc import Callable

import structlog

from caloscope.monitor.pulse import Part, Pulse

log = structlog.get_logger()


class Backoff:
    """One part of the monitor, tried again after a while that doubles with each failure.

    Each failure is told once to the log and to the pulse, and so is its end. `clock` gives seconds that
    nobody sets back.
    """

    def __init__(
        self,
        what: Part,
        pulse: Pulse,
        *,
        first_seconds: float = 0.5,
        longest_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what: Part = what
        self._pulse = pulse
        self._first = first_seconds
        self._longest = longest_seconds
        self._clock = clock
        self._failures = 0
        self._again_at = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it may be tried: it works, or the time of the next try has come."""
        return not self._failures or self._clock() >= self._again_at

    def failed(self, detail: str) -> None:
        """It did not work."""
        seconds = min(self._first * 2.0 ** min(self._failures, 60), self._longest)
        self._failures += 1
        self._again_at = self._clock() + seconds
        log.error("trouble", what=self._what, detail=detail, again_in_seconds=round(seconds, 1))
        self._pulse.trouble(self._what, detail)

    def worked(self) -> None:
        """It worked."""
        if self._failures:
            log.info("healed", what=self._what, failures=self._failures)
            self._pulse.healed(self._what)
            self._failures = 0
