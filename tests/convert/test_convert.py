"""Conversions: what comes out, what is left out, and that it is always the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.convert import Report, Why
from caloscope.dataset import open_data_set
from caloscope.errors import CaloscopeError, UsageError
from caloscope.geometry import view
from caloscope.readers import read

from ..running import caloscope
from .making import RUN, counts, make, write


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a data set."""
    with open_data_set(path) as data:
        found: dict[str, NDArray[Any]] = {"runs": data.runs, "lumis": data.lumis, "began_at": data.began_at}
        for name in data.maps:
            found |= {
                f"{name} counts": data.counts(name, 0, len(data.runs)),
                f"{name} present": data.present(name),
                f"{name} events": data.events(name),
                f"{name} pileup": data.pileup(name),
                f"{name} spans": data.spans(name),
            }
    return found


def same(one: Path, other: Path) -> bool:
    """Whether two data sets hold equal arrays."""
    a, b = arrays(one), arrays(other)
    return a.keys() == b.keys() and all(
        np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a
    )


def left_out(report: Report) -> dict[tuple[str, Why], str]:
    """What was left out of the one run, as ranges of lumisections."""
    return {(drop.map, drop.why): str(drop.lumis[RUN]) for drop in report.dropped}


def test_rows_are_ascending_and_hold_what_was_read(tmp_path: Path) -> None:
    write(tmp_path / "spool", [12, 3, 7])
    report = make([tmp_path / "spool"], tmp_path / "data.h5")
    assert (report.lumisections, report.maps, report.bad) == (3, {"EB/digi": 3}, ())
    with open_data_set(tmp_path / "data.h5") as data:
        assert (data.label, data.era) == ("simulated-ZeroBias", "2018")
        assert data.runs.tolist() == [RUN] * 3
        assert data.lumis.tolist() == [3, 7, 12]
        assert data.events("EB/digi").tolist() == [703, 707, 712]
        assert data.pileup("EB/digi").tolist() == [40.0] * 3
        assert data.spans("EB/digi").tolist() == [1, 1, 1]
        for row, lumi in enumerate(data.lumis):
            assert np.array_equal(data.counts("EB/digi", row, row + 1)[0], counts(int(lumi)))


def test_a_data_set_is_a_source_again(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    make([tmp_path / "spool"], tmp_path / "data.h5")
    found = list(read(tmp_path / "data.h5", [load()["EB/digi"]], label="x", views=view))
    assert [each.id for each in found] == [(RUN, 1), (RUN, 2)]
    make([tmp_path / "data.h5"], tmp_path / "again.h5")
    assert same(tmp_path / "data.h5", tmp_path / "again.h5")


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "spool", range(1, 140))
    make([tmp_path / "spool"], tmp_path / "one.h5", workers=1)
    make([tmp_path / "spool"], tmp_path / "two.h5", workers=2)
    assert same(tmp_path / "one.h5", tmp_path / "two.h5")
    assert not list(tmp_path.glob(".*"))


def test_a_bad_source_is_reported_and_skipped(tmp_path: Path) -> None:
    files = write(tmp_path / "spool", [1, 2, 3])
    files[1].write_bytes(files[1].read_bytes()[:-100])
    report = make([tmp_path / "spool"], tmp_path / "data.h5")
    assert report.lumisections == 2
    (bad,) = report.bad
    assert "TRUNCATED" in bad
    assert files[1].name in bad
    with open_data_set(tmp_path / "data.h5") as data:
        notes = data.provenance["sources"]
    assert [note.get("fault") for note in notes] == [None, "TRUNCATED", None]
    assert all(note["checksum"].startswith("sha256:") for note in notes)


def test_only_bad_sources_make_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "no.root").write_bytes(b"root, but not really")
    with pytest.raises(CaloscopeError, match=r"no lumisection is left.*1 unreadable"):
        make([tmp_path / "no.root"], tmp_path / "data.h5")
    assert not (tmp_path / "data.h5").exists()


