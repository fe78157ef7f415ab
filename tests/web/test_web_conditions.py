"""Conditions: what data taking was like, beside the verdicts and never as one of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from caloscope.records import LumiState, Reason
from caloscope.store import Entry, LumiRow, Store
from caloscope.web.conditions import conditions_of, percent, stretches
from caloscope.web.remembered import RunRows

from .conftest import Watched, running
from .filling import BARREL, ENDCAP, HADRON, LABEL, RUN, result

MAPS = (BARREL, ENDCAP, HADRON)
LUMIS = 24


def told(lumi: int, state: LumiState = LumiState.COLLISIONS, shift: float = 0.0) -> LumiRow:
    """What is known of a lumisection; all maps together are off by `shift`."""
    levels = {bundle.map: shift for bundle in MAPS}
    events = dict.fromkeys(levels, 1100)
    detail = "as Info says" if state is not LumiState.UNTOLD else ""
    return LumiRow(LABEL, RUN, lumi, state, "told", detail, (), "", 8123, events, levels, shift)


def course(lumi: int) -> LumiRow:
    """No beam, then collisions; HBHEa is off for a while; at the end all maps lose a fifth."""
    if lumi <= 3:
        return told(lumi, LumiState.NO_BEAM)
    row = told(lumi, shift=-0.2 if lumi >= 20 else 0.0)
    return replace(row, off=("HBHEa",)) if 8 <= lumi <= 10 else row


def record(store: Store, lumi: int, row: LumiRow | None = None) -> None:
    unknown = Reason.NO_BEAM if lumi <= 3 else None
    results = [result(bundle, lumi, unknown=unknown) for bundle in MAPS]
    if 8 <= lumi <= 10:
        results[2] = result(HADRON, lumi, unknown=Reason.POWER_OFF)
    store.record_all([Entry(results, lumis=[row or course(lumi)])])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as opened:
        for bundle in MAPS:
            opened.register_bundle(bundle)
        for lumi in range(1, LUMIS + 1):
            if lumi != 6:
                record(opened, lumi)
        yield opened


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    with running(tmp_path / "store.db") as address, httpx.Client(base_url=address, timeout=20) as opened:
        yield opened


def test_states_are_told_as_stretches_that_end_at_a_gap(client: httpx.Client) -> None:
    found = client.get("/api/conditions", params={"lumi": 2}).json()
    assert [(one["first"], one["last"], one["short"]) for one in found["stretches"]] == [
        (1, 3, "No beam"),
        (4, 5, "Collisions"),
        (7, LUMIS, "Collisions"),
    ]
    here = found["here"]
    assert (here["words"], here["detail"], here["fill"]) == ("No beam", "as Info says", 8123)
    assert client.get("/api/conditions", params={"lumi": 6}).json()["here"] is None
    assert client.get("/api/conditions").json()["here"]["lumi"] == LUMIS


def test_what_all_maps_do_together_is_no_fault_of_the_detector(client: httpx.Client) -> None:
    found = client.get("/api/conditions", params={"lumi": LUMIS}).json()["incidents"]
    by_cause = {one["cause"]: one for one in found}
    assert by_cause["SHIFT"]["headline"] == "All maps −20 % since LS 20"
    assert by_cause["SHIFT"]["state"] == "open"
    assert "not the detector" in by_cause["SHIFT"]["advice"]
    assert by_cause["POWER"]["headline"] == "HBHEa without voltage, LS 8–10"
    assert by_cause["STATE"]["headline"] == "No beam, LS 1–3"
    then = client.get("/api/conditions", params={"lumi": 9}).json()["incidents"]
    assert {one["cause"]: one["state"] for one in then} == {
        "STATE": "closed",
        "POWER": "open",
        "SHIFT": "later",
    }
    assert client.get("/api/incidents").json() == [], "no incident of the detector"


def test_what_comes_late_changes_what_is_told(client: httpx.Client, store: Store) -> None:
    assert len(client.get("/api/conditions").json()["stretches"]) == 3
    record(store, 6)
    assert len(client.get("/api/conditions").json()["stretches"]) == 2
    record(store, 5, told(5, LumiState.RAMP))
    assert [one["state"] for one in client.get("/api/conditions").json()["stretches"]] == [
        "NO_BEAM",
        "COLLISIONS",
        "RAMP",
        "COLLISIONS",
    ]


def test_maps_that_conditions_keep_from_being_judged_share_a_reason(client: httpx.Client) -> None:
    def reason(lumi: int) -> str:
        return str(client.get("/api/status", params={"run": RUN, "lumi": lumi}).json()["reason"])

    assert reason(2) == "No beam: no map is judged"
    assert reason(9) == "No voltage: HCAL/digi is not judged"


def test_a_store_that_knows_of_no_conditions_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with Store(str(path)) as store, running(path) as address:
        store.register_bundle(BARREL)
        empty = httpx.get(f"{address}api/conditions").json()
        store.record([result(BARREL, 1)])
        found = httpx.get(f"{address}api/conditions").json()
    assert (empty["run"], empty["here"], empty["stretches"]) == (None, None, [])
    assert (found["run"], found["here"], found["stretches"], found["incidents"]) == (RUN, None, [], [])


@pytest.mark.parametrize(("share", "text"), [(-0.204, "−20 %"), (0.031, "+3 %"), (2.0, "+200 %")])
def test_changes_are_written_as_people_write_them(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("row", "headline", "detail"),
    [
        (
            replace(told(2), state=LumiState.NO_BEAM, detail="no beam"),
            "No beam since LS 2",
            "told by a source",
        ),
        (replace(told(2), state=LumiState.RAMP, detail="ramp"), "Beams not stable since LS 2", "ramp"),
        (
            replace(told(2), state=LumiState.SPECIAL, detail="special"),
            "Special run since LS 2",
            "told by a source",
        ),
        (
            replace(told(2), off=("EB+",), detail="EB+ without voltage"),
            "EB+ without voltage since LS 2",
            "told by a source",
        ),
    ],
)
def test_nothing_is_said_twice(row: LumiRow, headline: str, detail: str) -> None:
    """Sources often tell in their words what a headline says in ours."""
    known = RunRows(0, {}, {1: told(1), 2: row})
    (found,) = conditions_of(LABEL, RUN, known, 2).incidents
    assert (found.headline, found.detail) == (headline, detail)


def test_a_change_of_the_trigger_is_told_once() -> None:
    rows = {lumi: replace(told(lumi), trigger=f"column {1 + lumi // 5}") for lumi in range(1, 9)}
    (found,) = conditions_of(LABEL, RUN, RunRows(0, {}, rows), 8).incidents
    assert (found.short, found.detail) == ("Trigger changed", "column 1 → column 2")


def test_equal_neighbours_are_one_stretch() -> None:
    rows = [told(1), told(2), told(3, LumiState.RAMP), told(4)]
    assert [(one.first, one.last) for one in stretches(rows)] == [(1, 2), (3, 3), (4, 4)]
    assert stretches([]) == []


@pytest.mark.browser
def test_the_page_tells_conditions_apart_from_the_detector(watched: Watched) -> None:
    watched.open()
    page = watched.page
    expect(page.locator("#word")).to_have_text("GOOD")
    expect(page.locator("#beam-state")).to_have_text("Stable collisions")
    expect(page.locator("#notices .notice strong")).to_have_text("All maps −20 % since LS 20")
    expect(page.locator("#open-incidents")).to_have_text("0")
    expect(page.locator("#states .lane").first).to_have_attribute(
        "aria-label", f"No beam LS 1–3, Stable collisions LS 4–5, Stable collisions LS 7–{LUMIS}"
    )
    changed = page.locator("#states .changed")
    expect(changed).to_have_text(["HBHEa without voltage", "All maps −20 %"])
    changed.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#scope")).to_contain_text("LS 8")
    expect(page.locator("#notices .notice strong")).to_have_text("HBHEa without voltage, LS 8–10")
    expect(page.locator("#reason")).to_have_text("No voltage: HCAL/digi is not judged")
    page.locator("#told summary").click()
    page.get_by_role("button", name="No beam, LS 1–3").click()
    expect(page.locator("#beam-state")).to_have_text("No beam")
    expect(page.locator("#notices")).to_be_hidden()


@pytest.mark.browser
def test_verdicts_are_shown_whatever_becomes_of_the_conditions(watched: Watched) -> None:
    for path in ("conditions", "files"):
        watched.page.route(f"**/api/{path}*", lambda route: route.fulfill(status=500, json={"detail": "no"}))
    watched.open()
    expect(watched.page.locator("#word")).to_have_text("GOOD")
    expect(watched.page.locator("#beam")).to_be_hidden()
    expect(watched.page.locator("#banner")).to_be_hidden()
    watched.complaints[:] = [said for said in watched.complaints if "status of 500" not in said]


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_conditions_can_be_read(watched: Watched, theme: str) -> None:
    watched.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    watched.open()
    for name in ("#beam-detail", "#beam-state", ".notice strong", ".notice .small", ".stretch.changed b"):
        assert contrast(watched, name) >= 4.5, name
    for state in ("NO_BEAM", "COLLISIONS"):
        assert contrast(watched, f'.stretch[data-state="{state}"] b') >= 4.5, state


def contrast(watched: Watched, selector: str) -> float:
    """Contrast of a text against the first ground behind it that is not transparent."""
    found = watched.page.locator(selector).first.evaluate(
        """(element) => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          let ground = element;
          while (rgb(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
          const light = (of) => {
            const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            const [r, g, b] = rgb(of).map((v) => linear(v / 255));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          };
          const a = light(getComputedStyle(element).color);
          const b = light(getComputedStyle(ground).backgroundColor);
          return Math.max(a, b) / Math.min(a, b);
        }"""
    )
    return float(found)
