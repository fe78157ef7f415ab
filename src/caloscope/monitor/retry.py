"""Which errors of a file may pass by themselves."""

import errno
from typing import Final

from caloscope import __version__
from caloscope.errors import Fault, SourceError
from caloscope.store import FileRow

DEATHS: Final = 20
"""A file in whose hands the monitor ended so often in a row is not read again: it would never get past it.

Many, because a monitor may as well be ended by others, and nothing that can be read must be lost by that: a
hundred kills in the first half second put five in a row on the same sound file, twenty they never will.
"""

_FOR_EVER: Final = frozenset({errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EFBIG, errno.EINVAL})
_OF_OURS: Final = (Fault.UNEXPECTED, Fault.CRASHES)
_GIVEN_UP: Final = (Fault.UNREADABLE, Fault.UNREACHABLE, Fault.TRUNCATED)


def heals(error: SourceError) -> bool:
    """Whether the same file may be read later: it could not be reached, or its end may still come."""
    if error.fault in (Fault.UNREACHABLE, Fault.TRUNCATED):
        return True
    cause = error.__cause__
    # Libraries raise `OSError` for content that they do not understand, without a number.
    return isinstance(cause, OSError) and cause.errno is not None and cause.errno not in _FOR_EVER


def is_settled(row: FileRow) -> bool:
    """Whether a file that arrives, and that the ledger knows as it is, need not be read.

    One that could not be reached however often it was tried is worth another try when it comes again, an
    error of ours when another version of us runs, and a run that the settings did not allow whenever the
    monitor starts: that is a matter of the settings, not of the file.
    """
    if row.status != "QUARANTINED":
        return row.status in ("DONE", "PARTIAL")
    if row.fault in _OF_OURS:
        return row.version == __version__
    if row.fault is Fault.WRONG_RUN:
        return False
    return row.fault is not Fault.VANISHED and not (row.attempts > 1 and row.fault in _GIVEN_UP)
