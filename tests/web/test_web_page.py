"""The page in a real browser: what a shifter sees, live, and that nothing leaves the host."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from caloscope.errors import Fault
from caloscope.store import FileRow, Store

from .conftest import running
from .filling import BUNDLES, RUN, fill, record_lumi, result

pytestmark = pytest.mark.browser

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


def test_the_page_says_how_it_is_and_follows_without_reload(watched: Watched, store: Store) -> None:
    watched.open()
    page = watched.page
    expect(page.locator("#word")).to_have_text("BAD")
    expect(page.locator("#scope")).to_have_text(f"ZeroBias · run {RUN} · LS 7")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    assert page.locator(".card").count() == 4
    expect(page.locator(".card .plot .heatmaplayer image, .card .plot .hm image").first).to_be_attached()
    assert page.locator(".trend .plot .scatterlayer .trace").count() >= 6
    page.evaluate("window.untouched = true")
    record_lumi(store, 8, hardware=HOSTILE)
    expect(page.locator("#scope")).to_have_text(f"ZeroBias · run {RUN} · LS 8", timeout=3000)
    expect(page.locator("#map-EEp-digi .chip")).to_have_text("?UNKNOWN: FEW_EVENTS")
    expect(page.locator("#map-EEm-digi")).to_contain_text("degraded: pileup estimated")
    assert page.evaluate("window.untouched"), "the page was loaded again"


def test_what_the_store_says_is_text_and_never_markup(watched: Watched, store: Store) -> None:
    name = "<script>document.title='broken'<script>.root"
    store.note_file(FileRow(f"/spool/{name}", 1, 1, "QUARANTINED", Fault.UNREADABLE, "<b>found</b>"))
    watched.open()
    page = watched.page
    expect(page.locator("#incidents .hardware")).to_have_text(HOSTILE)
    expect(page.locator("#reason")).to_contain_text(HOSTILE)
    expect(page.locator("#quarantine")).to_contain_text(name)
    expect(page.locator("#quarantine")).to_contain_text("<b>found</b>")
    for markup in ("img[src=x]", "#incidents b", "#reason b", "#quarantine b", "#quarantine script"):
        assert page.locator(markup).count() == 0, markup
    assert "broken" not in page.title()


def test_an_incident_leads_to_its_cells_and_the_address_can_be_shared(watched: Watched) -> None:
    watched.open()
    page = watched.page
    quality = page.locator("#map-EB-digi .plot").nth(1)
    expect(quality).to_have_attribute("data-outlined", "0")
    page.locator("#incidents .incident").click()
    expect(quality).to_have_attribute("data-outlined", "68")
    expect(page.locator("#map-EB-digi")).to_have_class("card chosen")
    page.locator("#known summary").click()
    page.locator("#known-list .incident").click()
    expect(page.locator("#map-HCAL-digi select")).to_have_value("2")
    assert "depth=2" in page.url
    page.locator("#lumi-prev").click()
    expect(page.locator("#scope")).to_contain_text("LS 6")
    query = urlsplit(page.url).query
    assert f"run={RUN}&lumi=6" in query
    watched.open("?" + query)
    expect(page.locator("#scope")).to_contain_text("LS 6")
    expect(page.locator("#map-HCAL-digi select")).to_have_value("2")
    expect(page.locator("#follow")).to_have_attribute("aria-pressed", "false")
    page.locator("#follow").click()
    expect(page.locator("#scope")).to_contain_text("LS 7")


def test_a_cell_says_its_name_to_the_mouse_and_to_the_keyboard(watched: Watched) -> None:
    watched.open()
    page = watched.page
    plot = page.locator("#map-EB-digi .plot").nth(1)
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#tip strong")).to_contain_text("tower (ieta")
    expect(page.locator("#tip")).to_contain_text("expected")
    page.mouse.move(5, 5)
    plot.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip strong")).to_contain_text("tower (ieta")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_old_news_is_no_news_while_following(watched: Watched, store: Store, tmp_path: Path) -> None:
    store.record([result(bundle, 9) for bundle in BUNDLES])
    watched.open()
    page = watched.page
    expect(page.locator("#word")).to_have_text("GOOD")
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE results SET scored_at = scored_at - 300")
    watched.open()
    expect(page.locator("#word")).to_have_text("UNKNOWN")
    expect(page.locator("#reason")).to_have_text("STALE: no verdict for 5 min; LS 9 was GOOD")
    watched.open(f"?run={RUN}&lumi=9")
    expect(page.locator("#word")).to_have_text("GOOD")


def test_the_theme_can_be_chosen(watched: Watched) -> None:
    watched.open()
    page = watched.page
    for expected in ("light", "dark"):
        page.locator("#theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", expected)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_interface_is_shown_without_help_from_outside(watched: Watched) -> None:
    watched.page.goto(watched.address + "docs")
    expect(watched.page.locator("#routes")).to_contain_text("GET /api/status")
