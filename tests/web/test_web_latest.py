"""Which lumisection is the latest to be shown, while the files of one lumisection arrive apart."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from caloscope.store import Store

from .conftest import running
from .filling import BARREL, HADRON, LABEL, RUN, result


def age(path: Path, lumi: int, seconds: float) -> None:
    """Make the results of a lumisection older."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE results SET scored_at = scored_at - ? WHERE lumi = ?", [seconds, lumi])


def place(address: str, **query: int) -> tuple[int, int]:
    """The run and the lumisection that the status speaks of."""
    found = httpx.get(f"{address}api/status", params=query).json()
    return found["run"], found["lumi"]


def test_a_lumisection_is_shown_when_all_maps_have_it_or_had_their_time(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(str(path)) as store, running(path) as address:
        for bundle in (BARREL, HADRON):
            store.register_bundle(bundle)
        store.record([result(BARREL, 1)])
        assert place(address) == (RUN, 1), "there is nothing else to show"
        store.record([result(HADRON, 1)])
        store.record([result(BARREL, 2)])
        assert place(address) == (RUN, 1)
        assert httpx.get(f"{address}api/status").json()["latest"] == {"label": LABEL, "run": RUN, "lumi": 2}
        store.record([result(HADRON, 2)])
        assert place(address) == (RUN, 2)
        store.record([result(BARREL, 3)])
        age(path, 3, 11)
        assert place(address) == (RUN, 3)
        late = httpx.get(f"{address}api/status").json()
        assert (late["quality"], late["reason"]) == ("UNKNOWN", "HCAL/digi: NOT_SCORED (reference)")
        store.record([result(BARREL, 1, run=RUN + 1)])
        assert place(address) == (RUN, 3), "the new run waits for its first whole lumisection"
        assert place(address, run=RUN + 1) == (RUN + 1, 1), "it was asked for"


def test_a_lumisection_outside_a_run_is_refused(client: httpx.Client) -> None:
    answer = client.get("/api/status", params={"run": RUN, "lumi": 999})
    assert answer.status_code == 404
    assert answer.json()["detail"] == f"no lumisection 999 in run {RUN}: it has 1 to 12"


@pytest.mark.parametrize(
    ("began", "scored", "recent", "stale"),
    [
        (None, 300, False, False),
        (7200, 300, False, False),
        (-7200, 300, False, False),
        (330, 300, True, True),
        (30, 5, True, False),
        (None, 5, False, False),
    ],
)
def test_only_live_data_become_stale(
    tmp_path: Path, began: float | None, scored: float, recent: bool, stale: bool
) -> None:
    path = tmp_path / "store.db"
    with Store(str(path)) as store:
        store.register_bundle(BARREL)
        store.record([result(BARREL, 1, began_at=None if began is None else time.time() - began)])
    age(path, 1, scored)
    with running(path) as address:
        found = httpx.get(f"{address}api/status").json()
    assert (found["recent"], found["stale"]) == (recent, stale)
