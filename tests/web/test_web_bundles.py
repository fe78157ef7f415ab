"""Several bundles of one map: the page says whose answer is whose."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from caloscope.records import Reason
from caloscope.store import BundleRow, Store

from .conftest import Watched, running
from .filling import BARREL, ENDCAP, LABEL, RUN, fill, incident, members, result, view_of

LATER = replace(BARREL, hash="123456789abcdef0", name="eb-calibrated")
TWIN = replace(BARREL, hash="abcdef0123456789")
PART = members(view_of(BARREL), "supermodule", 7)


def record_both(store: Store, other: BundleRow, lumis: int = 8) -> None:
    """The first is good and then bad with an incident, the other stays as it is."""
    for bundle in (BARREL, other, ENDCAP):
        store.register_bundle(bundle)
    for lumi in range(1, lumis + 1):
        bad = PART if lumi > 4 else None
        results = [result(BARREL, lumi), result(other, lumi, bad=bad), result(ENDCAP, lumi)]
        store.record(results, [incident(other, PART, "EB-08", 5, lumi)] if lumi > 4 else [])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as opened:
        record_both(opened, LATER)
        yield opened


@pytest.mark.parametrize(
    ("other", "titles"),
    [
        (LATER, ("eb-reference", "eb-calibrated")),
        (TWIN, ("eb-reference (eeeeeeee)", "eb-reference (abcdef01)")),
    ],
)
def test_bundles_of_one_map_are_told_apart(tmp_path: Path, other: BundleRow, titles: tuple[str, str]) -> None:
    with Store(str(tmp_path / "two.db")) as store:
        record_both(store, other)
    with running(tmp_path / "two.db") as address, httpx.Client(base_url=address, timeout=20) as client:
        status = client.get("/api/status").json()
        assert {(one["bundle"], one["title"]) for one in status["maps"]} == {
            (BARREL.hash, titles[0]),
            (other.hash, titles[1]),
            (ENDCAP.hash, "reference"),
        }
        assert status["reason"] == f"EB/digi: EB-08 (68 bad cells, {titles[1]})"
        assert [one["bundle_title"] for one in client.get("/api/incidents").json()] == [titles[1]]
        plane = client.get(f"/api/maps/EB-digi/{RUN}/8", params={"bundle": other.hash}).json()
        assert plane["status"]["title"] == titles[1]
        trends = client.get("/api/trends").json()
        bad = {(line["maps"][0], line["bundle_title"]): line["values"][-1] for line in trends["bad_cells"]}
        assert bad == {("EB/digi", titles[0]): 0, ("EB/digi", titles[1]): 68, ("EE+/digi", None): 0}
        images = {(tuple(line["maps"]), line["bundle_title"]) for line in trends["image_events"]}
        assert images == {(("EB/digi",), titles[0]), (("EB/digi",), titles[1]), (("EE+/digi",), None)}


def test_who_does_not_know_is_named(tmp_path: Path) -> None:
    with Store(str(tmp_path / "two.db")) as store:
        for bundle in (BARREL, LATER):
            store.register_bundle(bundle)
        store.record([result(BARREL, 1), result(LATER, 1, unknown=Reason.WARM_UP)])
    with running(tmp_path / "two.db") as address:
        assert httpx.get(f"{address}api/status").json()["reason"] == "EB/digi: WARM_UP (eb-calibrated)"


@pytest.mark.browser
def test_the_page_names_both(watched: Watched) -> None:
    watched.open()
    page = watched.page
    tabs = page.locator("#map-EB-digi .tabs button")
    expect(tabs).to_have_text(["eb-calibrated ✕", "eb-reference ✓"])
    expect(page.locator("#map-EEp-digi .detector")).to_have_text("reference")
    expect(page.locator("#incidents .bundle")).to_have_text("eb-calibrated")
    expect(page.locator("#trend-bad_cells .series")).to_contain_text("EB digi (eb-calibrated)")
    tabs.nth(1).click()
    expect(tabs.nth(1)).to_have_attribute("aria-pressed", "true")
    page.locator("#incidents .incident").click()
    expect(tabs.nth(0)).to_have_attribute("aria-pressed", "true")


def test_one_bundle_a_map_needs_no_name(tmp_path: Path) -> None:
    fill(tmp_path / "one.db", lumis=7, bundles=(BARREL, ENDCAP))
    with running(tmp_path / "one.db") as address, httpx.Client(base_url=address) as client:
        assert {
            one["title"] for one in client.get("/api/status", params={"label": LABEL}).json()["maps"]
        } == {"reference"}
        assert {one["bundle_title"] for one in client.get("/api/incidents").json()} == {None}


def test_of_what_is_unknown_beside_what_is_bad_the_bundle_is_named(tmp_path: Path) -> None:
    with Store(str(tmp_path / "two.db")) as store:
        for bundle in (BARREL, LATER):
            store.register_bundle(bundle)
        store.record([result(BARREL, 1, bad=PART), result(LATER, 1, unknown=Reason.WARM_UP)])
    with running(tmp_path / "two.db") as address:
        reason = httpx.get(f"{address}api/status").json()["reason"]
        assert reason == "EB/digi: 68 bad cells (eb-reference); unknown: EB/digi (eb-calibrated)"
