"""Detectors in commissioning: run and recorded, but no part of any verdict, and shown to who asks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import expect

from caloscope.store import Store

from .conftest import Watched, running
from .filling import BARREL, ENDCAP, NETWORK, RUN, incident, members, result, view_of

SILENT = replace(
    BARREL,
    hash="9" * 16,
    name="eb-new",
    detector="autoencoder",
    state="commissioning",
    state_by="anna",
    state_reason="first look",
    state_at=1_772_000_000.0,
    card={"threshold": 12.0},
)
SCORER = replace(NETWORK, card={"threshold": 1.25})
PART = members(view_of(BARREL), "supermodule", 7)


def record(store: Store, lumi: int, *, alone: bool = False) -> None:
    """The one in commissioning says BAD from LS 3 on; the scorer judges the same map, and finds nothing."""
    plain = result(BARREL, lumi)
    assert plain.expected is not None
    made = (plain.expected / plain.expected.mean()).astype(np.float32)
    scored = replace(
        plain,
        key=plain.key._replace(bundle=SCORER.hash),
        expected=None,
        reconstruction=made,
        score=made / 10,
        evidence=made / 10,
    )
    bad = PART if lumi > 2 else None
    results = [result(SILENT, lumi, bad=bad)]
    if not alone:
        results += [plain, scored, result(ENDCAP, lumi)]
    store.record(results, [incident(SILENT, PART, "EB-08", 3, lumi)] if lumi > 2 else [])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as opened:
        for bundle in (BARREL, SCORER, SILENT, ENDCAP):
            opened.register_bundle(bundle)
        for lumi in range(1, 6):
            record(opened, lumi)
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    with running(tmp_path / "store.db") as address, httpx.Client(base_url=address, timeout=20) as opened:
        yield opened


def test_no_answer_depends_on_it(client: httpx.Client) -> None:
    status = client.get("/api/status").json()
    assert (status["quality"], status["open_incidents"], status["reason"]) == (
        "GOOD",
        0,
        "All 2 maps are good",
    )
    assert {one["bundle"] for one in status["maps"]} == {BARREL.hash, SCORER.hash, ENDCAP.hash}
    assert (status["commissioning"], status["in_commissioning"]) == ([], 1)
    assert client.get("/api/incidents").json() == []
    assert client.get("/api/incidents", params={"at_run": RUN, "at_lumi": 5}).json() == []
    assert set(client.get("/api/runs", params={"run": RUN}).json()["qualities"]) == {"GOOD"}
    trends = client.get("/api/trends").json()
    assert set(trends["qualities"]) == {"GOOD"}
    assert max(value for line in trends["bad_cells"] for value in line["values"]) == 0
    assert client.get(f"/api/maps/EB-digi/{RUN}/5").json()["status"]["bundle"] != SILENT.hash


def test_who_asks_is_told_and_the_verdict_stays(client: httpx.Client) -> None:
    asked = {"commissioning": "true"}
    status = client.get("/api/status", params=asked).json()
    assert (status["quality"], status["open_incidents"]) == ("GOOD", 0)
    (silent,) = status["commissioning"]
    assert (silent["quality"], silent["title"], silent["state"]) == ("BAD", "eb-new", "commissioning")
    assert (silent["state_by"], silent["state_reason"]) == ("anna", "first look")
    (found,) = client.get("/api/incidents", params=asked).json()
    assert found["commissioning"]
    trends = client.get("/api/trends", params=asked).json()
    last = trends["bad_cells"][-1]
    assert (last["commissioning"], last["bundle_title"], last["values"][-1]) == (True, "eb-new", 68)
    plane = client.get(f"/api/maps/EB-digi/{RUN}/5", params={"bundle": SILENT.hash}).json()
    assert plane["status"]["state"] == "commissioning"
    states = {row["name"]: row["state"] for row in client.get("/api/maps").json()[0]["bundles"]}
    assert states == {"eb-reference": "active", "eb-network": "active", "eb-new": "commissioning"}


def test_a_store_of_nothing_else_says_so(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        store.register_bundle(SILENT)
        record(store, 1, alone=True)
    with running(tmp_path / "store.db") as address:
        status = httpx.get(f"{address}api/status").json()
    assert (status["quality"], status["stale"]) == ("UNKNOWN", False)
    assert status["reason"] == "All detectors are in commissioning: nobody gives a verdict"


def test_it_is_not_waited_for_and_does_not_stand_for_the_others(store: Store, tmp_path: Path) -> None:
    store.record([result(bundle, 6) for bundle in (BARREL, ENDCAP)])
    missing = replace(result(BARREL, 6), key=result(BARREL, 6).key._replace(bundle=SCORER.hash))
    store.record([missing])
    with running(tmp_path / "store.db") as address:
        assert httpx.get(f"{address}api/status").json()["lumi"] == 6  # settled without it
        record(store, 7, alone=True)
        status = httpx.get(f"{address}api/status", params={"run": RUN, "lumi": 7}).json()
        assert {one["reason"] for one in status["maps"]} == {"NOT_SCORED"}
        assert httpx.get(f"{address}api/status").json()["lumi"] == 6


def test_made_active_it_speaks_and_made_retired_nobody_waits_for_it(store: Store, tmp_path: Path) -> None:
    with running(tmp_path / "store.db") as address:
        store.register_bundle(replace(SILENT, state="active"))
        status = httpx.get(f"{address}api/status").json()
        assert (status["quality"], status["open_incidents"], status["in_commissioning"]) == ("BAD", 1, 0)
        store.register_bundle(replace(SILENT, state="retired"))
        assert httpx.get(f"{address}api/status").json()["quality"] == "BAD"  # what it said stands
        for lumi in (6, 7):
            store.record([result(bundle, lumi) for bundle in (BARREL, SCORER, ENDCAP)])
        status = httpx.get(f"{address}api/status").json()
        assert (status["lumi"], status["quality"]) == (7, "GOOD")


def test_scores_and_reconstructions_are_given(client: httpx.Client) -> None:
    plane = client.get(f"/api/maps/EB-digi/{RUN}/5", params={"bundle": SCORER.hash}).json()
    assert (plane["scores"], plane["expected"], plane["status"]["threshold"]) == (True, None, 1.25)
    assert np.mean(plane["reconstruction"]) == pytest.approx(1, rel=1e-3)
    plane = client.get(f"/api/maps/EB-digi/{RUN}/5", params={"bundle": BARREL.hash}).json()
    assert (plane["scores"], plane["reconstruction"]) == (False, None)


@pytest.mark.browser
def test_the_page_shows_it_to_who_asks(watched: Watched) -> None:
    watched.open()
    page = watched.page
    tabs, box = (
        page.locator("#map-EB-digi .tabs button"),
        page.get_by_label("Show detectors in commissioning"),
    )
    expect(tabs).to_have_text(["eb-network \u2713", "eb-reference \u2713"])
    expect(page.locator("#word")).to_have_text("GOOD")
    box.check()
    expect(tabs).to_have_text(["eb-network \u2713", "eb-reference \u2713", "eb-new \u2715"])
    expect(page.locator("#word")).to_have_text("GOOD")
    expect(page.locator("#incidents .incident")).to_have_count(0)
    expect(page.locator("#silent-count")).to_have_text("1")
    assert "commissioning=1" in page.url
    tabs.nth(2).click()
    note = "In commissioning since 2026-02-25 by anna (first look): not part of the verdict"
    expect(page.locator("#map-EB-digi .card-note")).to_have_text(note)
    watched.open(page.url.removeprefix(watched.address))  # as a colleague opens it
    expect(tabs.nth(2)).to_have_attribute("aria-pressed", "true")
    box.uncheck()
    expect(tabs).to_have_count(2)
    expect(page.locator("#map-EB-digi .card-note")).to_be_hidden()


@pytest.mark.browser
def test_the_keyboard_goes_from_bundle_to_bundle_and_keeps_its_place(watched: Watched) -> None:
    watched.open()
    page = watched.page
    tabs, caption = page.locator("#map-EB-digi .tabs button"), page.locator("#map-EB-digi figcaption").first
    page.get_by_role("button", name="Evidence").click()
    expect(caption).to_have_text("Evidence in nats")
    expect(tabs.nth(1)).to_have_attribute("aria-pressed", "true")
    tabs.nth(1).focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(tabs.nth(0)).to_have_attribute("aria-pressed", "true")
    expect(tabs.nth(0)).to_be_focused()
    expect(caption).to_have_text("Score, threshold 1.25")
    assert f"bundle={SCORER.hash}" in page.url
    assert "show=evidence" in page.url
    page.get_by_role("button", name="Expected", exact=True).click()
    expect(caption).to_have_text("Reconstruction (mean 1)")
    page.get_by_role("button", name="Observed / expected").click()
    expect(caption).to_have_text("Occupancy (no counts expected)")
    page.keyboard.press("Tab")
    tabs.nth(1).press("Space")
    expect(caption).to_have_text("Observed / expected")
    page.get_by_role("button", name="Expected", exact=True).click()
    expect(caption).to_have_text("Expected counts")


@pytest.mark.browser
def test_the_page_follows_a_new_state(watched: Watched, store: Store) -> None:
    watched.open()
    page = watched.page
    expect(page.locator("#word")).to_have_text("GOOD")
    store.note_state(SILENT.hash, "active", by="anna", reason="passed", at=1.0)
    expect(page.locator("#word")).to_have_text("BAD")
    expect(page.locator("#incidents .incident")).to_have_count(1)
    expect(page.locator("#experts")).to_be_hidden()
