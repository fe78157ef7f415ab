"""The JSON that the page lives on, asked for over HTTP from a running server."""

import socket
from pathlib import Path

import httpx
import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.store import Store
from caloscope.web import create_app, serve

from .conftest import running
from .filling import BARREL, HADRON, LABEL, RUN, fill, record_lumi, result


def get(client: httpx.Client, path: str, **query: str | int) -> dict[str, object]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    found: dict[str, object] = answer.json()
    return found


def test_status_is_the_worst_of_the_maps_and_names_the_hardware(client: httpx.Client) -> None:
    found = client.get("/api/status").json()
    assert (found["label"], found["run"], found["lumi"]) == (LABEL, RUN, 12)
    assert found["quality"] == "BAD"
    assert found["reason"] == "EB/digi: EB-04 (68 bad cells); unknown: EE+/digi"
    assert found["latest"] == {"label": LABEL, "run": RUN, "lumi": 12}
    assert found["stale"] is False
    assert (found["open_incidents"], found["quarantined"]) == (1, 2)
    few = next(one for one in found["maps"] if one["map"] == "EE+/digi")
    assert (few["slug"], few["quality"], few["reason"]) == ("EEp-digi", "UNKNOWN", "FEW_EVENTS")
    degraded = next(one for one in found["maps"] if one["map"] == "EE-/digi")
    assert degraded["degraded"] == ["PILEUP_ESTIMATED"]


def test_unknown_is_never_good(client: httpx.Client) -> None:
    warming = client.get("/api/status", params={"run": RUN, "lumi": 1}).json()
    assert warming["quality"] == "UNKNOWN"
    assert warming["reason"] == "EB/digi: WARM_UP (eb-network)"
    missing = client.get("/api/status", params={"run": RUN, "lumi": 4}).json()
    assert missing["quality"] == "UNKNOWN"
    assert {one["reason"] for one in missing["maps"]} == {"NOT_SCORED"}


def test_a_run_without_faults_is_good_and_an_empty_store_unknown(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(str(path)) as store:
        store.register_bundle(BARREL)
        with running(path) as address:
            empty = httpx.get(f"{address}api/status").json()
            assert (empty["quality"], empty["lumi"], empty["maps"]) == ("UNKNOWN", None, [])
            assert empty["stale"] is True
            assert httpx.get(f"{address}api/trends").status_code == 404
            store.record([result(BARREL, 1)])
            good = httpx.get(f"{address}api/status").json()
            assert (good["quality"], good["reason"]) == ("GOOD", "EB/digi is good")


def test_a_bundle_that_stops_answering_makes_its_map_unknown_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(str(path)) as store:
        for bundle in (BARREL, HADRON):
            store.register_bundle(bundle)
        store.record([result(BARREL, 1), result(HADRON, 1), result(HADRON, 1, label="Other")])
        store.record([result(BARREL, 1, run=RUN + 1)])
    with running(path) as address:
        found = httpx.get(f"{address}api/status", params={"label": LABEL, "run": RUN + 1}).json()
        assert [(one["map"], one["reason"]) for one in found["maps"]] == [
            ("EB/digi", None),
            ("HCAL/digi", "NOT_SCORED"),
        ]
        assert found["quality"] == "UNKNOWN"
        other = httpx.get(f"{address}api/status", params={"label": "Other"}).json()
        assert [one["map"] for one in other["maps"]] == ["HCAL/digi"], "never asked to score the barrel there"


def test_runs_list_lumisections_only_of_the_run_asked_for(client: httpx.Client) -> None:
    assert get(client, "/api/runs")["runs"] == [RUN]
    assert get(client, "/api/runs")["lumis"] == []
    found = client.get("/api/runs", params={"run": RUN}).json()
    assert found["lumis"] == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    assert found["qualities"][:3] == ["UNKNOWN", "BAD", "BAD"]


def test_incidents_open_ones_first_known_ones_last(client: httpx.Client) -> None:
    found = client.get("/api/incidents").json()
    assert [(one["hardware"].split()[0], one["standing"]) for one in found] == [
        ("EB-04", False),
        ("EB+05", False),
        ("HBP12", True),
    ]
    assert found[0]["closed"] is None
    assert found[1]["closed"] == [RUN, 5]
    assert (found[0]["lumis"], found[0]["severity"], found[0]["cell_count"]) == (7, "REGION", 68)
    assert found[2]["depths"] == [2]
    assert found[0]["cells"] is None
    one = get(client, f"/api/incidents/{found[0]['id']}")
    assert np.array(one["cells"]).shape == (68, 2)
    some = client.get("/api/incidents", params={"map": "HCAL-digi"}).json()
    assert [one["map"] for one in some] == ["HCAL/digi"]


def test_trends_have_holes_where_nobody_knows(client: httpx.Client) -> None:
    found = client.get("/api/trends").json()
    assert found["lumis"] == list(range(1, 13))
    gap = found["lumis"].index(4)
    assert found["qualities"][gap] is None
    for key in ("pileup", "events", "image_events", "bad_cells"):
        assert all(line["values"][gap] is None for line in found[key])
    assert [line["maps"] for line in found["events"]] == [["EB/digi", "EE+/digi", "EE-/digi", "HCAL/digi"]]
    bad = {(line["maps"][0], line["detector"]): line["values"] for line in found["bad_cells"]}
    assert bad["EB/digi", "reference"][-1] == 68
    assert bad["EE+/digi", "reference"][7] is None, "few events: unknown, not zero"


def test_quarantine_says_why(client: httpx.Client) -> None:
    found = client.get("/api/quarantine").json()
    assert {(one["name"], one["fault"]) for one in found} == {
        ("DQM_V0001_EcalML_R000355558_L000004.root", "TRUNCATED"),
        ("notes.root", "UNKNOWN_FORMAT"),
    }


def test_the_interface_is_described(client: httpx.Client) -> None:
    paths = get(client, "/openapi.json")["paths"]
    assert isinstance(paths, dict)
    assert {"/api/status", "/api/maps/{slug}/{run}/{lumi}", "/api/changes", "/healthz"} <= set(paths)


def test_a_store_that_comes_later_is_found(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with running(path) as address:
        early = httpx.get(f"{address}healthz")
        assert early.status_code == 503
        assert "store.db" in early.json()["detail"]
        assert httpx.get(address).status_code == 200
        fill(path, lumis=1)
        assert httpx.get(f"{address}healthz").json() == {"status": "ok"}
        assert httpx.get(f"{address}api/status").json()["lumi"] == 1


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}: cannot listen"):
            serve(str(tmp_path / "store.db"), port=port)


def test_the_application_needs_no_server_of_ours(tmp_path: Path) -> None:
    fill(tmp_path / "store.db", lumis=1)
    with Store(str(tmp_path / "store.db")) as store:
        record_lumi(store, 2)
    app = create_app(str(tmp_path / "store.db"))
    assert app.title == "Caloscope"
    app.state.source.close()
