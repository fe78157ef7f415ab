"""Opening files that nobody vouches for: plain ones of a moderate size, nothing else."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from caloscope.errors import BundleError


@contextmanager
def open_plain(path: Path, most: int, *, follow: bool = False) -> Iterator[BufferedReader]:
    """A plain file of at most so many bytes, open for reading; its first bytes are not read yet.

    A symbolic link is followed only where `follow` says so, for files that a person named. A pipe is not
    waited for. Raises `BundleError` for a link, a folder, a device, a pipe and for more bytes than that, and
    `OSError` where there is no such file or it cannot be read.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    try:
        number = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BundleError(f"{path}: found a link, expected a plain file") from error
        raise
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BundleError(f"{path}: found a folder, a device or a pipe, expected a plain file")
    with os.fdopen(number, "rb") as file:
        size = os.fstat(number).st_size
        if size > most:
            raise BundleError(f"{path}: found {size} bytes, expected at most {most}")
        yield file


def read_plain(path: Path, most: int, *, follow: bool = False) -> bytes:
    """The bytes of a plain file, at most so many of them. Raises what `open_plain` raises."""
    with open_plain(path, most, follow=follow) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it grew while it was read
        raise BundleError(f"{path}: found more than {most} bytes, expected at most {most}")
    return content
