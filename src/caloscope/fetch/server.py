"""What is asked of a server, whatever it speaks, and what can go wrong with it."""

from typing import NamedTuple, Protocol

from caloscope.errors import Fault, SourceError
from caloscope.fetch.source import Address


class Unreachable(Exception):  # noqa: N818 - a state of the network, not a mistake
    """A server did not give what was asked of it.

    `lasting`: it said so clearly, and asking again is no use. `missing`: there is nothing of this name.
    """

    def __init__(self, found: str, *, lasting: bool = False, missing: bool = False) -> None:
        super().__init__(found)
        self.found = found
        self.lasting = lasting or missing
        self.missing = missing

    def source_error(self, name: str, expected: str) -> SourceError:
        """The same, for a person."""
        return SourceError(name, Fault.UNREACHABLE, self.found, expected)


class Entry(NamedTuple):
    """One name in a folder; `is_link` marks a folder that may lead anywhere."""

    name: str
    is_folder: bool
    is_link: bool = False


class Status(NamedTuple):
    """What a server says of a file: bytes (None where it does not know) and a text that changes with it."""

    size: int | None
    tag: str
    is_folder: bool = False


class Taker(Protocol):
    """Takes the bytes of a file in order; may raise `Unreachable`."""

    def expect(self, size: int | None) -> None:
        """Hear how many bytes are to come, None where the server does not say."""
        ...

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        ...


class Server(Protocol):
    """A way to reach files. All methods raise `Unreachable`, and none waits for ever."""

    def status(self, address: Address) -> Status:
        """Size and time of a file."""
        ...

    def entries(self, address: Address) -> list[Entry]:
        """The names in a folder."""
        ...

    def copy(self, address: Address, into: Taker) -> None:
        """Give the bytes of a file to `into`."""
        ...
