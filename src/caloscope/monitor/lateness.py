"""Verdicts that come too late again and again: a file with a wrong number may be what they are late for."""

from typing import Final

from caloscope.monitor.pulse import Pulse
from caloscope.monitor.taken import Taken
from caloscope.records import Reason

MANY: Final = 5
"""Files in a row with nothing new that is not late: one producer that lags brings a few at most."""


class Lateness:
    """Counts files that are late, and tells the pulse of many, as trouble with the source."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._files = 0

    @property
    def is_trouble(self) -> bool:
        """Whether it was told, and goes on."""
        return self._files >= MANY

    def see(self, taken: Taken) -> None:
        """A file that was taken; one without anything new says nothing."""
        if not taken.results:
            return
        late = all(result.reason is Reason.LATE for result in taken.results)
        self._files = self._files + 1 if late else 0
        if self.is_trouble:
            key = taken.results[0].key
            found = f"{self._files} files in a row that come too late, the last one of {key.run}:{key.lumi}"
            self._pulse.trouble("source", f"found {found}, expected none before what was taken already")
