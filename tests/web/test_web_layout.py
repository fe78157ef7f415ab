"""The page in a real browser: nothing covers anything, nothing is cut, nothing is said that nobody knows."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from caloscope.store import BundleRow, Store

from .conftest import HOSTILE, Watched, running
from .filling import (
    BARREL,
    ENDCAP,
    LABEL,
    OTHER_ENDCAP,
    RUN,
    fill,
    incident,
    members,
    record_lumi,
    result,
    view_of,
)

pytestmark = pytest.mark.browser


def test_nothing_lies_over_the_trends(watched: Watched, store: Store) -> None:
    module = members(view_of(BARREL), "supermodule")
    many = [incident(BARREL, module, f"EB+{number:02}", 2, 7) for number in range(1, 19)]
    store.record([result(BARREL, 7, bad=module)], many)
    for width, height in ((1440, 900), (1920, 1080), (1280, 720)):
        watched.page.set_viewport_size({"width": width, "height": height})
        watched.open()
        for place in (0, 0.5, 0.8, 1):
            _require_room(watched.page, place)
        reason = watched.page.locator("#reason")
        assert reason.evaluate("(element) => element.scrollHeight <= element.clientHeight + 1"), "text is cut"


def _require_room(page: Page, place: float) -> None:
    """Where the page is scrolled to this share, what stays in sight covers nothing."""
    page.evaluate("(part) => scrollTo(0, part * document.body.scrollHeight)", place)
    page.wait_for_timeout(60)
    trends, maps = page.locator("#trends").bounding_box(), page.locator("#maps").bounding_box()
    assert trends is not None
    assert maps is not None
    for part in (".stick", ".side"):
        side = page.locator(part).bounding_box()
        assert side is not None
        assert side["y"] + side["height"] <= trends["y"], (part, place, page.viewport_size)
        assert maps["x"] + maps["width"] <= side["x"], (part, place, page.viewport_size)


def test_wide_maps_have_the_whole_row(watched: Watched) -> None:
    watched.page.set_viewport_size({"width": 1920, "height": 1080})
    watched.open()
    width = {
        slug: watched.page.locator(f"#map-{slug}").evaluate("(card) => card.offsetWidth")
        for slug in ("EB-digi", "HCAL-digi", "EEm-digi", "EEp-digi")
    }
    assert width["EB-digi"] == width["HCAL-digi"] > 2 * width["EEm-digi"] == 2 * width["EEp-digi"]


def test_banner_and_maps_wait_together_for_the_whole_lumisection(watched: Watched, store: Store) -> None:
    watched.open()
    page = watched.page
    store.record([result(BARREL, 8)])
    page.wait_for_timeout(1500)
    expect(page.locator("#scope")).to_have_text(f"{LABEL} · run {RUN} · LS 7")
    expect(page.locator("#map-HCAL-digi .chip")).to_have_text("✓GOOD")
    record_lumi(store, 8, hardware=HOSTILE)
    expect(page.locator("#scope")).to_have_text(f"{LABEL} · run {RUN} · LS 8")
    label = page.locator("#map-HCAL-digi .plot").first
    expect(label).to_have_attribute("aria-label", "Occupancy of HCAL/digi, lumisection 8")


def test_what_nobody_scored_has_no_number_of_bad_cells(watched: Watched) -> None:
    watched.open(f"?run={RUN}&lumi=4")
    facts = watched.page.locator("#map-EB-digi .card-facts")
    expect(facts).to_contain_text("– bad cells")
    assert facts.locator("strong").count() == 0


def test_a_lumisection_that_is_not_there_is_answered(watched: Watched) -> None:
    watched.open(f"?run={RUN}&lumi=6")
    page = watched.page
    for text in ("", "-3", "99", "seven"):
        page.locator("#lumi").fill(text)
        page.locator("#lumi").press("Enter")
        expect(page.locator("#lumi")).to_have_value("6")
        expect(page.locator("#scope")).to_contain_text("LS 6")
        if text:
            expect(page.locator("#banner")).to_contain_text(f"There is no lumisection “{text}” in run {RUN}")


def test_incidents_that_began_later_are_folded_away(watched: Watched) -> None:
    watched.open(f"?run={RUN}&lumi=5")
    page = watched.page
    expect(page.locator("#later-count")).to_have_text("1")
    expect(page.locator("#incidents")).to_contain_text("None was open then.")
    page.locator("#later summary").click()
    page.locator("#later-list .incident").click()
    expect(page.locator("#scope")).to_contain_text("LS 7")
    expect(page.locator("#later")).to_be_hidden()


def test_ticks_are_whole_and_what_is_unknown_has_no_axis(watched: Watched) -> None:
    watched.open()
    ticks = watched.page.locator("#trend-bad_cells .xtick text").all_text_contents()
    assert ticks == sorted(set(ticks), key=int)
    assert len(ticks) >= 4
    watched.page.route(
        "**/api/trends*",
        lambda route: route.fulfill(json=route.fetch().json() | {"pileup": []}),
    )
    watched.open()
    pileup = watched.page.locator("#trend-pileup")
    expect(pileup.locator(".none")).to_have_text("not known")
    expect(pileup.locator(".plot")).to_be_hidden()
    assert "100" in watched.page.locator("#map-EEp-digi .plot").first.locator(".ytick").all_text_contents()


def test_the_left_maps_can_show_observed_over_expected(watched: Watched) -> None:
    watched.open()
    page = watched.page
    caption = page.locator("#map-EB-digi figcaption").first
    expect(caption).to_have_text("Occupancy")
    page.get_by_role("button", name="Observed / expected").click()
    expect(caption).to_have_text("Observed / expected")
    watched.open("?show=ratio")
    expect(caption).to_have_text("Observed / expected")


@pytest.mark.parametrize("shown", [(BARREL,), (ENDCAP,), (ENDCAP, OTHER_ENDCAP)])
def test_below_one_row_of_maps_nothing_is_empty(
    browser: Browser, tmp_path: Path, shown: tuple[BundleRow, ...]
) -> None:
    path = tmp_path / "few.db"
    fill(path, lumis=3, bundles=shown)
    with running(path) as address:
        page = browser.new_page()
        for width, height in ((1600, 1000), (1280, 800), (1000, 800)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(address)
            page.wait_for_selector("body[data-shown]")
            _require_no_gap(page, width)
        page.close()


def _require_no_gap(page: Page, width: int) -> None:
    """The trends begin where the maps end, or where the column of incidents does."""
    maps, trends, side = (page.locator(name).bounding_box() for name in ("#maps", "#trends", ".side"))
    assert maps is not None
    assert trends is not None
    assert side is not None
    end = maps["y"] + maps["height"]
    if width > 1120:
        assert 0 <= trends["y"] - end < 20
        assert trends["x"] + trends["width"] <= side["x"]
    else:
        assert end <= side["y"] <= side["y"] + side["height"] <= trends["y"]
