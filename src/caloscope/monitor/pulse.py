"""What the monitor tells of itself while it works, to whoever wants to watch it."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol, TypeAlias

from caloscope.monitor.taken import Taken

Part: TypeAlias = Literal["store", "spool", "output", "source", "settings", "restart"]
"""What may be in trouble: the store cannot be written, the spool not listed, the output not written, a source
file not read, the configuration not read again, or not applied before a restart."""


class Pulse(Protocol):
    """Told what happens, at once and from any thread.

    It is quick and never raises: whoever tells has better things to do.
    """

    def waiting(self, files: int) -> None:
        """So many files are there that have not been taken yet."""

    def taken(self, taken: Taken) -> None:
        """One file was taken, or went to quarantine; what it brought is in the store."""

    def trouble(self, what: Part, detail: str) -> None:
        """A part does not work; told again at each attempt that fails, with the reason of that one."""

    def healed(self, what: Part) -> None:
        """The part works; may be told of one that was never in trouble."""

    def looked(self) -> None:
        """The loop is alive: told every few seconds, when nothing arrives and amidst a long file too."""


class Silent:
    """Nobody watches."""

    def waiting(self, files: int) -> None:
        """Nothing."""

    def taken(self, taken: Taken) -> None:
        """Nothing."""

    def trouble(self, what: Part, detail: str) -> None:
        """Nothing."""

    def healed(self, what: Part) -> None:
        """Nothing."""

    def looked(self) -> None:
        """Nothing."""


class Several:
    """Tells several, in the order in which they were added."""

    def __init__(self, pulses: Sequence[Pulse] = ()) -> None:
        self._pulses = tuple(pulses)

    def add(self, pulse: Pulse) -> None:
        """Tell this one too from now on."""
        self._pulses = (*self._pulses, pulse)

    def waiting(self, files: int) -> None:
        """Tell all."""
        for pulse in self._pulses:
            pulse.waiting(files)

    def taken(self, taken: Taken) -> None:
        """Tell all."""
        for pulse in self._pulses:
            pulse.taken(taken)

    def trouble(self, what: Part, detail: str) -> None:
        """Tell all."""
        for pulse in self._pulses:
            pulse.trouble(what, detail)

    def healed(self, what: Part) -> None:
        """Tell all."""
        for pulse in self._pulses:
            pulse.healed(what)

    def looked(self) -> None:
        """Tell all."""
        for pulse in self._pulses:
            pulse.looked()


SILENT: Final[Pulse] = Silent()
"""A pulse that nobody feels: the default."""
