"""Files in trouble: what is tried again and what was given up, with the reasons."""

import re
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from caloscope.errors import Fault
from caloscope.store import FileRow, Store
from caloscope.web.troubles import MOST, troubled

from .conftest import Watched, running
from .filling import fill

STALE = FileRow(
    "/spool/late.root", 40_960, 7, "WAITING", Fault.UNREADABLE, "stale file handle", attempts=3, next_try=0.0
)


def test_what_is_tried_again_comes_first_and_all_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    fill(path, lumis=1)
    with Store(str(path)) as store, running(path) as address:
        store.note_files([STALE, FileRow("/spool/good.root", 1, 1, "DONE", lumis=1)])
        found = httpx.get(f"{address}api/files").json()
        status = httpx.get(f"{address}api/status").json()
    assert found["counts"] == {"DONE": 1, "WAITING": 1, "QUARANTINED": 2}
    assert [one["status"] for one in found["files"]] == ["WAITING", "QUARANTINED", "QUARANTINED"]
    first = found["files"][0]
    assert (first["name"], first["fault"], first["attempts"]) == ("late.root", "UNREADABLE", 3)
    assert (status["waiting"], status["quarantined"]) == (1, 2)


def test_the_name_and_the_fault_are_not_told_twice(tmp_path: Path) -> None:
    """An error says both in one line; here they have places of their own."""
    said = "/spool/a.root: EMPTY_FILE: found 0 bytes, expected a file"
    with Store(str(tmp_path / "store.db")) as store:
        store.note_file(FileRow("/spool/a.root", 1, 1, "QUARANTINED", Fault.EMPTY_FILE, said))
        (found,) = troubled(store)
    assert (found.name, found.fault, found.detail) == (
        "a.root",
        "EMPTY_FILE",
        "found 0 bytes, expected a file",
    )


def test_of_very_many_only_some_are_listed(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.db")) as store:
        store.note_files(
            FileRow(f"/spool/{number}.root", 1, 1, "QUARANTINED", Fault.EMPTY_FILE)
            for number in range(MOST + 5)
        )
        store.note_file(STALE)
        found = troubled(store)
    assert len(found) == MOST
    assert found[0].status == "WAITING"


@pytest.mark.browser
def test_the_page_says_when_a_file_is_tried_again(watched: Watched, store: Store) -> None:
    watched.open()
    page = watched.page
    expect(page.locator("#files-count")).to_have_text("2")
    expect(page.locator("#files-all")).to_have_text("2 in quarantine")
    store.note_file(
        FileRow(
            STALE.path, 40_960, 7, "WAITING", STALE.fault, STALE.detail, attempts=3, next_try=time.time() + 60
        )
    )
    waiting = page.locator("#files [data-status=WAITING]")
    expect(waiting).to_contain_text("late.root")
    expect(waiting).to_contain_text("unreadable: stale file handle")
    expect(waiting.locator(".next")).to_contain_text(re.compile(r"tried 3 times, again in [1-5]"))
    expect(page.locator("#files-all")).to_have_text("1 waiting · 2 in quarantine")
    store.note_file(FileRow(STALE.path, 40_960, 7, "DONE", lumis=1, attempts=4))
    expect(waiting).to_have_count(0)
