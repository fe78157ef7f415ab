"""What is known of a monitor that runs: the answer to whether it is well."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from caloscope import __version__
from caloscope.monitor.pulse import Part
from caloscope.monitor.taken import Taken

STUCK_SECONDS: Final = 120.0
"""A loop that has not gone round for so long hangs: not even a large file takes half of that."""

GRAVE: Final[frozenset[Part]] = frozenset({"store", "spool", "output"})
"""Parts without which a monitor is of no use; trouble of others concerns single files or what comes later."""

State: TypeAlias = Literal["starting", "ok", "degraded", "trouble", "stuck"]
"""*degraded*: verdicts go on, something else does not work. *trouble*, *stuck*: somebody has to come."""


@dataclass(slots=True)
class Trouble:
    """A part that does not work: why, since when (seconds since 1970), and how often it was told."""

    detail: str
    since: float
    times: int = 1


class Status:
    """A pulse that remembers. Threads may share it."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._lock = threading.Lock()
        self._began = time.time()
        self._looked: float | None = None
        self._backlog = 0
        self._files: Counter[str] = Counter()
        self._last_file: dict[str, object] | None = None
        self._last_verdict: dict[str, object] | None = None
        self._troubles: dict[Part, Trouble] = {}

    def waiting(self, files: int) -> None:
        """The backlog."""
        with self._lock:
            self._backlog = files
            self._looked = time.monotonic()

    def taken(self, taken: Taken) -> None:
        """Keep what is said of the newest file and verdict, not what is in them."""
        now = _utc(time.time())
        status = "DONE" if taken.error is None else str(taken.error.fault)
        with self._lock:
            self._looked = time.monotonic()
            self._files[status] += 1
            self._last_file = {"name": taken.path.name, "status": status, "at": now}
            if taken.results:
                newest = max(taken.results, key=lambda result: (result.key.run, result.key.lumi))
                where = {"run": newest.key.run, "lumi": newest.key.lumi, "map": newest.key.map}
                self._last_verdict = {**where, "quality": str(newest.quality), "at": now}

    def trouble(self, what: Part, detail: str) -> None:
        """Keep the newest reason, and since when there is one."""
        with self._lock:
            known = self._troubles.setdefault(what, Trouble(detail, time.time(), 0))
            known.detail = detail
            known.times += 1

    def healed(self, what: Part) -> None:
        """Forget it."""
        with self._lock:
            self._troubles.pop(what, None)

    def looked(self) -> None:
        """The loop is alive."""
        with self._lock:
            self._looked = time.monotonic()

    @property
    def troubles(self) -> dict[Part, Trouble]:
        """What does not work."""
        with self._lock:
            return dict(self._troubles)

    @property
    def backlog(self) -> int:
        """Files that wait."""
        return self._backlog

    @property
    def loop_seconds(self) -> float | None:
        """How long ago the loop was last seen alive; None before it ever was."""
        looked = self._looked
        return None if looked is None else time.monotonic() - looked

    @property
    def state(self) -> State:
        """All in one word, the worst that applies."""
        since = self.loop_seconds
        parts = self.troubles.keys()
        if since is not None and since > STUCK_SECONDS:
            return "stuck"
        if parts & GRAVE:
            return "trouble"
        if since is None:
            return "starting"
        return "degraded" if parts else "ok"

    @property
    def is_well(self) -> bool:
        """Whether nobody has to come."""
        return self.state in ("starting", "ok", "degraded")

    @property
    def line(self) -> str:
        """The same for a line of people."""
        with self._lock:
            newest = self._last_verdict
            taken = sum(self._files.values())
            why = "".join(f"; {what}: {each.detail}" for what, each in self._troubles.items())
        verdict = "" if newest is None else "; run {run} LS {lumi} {map} {quality}".format(**newest)
        return f"{self.state}{why}{verdict}; {taken} files taken, {self._backlog} wait"

    def report(self) -> dict[str, object]:
        """All of it as plain JSON values; times are UTC."""
        since = self.loop_seconds
        state = self.state
        with self._lock:
            troubles = [
                {"what": what, "detail": each.detail, "since": _utc(each.since), "times": each.times}
                for what, each in self._troubles.items()
            ]
            return {
                "state": state,
                "label": self._label,
                "version": __version__,
                "started": _utc(self._began),
                "loop_seconds": None if since is None else round(since, 3),
                "backlog": self._backlog,
                "files": dict(self._files),
                "last_file": self._last_file,
                "last_verdict": self._last_verdict,
                "trouble": troubles,
            }


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
