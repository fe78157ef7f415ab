"""What is done when the system sends a signal, outside of the signal's handler.

A handler runs between two instructions of the main thread, which may hold the very lock that the handler asks
for: a process that is told to stop would then hang. So handlers ask for no lock, and a thread does the rest.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def obeyed(what: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Do what belongs to each signal that comes until the block ends; to be called in the main thread.

    Signals that come at the same time are obeyed one after the other, equal ones perhaps once.
    """
    pending: dict[int, None] = {}
    hears, told = socket.socketpair()
    told.setblocking(False)

    def handle(number: int, _: object) -> None:
        pending[number] = None
        with contextlib.suppress(BlockingIOError):  # so much is to be read that it is looked at anyway
            told.send(b".")

    thread = threading.Thread(target=_obey, args=(hears, pending, what), name="signals", daemon=True)
    thread.start()
    before = {number: signal.signal(number, handle) for number in what}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        told.close()
        thread.join()
        hears.close()


def _obey(
    hears: socket.socket, pending: dict[int, None], what: Mapping[signal.Signals, Callable[[], None]]
) -> None:
    while hears.recv(4_096):
        for number in list(pending):
            del pending[number]
            what[signal.Signals(number)]()
