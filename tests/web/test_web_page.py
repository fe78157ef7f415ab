"""The page in a real browser: what a shifter sees, live, and that nothing leaves the host."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from caloscope.errors import Fault
from caloscope.store import FileRow, Store

from .conftest import HOSTILE, Watched
from .filling import BUNDLES, RUN, record_lumi, result

pytestmark = pytest.mark.browser


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
    expect(page.locator("#scope")).to_have_text(f"ZeroBias · run {RUN} · LS 8")
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
    expect(page.locator("#files")).to_contain_text(name)
    expect(page.locator("#files")).to_contain_text("<b>found</b>")
    for markup in ("img[src=x]", "#incidents b", "#reason b", "#files b", "#files script"):
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
        began = time.time() - 320
        database.execute("UPDATE results SET scored_at = scored_at - 300, began_at = ?", [began])
    watched.open()
    expect(page.locator("#word")).to_have_text("UNKNOWN")
    expect(page.locator("#reason")).to_have_text("STALE: no verdict for 5 min; LS 9 was GOOD")
    watched.open(f"?run={RUN}&lumi=9")
    expect(page.locator("#word")).to_have_text("GOOD")


def test_a_run_that_is_over_is_not_stale_but_the_next_one_is(
    watched: Watched, store: Store, tmp_path: Path
) -> None:
    store.record([result(bundle, 9) for bundle in BUNDLES])
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        began = time.time() - 320
        database.execute("UPDATE results SET scored_at = scored_at - 300, began_at = ?", [began])
    store.note_run("ZeroBias", RUN, at=time.time() - 200, ended_by="marker")
    watched.open()
    page = watched.page
    expect(page.locator("#reason")).to_have_text(f"Run {RUN} is over; LS 9 was GOOD")
    expect(page.locator("#word")).to_have_text("UNKNOWN")
    expect(page.locator("#hero")).not_to_have_class("hero stale")
    store.note_run("ZeroBias", RUN + 1, at=time.time() - 90)
    watched.open()
    expect(page.locator("#reason")).to_contain_text("STALE: no verdict for 5 min")


def test_history_keeps_its_word_and_says_that_it_is_not_live(
    watched: Watched, store: Store, tmp_path: Path
) -> None:
    store.record([result(bundle, 9) for bundle in BUNDLES])
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("UPDATE results SET scored_at = scored_at - 300")
    watched.open()
    page = watched.page
    expect(page.locator("#word")).to_have_text("GOOD")
    expect(page.locator("#history")).to_have_text(" · not live: last verdict 5 min ago")
    expect(page.locator("#connection .text")).to_have_text("connected")
    expect(page.locator("#reason")).not_to_contain_text("STALE")


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
