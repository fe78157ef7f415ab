"""What an operator sets, masks and raised thresholds, is told of the lumisections that it was set for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from caloscope.records import Code, Quality, Reason
from caloscope.store import Store

from .conftest import Watched, running
from .filling import BARREL, ENDCAP, LABEL, RUN, incident, members, result, view_of
from .test_web_conditions import contrast

MODULE = members(view_of(BARREL), "supermodule")
RAISED = "thresholds raised by 20 nats"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """EB-04 is dead from LS 3 on and masked from LS 6 on; thresholds of EE+ were raised before LS 5."""
    with Store(str(tmp_path / "store.db")) as opened:
        opened.register_bundle(BARREL)
        opened.register_bundle(ENDCAP)
        for lumi in range(1, 9):
            barrel = result(BARREL, lumi, bad=MODULE if lumi >= 3 else None)
            found = [incident(BARREL, MODULE, "EB-04", 3, lumi, masked=lumi >= 6)] if lumi >= 3 else []
            if lumi == 6:
                cells = [(int(y), int(x)) for y, x in np.argwhere(MODULE)]
                opened.add_mask("EB/digi", cells, "anna", "no power")
            if lumi >= 6:
                codes = np.where(MODULE, np.int8(Code.MASKED_BAD), barrel.codes).astype(np.int8)
                barrel = replace(barrel, codes=codes, quality=Quality.GOOD)
            endcap = result(ENDCAP, lumi, detail=RAISED if lumi >= 5 else "")
            if lumi >= 5:
                endcap = replace(endcap, degraded=(Reason.THRESHOLDS_RAISED,))
            opened.record([barrel, endcap], found)
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    with running(tmp_path / "store.db") as address, httpx.Client(base_url=address, timeout=20) as opened:
        yield opened


@pytest.mark.parametrize(("lumi", "masked"), [(2, False), (3, False), (5, False), (6, True), (8, True)])
def test_a_mask_does_not_reach_back(client: httpx.Client, lumi: int, masked: bool) -> None:
    query = {"run": RUN, "lumi": lumi}
    status = client.get("/api/status", params=query).json()
    (found,) = client.get("/api/incidents", params={"at_run": RUN, "at_lumi": lumi}).json()
    assert (found["masked"], found["masked_later"]) == (masked, not masked)
    assert status["open_incidents"] == (3 <= lumi < 6)
    codes = np.array(client.get(f"/api/maps/EB-digi/{RUN}/{lumi}").json()["codes"])[MODULE]
    assert set(codes.tolist()) == {Code.GOOD if lumi < 3 else Code.BAD if lumi < 6 else Code.MASKED_BAD}
    if 3 <= lumi < 6:
        assert status["reason"] == "EB/digi: EB-04 (68 bad cells)"


def test_a_verdict_says_that_thresholds_were_raised(client: httpx.Client) -> None:
    good = client.get("/api/status", params={"run": RUN, "lumi": 7}).json()
    assert good["reasons"] == ["All 2 maps are good", f"EE+/digi: {RAISED}"]
    told = {one["map"]: (one["degraded"], one["detail"]) for one in good["maps"]}
    assert told["EE+/digi"] == (["THRESHOLDS_RAISED"], RAISED)
    assert told["EB/digi"] == ([], "")
    assert client.get("/api/status", params={"run": RUN, "lumi": 2}).json()["reason"] == "All 2 maps are good"
    assert client.get("/api/trends").json()["raised"] == [False] * 4 + [True] * 4


@pytest.mark.browser
def test_the_page_shows_what_was_set_where_it_was(watched: Watched) -> None:
    watched.open()
    page = watched.page
    card = page.locator("#map-EEp-digi")
    expect(card.locator(".raised")).to_have_text(RAISED)
    expect(card.locator(".card-facts")).not_to_contain_text("raised")
    expect(page.locator("#reason")).to_contain_text(f"EE+/digi: {RAISED}")
    expect(page.locator("#strip-legend .raised")).to_have_text("4 with thresholds raised")
    expect(page.locator("#timeline")).to_have_attribute("aria-valuetext", "LS 8: GOOD, thresholds raised")
    expect(page.locator("#known-count")).to_have_text("1")
    assert contrast(watched, "#map-EEp-digi .raised") >= 4.5
    watched.page.emulate_media(color_scheme="dark")
    assert contrast(watched, "#map-EEp-digi .raised") >= 4.5
    watched.open(f"?run={RUN}&lumi=4&show=evidence")
    expect(page.locator(".card .raised")).to_have_count(0)
    expect(page.locator("#scope")).to_contain_text(f"{LABEL} · run {RUN} · LS 4")
    expect(page.locator("#incidents .incident")).to_contain_text("still open, masked later")
    expect(page.locator("#known")).to_be_hidden()
