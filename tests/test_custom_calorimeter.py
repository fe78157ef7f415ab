"""The worked example of docs/calorimeters.md, from its text to verdicts, on the command line."""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import pytest
import uproot

from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.simulate import Fill, healthy_maps, lumisections, write_fill

from .running import caloscope
from .web.conftest import running

MAP, ERA, SEED, RUN = "FCAL/hits", "2025", 5, 12
TOWER, CARD = (1, 8, 3), "FCAL card 2"
"""iy 9, ix 4 in depth 2; and twelve towers of the first depth."""

LUMIS = 12


class Done(NamedTuple):
    """What is there when all commands have run."""

    text: str
    calorimeter: Path
    folder: Path
    store: Path


def example() -> str:
    """The text in the docs."""
    page = Path(__file__).resolve().parents[1] / "docs" / "calorimeters.md"
    (text,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return str(text)


def write_faulty(folder: Path, text: str) -> None:
    """A run of the detector that `caloscope simulate` makes from the seed, with two faults in it."""
    spec, on = load(text)[MAP], view("FCAL", ERA, text)
    detectors = healthy_maps([(spec, on)], SEED)
    faults = [Fault(MAP, TOWER, "dead", onset=4), Fault(MAP, CARD, "factor", 0.5, onset=7)]
    folder.mkdir()
    write_fill(folder, lumisections(Fill(RUN, LUMIS, SEED), detectors, faults), [(spec, on)])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder, text = tmp_path_factory.mktemp("fcal"), example()
    described, good, faulty = folder / "fcal.toml", folder / "good", folder / "faulty"
    bundle, store = folder / "fcal.bundle", folder / "store.sqlite"
    described.write_text(text)
    common = ("--calorimeter", described, "--map", MAP, "--era", ERA)
    caloscope(
        "simulate",
        *common,
        "--lumis",
        "40",
        "--seed",
        str(SEED),
        "--detector-seed",
        str(SEED),
        "--run",
        str(RUN - 1),
        "-o",
        good,
    )
    told = caloscope("train", good, *common, "-o", bundle)
    # 12 x 16 towers in two depths, less the hole in both and a corner in one.
    assert "learned from 40 lumisections; 372 cells, 0 never alive" in told
    write_faulty(faulty, text)
    told = caloscope(
        "replay", faulty, "--bundle", bundle, "--store", store, "--output-dir", folder / "output"
    )
    assert f"{LUMIS} files, {LUMIS} lumisections, {LUMIS} results" in told
    return Done(text, described, folder, store)


def test_flags_name_the_cells(done: Done) -> None:
    rows = list(csv.DictReader(io.StringIO(caloscope("flags", "--store", done.store))))
    tower = {(row["lumi"], row["code"], row["direction"]) for row in rows if row["depth"] == "2"}
    assert tower == {(str(lumi), "0", "low") for lumi in range(4, LUMIS + 1)}
    assert {(row["y"], row["x"]) for row in rows if row["depth"] == "2"} == {("8", "3")}
    card = {(int(row["y"]), int(row["x"])) for row in rows if row["depth"] == "1" and row["lumi"] == "12"}
    assert card == {(y, x) for y in range(3) for x in range(4, 8)}
    assert {row["run"] for row in rows} == {str(RUN)}


def test_incidents_name_the_hardware(done: Done) -> None:
    told = caloscope("incidents", "--store", done.store)
    assert re.search(rf"FCAL Q2 tower \(09, 04\) depth 2 .* {RUN}:4 ", told)
    assert re.search(rf"{CARD} .* {RUN}:7 ", told)
    assert len(re.findall(r"FCAL/hits", told)) == 2


def test_the_output_has_the_tower_where_it_is(done: Done) -> None:
    path = done.folder / "output" / f"DQM_V0001_FwdML_R{RUN:09d}.root"
    with uproot.open(path) as file:
        folder = file[f"DQMData/Run {RUN}/FwdML/Run summary/FCAL/hits"]
        second = folder["ML quality summary depth 2"]
        x, y = (second.axis(number).centers() for number in (0, 1))
        assert [(x[i], y[j]) for i, j in np.argwhere(second.values() == 0)] == [(4.0, 9.0)]
        absent = {(x[i], y[j]) for i, j in np.argwhere(second.values() == -1)}
        assert absent == {(ix, iy) for ix in (8, 9) for iy in (6, 7)} | {
            (ix, iy) for ix in (1, 2) for iy in (1, 2)
        }
        assert np.count_nonzero(folder["ML quality summary depth 1"].values() == 0) == 12


def test_the_page_knows_the_map(done: Done) -> None:
    with running(done.store) as address:
        (found,) = httpx.get(f"{address}api/maps").json()
    assert (found["map"], found["slug"]) == (MAP, "FCAL-hits")


def test_a_map_that_grows_through_the_run_is_not_learned_from_as_it_is(done: Done) -> None:
    good, bundle, grows = done.folder / "ring", done.folder / "ring.bundle", done.folder / "grows.toml"
    head, _, tail = done.text.partition('[maps."RING/hits"]')
    grows.write_text(head + '[maps."RING/hits"]' + tail.replace("per_lumi", "cumulative"))
    common = ("--calorimeter", grows, "--map", "RING/hits", "--era", ERA)
    caloscope("simulate", *common, "--lumis", "5", "-o", good)
    told = caloscope("train", good, *common, "-o", bundle, code=2)
    assert told.splitlines()[-1:] == [
        f"caloscope: {min(good.iterdir())}: found counts of RING/hits that grow through the run, "
        "expected those of lumisections: run `caloscope convert` on it first"
    ]


def test_a_text_with_a_fault_is_refused_in_one_line(done: Done) -> None:
    wrong = done.folder / "wrong.toml"
    wrong.write_text(done.text.replace("bins = 12 ", "bins = 'twelve' "))
    told = caloscope(
        "simulate", "--calorimeter", wrong, "--map", MAP, "--era", ERA, "-o", done.folder / "x", code=2
    )
    (line,) = told.splitlines()
    assert line.startswith("caloscope: calorimeter text: views.FCAL.y.bins is 'twelve': expected: ")
