"""What is simulated and what is wrong stand where people look: in `info` and on the page of a data set."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope.cli.console import console
from caloscope.cli.info.data_set import facts_of, show_data_set
from caloscope.cli.info.words import plain
from caloscope.config.catalogue import load
from caloscope.dataset import Row, map_info, open_data_set, write
from caloscope.faults.fault import Fault
from caloscope.geometry import view
from caloscope.inject import inject
from caloscope.outputs.data_page import write_page
from caloscope.records import MapRecord

NAME = "EE+/digi"
HOSTILE = "<script>x</script>"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    on = view("EE+", "2018")
    rows = [
        Row(320_001, lumi, None, {NAME: MapRecord(np.where(on.exists, 500, 0).astype(np.uint32), 300)})
        for lumi in range(1, 6)
    ]
    told = {"label": "ZeroBias", "era": "2018", "provenance": {}}
    write(folder / "good.h5", rows, 5, [map_info(load()[NAME], on)], simulated=True, **told)  # type: ignore[arg-type]
    faults = [
        Fault(NAME, (10, 4), "dead", onset=3, name=HOSTILE),
        Fault(NAME, "EE+03", "factor", 0.5, mechanism="readouts", onset=4, name="a sector"),
        Fault(NAME, (10, 5), "hot", onset=99),
    ]
    inject(folder / "good.h5", faults, folder / "bad.h5", seed=1)
    return folder / "bad.h5"


def test_facts_know_the_truth(path: Path) -> None:
    with open_data_set(path) as data:
        found = facts_of(data, None)
    assert found.simulated
    assert found.truth is not None
    assert (found.truth.rows, found.truth.by_map, found.truth.number) == (3, {NAME: 3}, 3)
    dead, sector, never = found.truth.faults
    assert (dead.where, dead.cells, dead.lumis, dead.first) == (
        "EE+03 supercrystal (ix 21..25, iy 51..55)", 1, 3, "320001:3"
    )  # fmt: skip
    assert (sector.what, sector.where, sector.lumis) == ("factor 0.5 (readouts)", "EE+03", 2)
    assert (never.lumis, never.first) == (0, "")
    assert plain(found)["truth"]["by_map"] == {NAME: 3}


def test_info_says_so(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with open_data_set(path) as data:
        show_data_set(facts_of(data, None), console(), path=path, everything=False)
    said = capsys.readouterr().out
    assert "simulated, not measured" in said
    assert "3 faults (map by map), 3 of 5 rows faulty" in said
    assert "factor 0.5 (readouts)" in said


def test_the_page_says_so(path: Path) -> None:
    page = path.with_name("page.html")
    with open_data_set(path) as data:
        write_page(data, page, name="bad.h5")
    text = page.read_text()
    assert "ZeroBias, run 320001 (simulated)" in text
    assert "What is known to be wrong" in text
    assert "Rows with a fault at work: 3 of EE+/digi." in text
    assert HOSTILE not in text
    assert "&lt;script&gt;x" in text


def test_faults_in_other_words_are_no_matter(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    other.write_bytes(path.read_bytes())
    line = b'{"number": 1, "what": "their own words"}\n'
    with h5py.File(other, "r+") as file:
        del file["truth/faults"]
        made = np.frombuffer(line, np.uint8)
        file["truth"].create_dataset("faults", data=made, chunks=(len(line),), compression="gzip")
    with open_data_set(other) as data:
        found = facts_of(data, None)
        assert found.truth is not None
        assert "words that are not known" in found.truth.note
        write_page(data, tmp_path / "page.html", name="other.h5")
    assert "words that are not known" in (tmp_path / "page.html").read_text()


def test_nothing_is_said_where_nothing_is_known(path: Path) -> None:
    with open_data_set(path.with_name("good.h5")) as data:
        assert facts_of(data, None).truth is None
