"""What a monitor tells the service manager that started it, in systemd's words: a datagram, no library."""

import contextlib
import os
import socket
import time
from typing import Final, Self

from caloscope.monitor.pulse import Part
from caloscope.monitor.status import Status
from caloscope.monitor.taken import Taken

_LONGEST: Final = 300
"""Letters of a status that people read."""

STATUS_SECONDS: Final = 1.0
"""Time between two statuses: nobody reads faster, and each costs the service manager something."""


class ServiceManager:
    """The service manager that started this process, or nobody: then nothing is ever sent.

    `NOTIFY_SOCKET` and `WATCHDOG_USEC` are what systemd sets (`sd_notify(3)`, `sd_watchdog_enabled(3)`).
    Sending never waits and never raises: a monitor does not fail because nobody listens.
    """

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket: socket.socket | None = None
        self._every = None if watchdog_seconds is None else watchdog_seconds / 4
        self._last = 0.0
        self._told = 0.0
        self._status = ""
        if self._address.startswith(("/", "\0")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @classmethod
    def from_environment(cls) -> Self:
        """The one that the environment names."""
        mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = os.environ.get("WATCHDOG_USEC", "")
        seconds = int(microseconds) / 1e6 if mine and microseconds.isdecimal() else None
        return cls(os.environ.get("NOTIFY_SOCKET", ""), seconds or None)

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return self._socket is not None

    def ready(self, status: str) -> None:
        """The monitor watches."""
        self._send("READY=1", f"STATUS={_one_line(status)}")

    def alive(self) -> None:
        """The loop goes round; sent four times in the time after which systemd would restart it."""
        now = time.monotonic()
        if self._every is not None and now - self._last >= self._every:
            self._last = now
            self._send("WATCHDOG=1")

    def status(self, status: str) -> None:
        """One line for `systemctl status`; not sent where it is the last, or that was just now."""
        now = time.monotonic()
        if status != self._status and now - self._told >= STATUS_SECONDS:
            self._told, self._status = now, status
            self._send(f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """The monitor ends."""
        self._send("STOPPING=1", "STATUS=stopping")

    def close(self) -> None:
        """Send no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def _one_line(text: str) -> str:
    """A text that cannot say another thing to the service manager than its status."""
    return " ".join(text.split())[:_LONGEST]


class Supervised:
    """A pulse that the service manager feels: ready at the first beat, alive at each."""

    def __init__(self, manager: ServiceManager, status: Status) -> None:
        self._manager = manager
        self._status = status
        self._is_ready = False

    def waiting(self, files: int) -> None:  # noqa: ARG002 - the status knows
        """A beat."""
        self.looked()

    def taken(self, taken: Taken) -> None:  # noqa: ARG002
        """A beat."""
        self.looked()

    def trouble(self, what: Part, detail: str) -> None:
        """Nothing: told with the next beat, and no sign of life of the loop."""

    def healed(self, what: Part) -> None:
        """Nothing, as before."""

    def looked(self) -> None:
        """A beat."""
        if not self._manager.listens:
            return
        if not self._is_ready:
            self._is_ready = True
            self._manager.ready(self._status.line)
        self._manager.alive()
        self._manager.status(self._status.line)
