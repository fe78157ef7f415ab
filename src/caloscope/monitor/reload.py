"""Reads the configuration again while the monitor runs, when it changed or when somebody asks."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from caloscope.config.monitoring import Monitoring
from caloscope.config.monitoring_text import ConfigurationError
from caloscope.errors import CaloscopeError
from caloscope.monitor import logs
from caloscope.monitor.pulse import Pulse
from caloscope.monitor.settings import Settings, Tuning
from caloscope.monitor.taken import stamp

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""Time between two looks at the files. A change counts when the next look finds no other one: an editor may
write a file in pieces."""

AT_ONCE: Final = ("conditions", "thresholds", "retention", "retry", "log")
"""Tables that apply without a restart; of the others it is said that they need one."""


class Reloader:
    """Watches the file of a configuration and that of its conditions; what is good applies at once.

    `read` reads and checks the configuration, `settings` makes of it what the monitor takes. A configuration
    with an error is told line by line, and the one before goes on to hold.
    """

    def __init__(
        self,
        path: Path,
        first: Monitoring,
        read: Callable[[], Monitoring],
        settings: Callable[[Monitoring], Settings],
        tuning: Tuning,
        pulse: Pulse,
    ) -> None:
        self._path = path
        self._started = self._now = first
        self._read = read
        self._settings = settings
        self._tuning = tuning
        self._pulse = pulse
        self._asked = threading.Event()
        self._ends = threading.Event()
        self._seen = self._applied = self._stamps()

    def ask(self) -> None:
        """Read it again now, changed or not."""
        self._asked.set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch in a thread until the block ends."""
        thread = threading.Thread(target=self._watch, name="configuration", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            self._asked.set()
            thread.join()

    def look(self, *, asked: bool = False) -> None:
        """Read it again where it changed and is at rest, or where somebody `asked`."""
        stamps = self._stamps()
        rests, self._seen = stamps == self._seen, stamps
        if asked or (rests and stamps != self._applied):
            # As they were before anything is read: what changes meanwhile is read once more.
            before, self._applied = self._applied, stamps
            self._reload(table=stamps[1] != before[1])

    def _watch(self) -> None:
        while not self._ends.is_set():
            asked = self._asked.wait(LOOK_SECONDS)
            self._asked.clear()
            if not self._ends.is_set():
                self.look(asked=asked)

    def _reload(self, *, table: bool) -> None:
        try:
            found = self._read()
            of_table = _stamp(found)
            settings = self._settings(found)
        except (CaloscopeError, OSError) as error:
            self._refuse(error.lines if isinstance(error, ConfigurationError) else (str(error),))
            return
        except Exception as error:
            # An error of ours in one change must not keep later ones from being read.
            log.exception("unexpected")
            self._refuse([f"{self._path.name}: {type(error).__name__} ({error!s:.200})"])
            return
        changed = [name for name in AT_ONCE if getattr(found, name) != getattr(self._now, name)]
        changed += ["the file of conditions"] if table else []
        self._now, self._applied = found, (self._applied[0], of_table)
        logs.set_up(found.log.format, found.log.level)
        self._tuning.set(settings)
        self._pulse.healed("settings")
        log.info("configuration read again", changed=", ".join(changed) or "nothing")
        self._tell_restart(needs_restart(self._started, found))

    def _tell_restart(self, keys: Sequence[str]) -> None:
        """Once to the log; who asks how the monitor is hears it until it is as before, or restarted."""
        if not keys:
            self._pulse.healed("restart")
            return
        shown = ", ".join(keys)
        self._pulse.trouble("restart", f"{shown} changed, which applies after a restart")
        log.warning("configuration needs a restart", keys=shown)

    def _refuse(self, lines: Sequence[str]) -> None:
        for line in lines:
            log.error("configuration refused", detail=line, held="the one before")
        self._pulse.trouble("settings", lines[0])

    def _stamps(self) -> tuple[tuple[int, int], ...]:
        return (stamp(self._path), _stamp(self._now))


def _stamp(found: Monitoring) -> tuple[int, int]:
    """That of the file of conditions, zeros where there is none."""
    table = found.conditions.file
    return (0, 0) if table is None else stamp(table)


def needs_restart(before: Monitoring, after: Monitoring) -> list[str]:
    """The keys that differ and that a monitor that runs cannot take over."""
    keys = [
        f"monitor.{name}"
        for name in type(before.monitor).model_fields
        if getattr(before.monitor, name) != getattr(after.monitor, name)
    ]
    return [*keys, *(["health"] if before.health != after.health else [])]
