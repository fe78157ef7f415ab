"""How a monitor that is to end leaves a file of many lumisections before its end."""

import threading
from collections.abc import Callable

from caloscope.records import LumiId


class LeftError(Exception):
    """The monitor is to end before the file does: the next one goes on with it."""


def until(stop: threading.Event) -> Callable[[LumiId], bool]:
    """Asked before each lumisection of a file: all are wanted, but the file is left once `stop` is set.

    The first one is taken in any case, so that a file of one lumisection is finished. Raises `LeftError`.
    """
    has_begun = False

    def wanted(_: LumiId) -> bool:
        nonlocal has_begun
        if has_begun and stop.is_set():
            raise LeftError
        has_begun = True
        return True

    return wanted
