"""A real server on a free port, as a person would start it."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from caloscope.web import serve

from .filling import fill


@contextmanager
def running(store: Path) -> Iterator[str]:
    """Serve a store in a thread; yields the page's address."""
    stop, address = threading.Event(), queue.Queue[str]()
    thread = threading.Thread(
        target=serve, args=(str(store),), kwargs={"port": 0, "stop": stop, "ready": address.put}
    )
    thread.start()
    try:
        yield address.get(timeout=20)
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def serving() -> Callable[[Path], object]:
    """`with serving(path) as address:` runs a server."""
    return running


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server on a filled store that nobody changes."""
    path = tmp_path_factory.mktemp("store") / "store.db"
    fill(path)
    with running(path) as address, httpx.Client(base_url=address, timeout=20) as opened:
        yield opened
