"""Old lumisections whose score maps were thinned out: the verdict stays, and the page says so."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from caloscope.store import Store

from .conftest import Watched, running
from .filling import BARREL, LABEL, RUN, result


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as opened:
        opened.register_bundle(BARREL)
        for lumi in range(1, 13):
            opened.record([result(BARREL, lumi)])
        assert opened.thin(2, 5) == 8  # kept: 5, 10, and the last two
        yield opened


def test_a_thinned_map_names_the_nearest_that_are_kept(store: Store, tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as address:
        found = {
            lumi: httpx.get(f"{address}api/maps/EB-digi/{RUN}/{lumi}", params={"label": LABEL}).json()
            for lumi in (1, 7, 10, 12)
        }
    assert (found[7]["kept"], found[7]["codes"], found[7]["status"]["quality"]) == ([5, 10], None, "GOOD")
    assert found[1]["kept"] == [5]
    assert found[10]["kept"] is found[12]["kept"] is None
    assert len(found[10]["codes"]) == 34


@pytest.mark.browser
def test_the_page_leads_to_a_lumisection_with_pictures(watched: Watched) -> None:
    watched.open(f"?run={RUN}&lumi=7")
    page = watched.page
    card = page.locator("#map-EB-digi")
    expect(page.locator("#word")).to_have_text("GOOD")
    expect(card.locator(".empty")).to_contain_text("LS 7 did not. Verdict, flags and incidents stay.")
    expect(card.locator(".plots")).to_be_hidden()
    page.locator("#theme").click()  # draws all again: nothing to draw here
    card.get_by_role("button", name="LS 10").click()
    expect(page.locator("#scope")).to_contain_text("LS 10")
    expect(card.locator(".plots")).to_be_visible()
    expect(card.locator(".empty")).to_be_hidden()
