"""A real server on a free port, as a person would start it."""

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from caloscope.store import Store
from caloscope.web import serve

from .filling import fill

expect.set_options(timeout=14_000)  # less than the page waits before it asks again by itself

HOSTILE = "<img src=x onerror=\"document.title='broken'\"><b>EB</b>"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


@dataclass
class Watched:
    """A page, with what it complained about and whom it tried to reach."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, query: str = "") -> None:
        """Open the page and wait until all is drawn."""
        self.page.goto(self.address + query)
        self.page.wait_for_selector("body[data-shown]")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium is installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.db"
    fill(path, lumis=7, hardware=HOSTILE)
    with Store(str(path)) as opened:
        yield opened


@pytest.fixture
def watched(browser: Browser, store: Store, tmp_path: Path) -> Iterator[Watched]:
    """A page that must neither complain nor reach for another host, whatever a test does with it."""
    with running(tmp_path / "store.db") as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        seen = Watched(page, address)

        def look(route: Route) -> None:
            seen.hosts.add(urlsplit(route.request.url).netloc)
            route.continue_()

        page.route(lambda url: not url.startswith(("data:", "blob:")), look)
        page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        yield seen
        page.close()
        assert seen.complaints == []
        assert seen.hosts <= {urlsplit(address).netloc}
