"""What can go wrong in a way that a user must be told about, each as one line."""

from enum import StrEnum
from pathlib import Path


class CaloscopeError(Exception):
    """An error whose message is meant for a person: one line, no traceback needed."""


class UsageError(CaloscopeError):
    """The caller asked for something that makes no sense; the command line exits with 2."""


class Fault(StrEnum):
    """Why a source was put in quarantine."""

    EMPTY_FILE = "EMPTY_FILE"
    TRUNCATED = "TRUNCATED"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    UNREADABLE = "UNREADABLE"
    WRONG_BINNING = "WRONG_BINNING"
    INVALID_COUNTS = "INVALID_COUNTS"
    INVALID_SCALAR = "INVALID_SCALAR"
    NO_LUMISECTION = "NO_LUMISECTION"
    WRONG_RUN = "WRONG_RUN"
    NOTHING_KNOWN = "NOTHING_KNOWN"
    CONFLICT = "CONFLICT"
    UNREACHABLE = "UNREACHABLE"
    VANISHED = "VANISHED"
    CRASHES = "CRASHES"
    UNEXPECTED = "UNEXPECTED"


class SourceError(CaloscopeError):
    """A source cannot be used: says which, what was found and what was expected.

    The file goes to quarantine under its `fault`; the run goes on.
    """

    def __init__(self, path: str | Path, fault: Fault, found: str, expected: str) -> None:
        self.path = str(path)
        self.fault = fault
        self.found = found
        self.expected = expected
        super().__init__(f"{self.path}: {fault}: found {found}, expected {expected}")


class BundleError(CaloscopeError):
    """A bundle is refused: incomplete, altered, or made for another geometry."""


class StoreError(CaloscopeError):
    """The store cannot be opened or does not speak this version's schema."""
