"""Maps over HTTP: axes, planes, depths, and the names of cells."""

import httpx
import numpy as np

from .filling import BARREL, ENDCAP, HADRON, LABEL, RUN, members, result, view_of


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
    assert np.array_equal(~absent, view_of(ENDCAP).exists)
    assert found["counts"][0][0] is None


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