def test_selection_and_its_reasons(tmp_path: Path) -> None:
    write(tmp_path / "spool", range(1, 11), events=700)
    (tmp_path / "golden.json").write_text(json.dumps({str(RUN): [[2, 9]]}))
    (tmp_path / "dcs.json").write_text(json.dumps({str(RUN): [[1, 8]]}))
    report = make(
        [tmp_path / "spool"],
        tmp_path / "data.h5",
        golden=tmp_path / "golden.json",
        dcs=tmp_path / "dcs.json",
        lumis="1-3,5-10",
        min_events=703,
    )
    assert left_out(report) == {
        ("EB/digi", Why.NOT_ASKED): "4",
        ("EB/digi", Why.NOT_CERTIFIED): "1,10",
        ("EB/digi", Why.DETECTOR_OFF): "9",
        ("EB/digi", Why.FEW_EVENTS): "2",
    }
    with open_data_set(tmp_path / "data.h5") as data:
        assert data.lumis.tolist() == [3, 5, 6, 7, 8]
        assert {entry["why"] for entry in data.provenance["dropped"]} == {
            "NOT_ASKED", "NOT_CERTIFIED", "DETECTOR_OFF", "FEW_EVENTS",
        }  # fmt: skip
        assert data.provenance["request"]["golden"]["checksum"].startswith("sha256:")


def test_the_same_again_is_a_duplicate_and_other_content_a_conflict(tmp_path: Path) -> None:
    (first,) = write(tmp_path / "a", [1])
    (tmp_path / "b").mkdir()
    shutil.copy(first, tmp_path / "b" / first.name)
    write(tmp_path / "c", [1], events=900)
    report = make([tmp_path / "a", tmp_path / "b", tmp_path / "c"], tmp_path / "data.h5")
    assert left_out(report) == {("EB/digi", Why.DUPLICATE): "1", ("EB/digi", Why.CONFLICT): "1"}
    with open_data_set(tmp_path / "data.h5") as data:
        assert data.events("EB/digi").tolist() == [701]


def test_pileup_from_brilcalc_and_from_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    (tmp_path / "lumi.csv").write_text(
        "#Data tag : 24v1 , Norm tag: None\n"
        "#run:fill,ls,time,beamstatus,E(GeV),delivered(/nb),recorded(/nb),avgpu,source\n"
        f"{RUN}:6900,1:1,08/01/18 05:00:00,STABLE BEAMS,6500,10.0,9.5,33.25,HFET\n"
        "#Summary:\n"
    )
    make([tmp_path / "spool"], tmp_path / "data.h5", brilcalc=tmp_path / "lumi.csv")
    with open_data_set(tmp_path / "data.h5") as data:
        assert data.pileup("EB/digi")[0] == np.float32(33.25)
        assert np.isnan(data.pileup("EB/digi")[1])


def test_two_eras_are_refused_unless_one_is_chosen(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1])
    write(tmp_path / "spool", [1], run=300_500)
    with pytest.raises(UsageError, match="eras 2017, 2018"):
        make([tmp_path / "spool"], tmp_path / "data.h5")
    assert make([tmp_path / "spool"], tmp_path / "data.h5", runs=str(RUN)).runs == 1


def test_an_unknown_map_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1])
    with pytest.raises(UsageError, match=r"XX/digi.*EB/digi"):
        make([tmp_path / "spool"], tmp_path / "data.h5", maps=("XX/digi",))


def test_the_command_line_prints_tables_and_refuses_to_overwrite(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2, 3])
    words = ("convert", tmp_path / "spool", "-o", tmp_path / "data.h5", "--map", "EB*", "--lumis", "2-3")
    out = caloscope(*words)
    assert "2 lumisections of 1 run" in out
    assert "NOT_ASKED" in out
    assert "is there already" in caloscope(*words, code=2)
    caloscope(*words, "--replace")
    trained = caloscope(
        "train", tmp_path / "data.h5", "--map", "EB/digi", "-o", tmp_path / "eb.bundle", "--label", "t"
    )
    assert "learned from 2 lumisections" in trained


def test_a_source_that_is_gone_is_a_bad_one_among_others(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    (tmp_path / "spool" / "dangling.root").symlink_to(tmp_path / "nowhere.root")
    report = make([tmp_path / "spool"], tmp_path / "data.h5")
    assert report.lumisections == 2
    (bad,) = report.bad
    assert "dangling.root" in bad
    assert not list(tmp_path.glob(".*"))


def test_a_data_set_brings_its_era_whatever_its_runs_are(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    for name, era in (("a", "2017"), ("b", "2018")):
        make([tmp_path / "spool"], tmp_path / f"{name}.h5", era=era)
        make([tmp_path / f"{name}.h5"], tmp_path / "again.h5", label=name)
        with open_data_set(tmp_path / "again.h5") as data:
            assert data.era == era
    with pytest.raises(UsageError, match="eras 2017, 2018"):
        make([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "both.h5")
