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
from .filling import BARREL, HADRON, LABEL, RUN, fill, members, record_lumi, result, view_of


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
    assert warming["reason"] == "EB/digi: WARM_UP (cmssw-ml)"
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
        found = httpx.get(f"{address}api/status", params={"label": LABEL}).json()
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


def test_maps_have_their_axes_depths_and_bundles(client: httpx.Client) -> None:
    found = {one["map"]: one for one in client.get("/api/maps").json()}
    assert list(found) == ["EB/digi", "EE+/digi", "EE-/digi", "HCAL/digi"]
    barrel = found["EB/digi"]
    assert (barrel["x"]["name"], barrel["x"]["low"], barrel["x"]["high"]) == ("iphi", 0, 360)
    assert (barrel["y"]["name"], len(barrel["y"]["values"]), barrel["cells"]) == ("ieta", 34, 2448)
    assert [one["detector"] for one in barrel["bundles"]] == ["cmssw-ml", "reference"]
    assert found["HCAL/digi"]["depths"] == [1, 2, 3, 4, 5, 6, 7]


def test_a_plane_holds_what_was_recorded(client: httpx.Client) -> None:
    query = {"bundle": BARREL.hash, "label": LABEL}
    found = client.get(f"/api/maps/EB-digi/{RUN}/12", params=query).json()
    dead = members(view_of(BARREL), "supermodule")
    written = result(BARREL, 12, bad=dead)
    assert written.counts is not None
    assert np.array_equal(np.array(found["counts"]), written.counts)
    assert np.array_equal(np.array(found["codes"]), written.codes)
    assert written.expected is not None
    assert np.allclose(found["expected"], written.expected, rtol=1e-3)
    assert found["worst_depth"] is None
    assert found["status"]["bad_cells"] == int(dead.sum())


def test_absent_cells_are_null(client: httpx.Client) -> None:
    found = client.get(f"/api/maps/EEp-digi/{RUN}/11").json()
    absent = np.array([[cell is None for cell in row] for row in found["codes"]])
    assert np.array_equal(~absent, view_of_endcap_exists())
    assert found["counts"][0][0] is None


def view_of_endcap_exists() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    from caloscope import geometry

    return geometry.view("EE+", "2018").exists


def test_depths_come_one_at_a_time_or_as_the_worst_of_all(client: httpx.Client) -> None:
    second = client.get(f"/api/maps/HCAL-digi/{RUN}/12", params={"depth": 2}).json()
    assert second["codes"][30][60] == 3
    first = client.get(f"/api/maps/HCAL-digi/{RUN}/12", params={"depth": 1}).json()
    assert first["codes"][30][60] != 3
    worst = client.get(f"/api/maps/HCAL-digi/{RUN}/12").json()
    assert (worst["codes"][30][60], worst["worst_depth"][30][60]) == (3, 2)
    written = result(HADRON, 12)
    assert written.counts is not None
    exists = view_of(HADRON).exists
    assert worst["counts"][10][50] == int(np.where(exists, written.counts, 0)[:, 10, 50].sum())


def test_names_of_cells(client: httpx.Client) -> None:
    found = client.get("/api/maps/HCAL-digi/cells", params={"depth": 2}).json()
    view = view_of(HADRON)
    assert found["names"][30][60] == view.describe((1, 30, 60))
    assert found["names"][0][0] is None
    assert found["regions"][found["region"][30][60]] in {region.name for region in view.regions}
    kept = client.get("/api/maps/HCAL-digi/cells", params={"depth": 2, "geometry": found["geometry"]})
    assert "immutable" in kept.headers["cache-control"]


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


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/status?label=nobody", 404),
        ("/api/status?run=1", 404),
        ("/api/status?run=-1", 422),
        ("/api/status?run=99999999999999999999", 422),
        ("/api/status?lumi=x", 422),
        (f"/api/status?label={'x' * 300}", 422),
        (f"/api/maps/none/{RUN}/1", 404),
        (f"/api/maps/EB-digi/{RUN}/4", 404),
        (f"/api/maps/EB-digi/{RUN}/1?bundle=none", 404),
        (f"/api/maps/HCAL-digi/{RUN}/1?depth=9", 404),
        (f"/api/maps/EB-digi/{RUN}/1?depth=1", 404),
        ("/api/incidents/none", 404),
        ("/api/incidents?map=none", 404),
        ("/api/changes?since=-1", 422),
        ("/api/none", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
    ],
)
def test_what_makes_no_sense_is_refused_in_json_or_not_found(
    client: httpx.Client, path: str, code: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == code
    assert "detail" in answer.json()


def test_security_headers_are_on_every_answer(client: httpx.Client) -> None:
    for path in ("/", "/api/status", "/api/none", "/static/app.js", "/vendor/plotly.min.js", "/docs"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/status").headers["cache-control"] == "no-store"


def test_the_page_names_no_other_host_and_holds_no_inline_script(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    assert "onclick" not in page
    assert client.get("/vendor/plotly.min.js").headers["content-type"].startswith("text/javascript")


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
