"""A lumisection of the past: what was open then comes first, with what it was then."""

import httpx
import pytest
from playwright.sync_api import expect

from caloscope.store import Store

from .conftest import HOSTILE, Watched
from .filling import RUN, record_lumi


def states(client: httpx.Client, lumi: int, *, open_only: bool = False) -> list[tuple[str, str, int | None]]:
    query = {"at_run": RUN, "at_lumi": lumi, "open_only": open_only}
    answer = client.get("/api/incidents", params=query)
    assert answer.status_code == 200, answer.text
    return [(one["hardware"].split()[0], one["state"], one["lumis_then"]) for one in answer.json()]


@pytest.mark.parametrize(
    ("lumi", "first", "second"),
    [
        (1, ("EB-04", "later", None), ("EB+05", "later", None)),
        (3, ("EB+05", "open", 2), ("EB-04", "later", None)),
        (4, ("EB+05", "open", 3), ("EB-04", "later", None)),
        (5, ("EB+05", "closed", None), ("EB-04", "later", None)),
        (7, ("EB-04", "open", 2), ("EB+05", "closed", None)),
    ],
)
def test_incidents_are_told_as_of_a_lumisection(
    client: httpx.Client, lumi: int, first: tuple[str, str, int | None], second: tuple[str, str, int | None]
) -> None:
    assert states(client, lumi)[:2] == [first, second]
    assert states(client, lumi, open_only=True)[:-1] == ([first] if first[1] == "open" else [])


def test_without_a_lumisection_nothing_is_said_of_then(client: httpx.Client) -> None:
    assert {one["state"] for one in client.get("/api/incidents").json()} == {None}
    assert client.get("/api/incidents", params={"at_run": RUN}).status_code == 422


@pytest.mark.parametrize(("lumi", "count"), [(1, 0), (3, 1), (5, 0), (6, 1)])
def test_the_status_counts_what_was_open_then(client: httpx.Client, lumi: int, count: int) -> None:
    assert client.get("/api/status", params={"run": RUN, "lumi": lumi}).json()["open_incidents"] == count


@pytest.mark.browser
def test_what_was_open_then_is_not_folded_away(watched: Watched) -> None:
    watched.open(f"?run={RUN}&lumi=3")
    page = watched.page
    expect(page.locator("#incidents .incident")).to_have_count(1)
    expect(page.locator("#incidents .incident")).to_contain_text("since LS 2 · 2 LS, 47 s")
    expect(page.locator("#incidents .state")).to_have_text("open then")
    expect(page.locator("#incidents .incident")).to_contain_text("closed LS 5 · evidence 61 nats")
    expect(page.locator("#incidents-count")).to_have_text("1 open then")
    expect(page.locator("#open-title")).to_have_text("Incidents open then")
    expect(page.locator("#open-incidents")).to_have_text("1")
    expect(page.locator("#closed")).to_be_hidden()
    page.locator("#incidents .incident").click()
    expect(page.locator("#scope")).to_contain_text("LS 3")
    expect(page.locator("#map-EB-digi .plot").nth(1)).to_have_attribute("data-outlined", "1")


@pytest.mark.browser
def test_the_newest_lumisection_speaks_of_now(watched: Watched, store: Store) -> None:
    watched.open(f"?run={RUN}&lumi=7")
    page = watched.page
    expect(page.locator("#open-title")).to_have_text("Open incidents")
    expect(page.locator("#incidents-count")).to_have_text("1 open")
    expect(page.locator("#incidents .state")).to_have_text("open")
    record_lumi(store, 8, hardware=HOSTILE)
    expect(page.locator("#incidents .state")).to_have_text("open then")
    expect(page.locator("#incidents .incident")).to_contain_text("still open")
    expect(page.locator("#closed summary")).to_have_text("Closed by then 1")
