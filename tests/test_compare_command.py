"""`caloscope compare`: bundles on the same lumisections, for people and for programs."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import lab
from caloscope.cli.compare import Form, compare
from caloscope.cli.compared import Compared, gather
from caloscope.cli.compared_rows import print_json
from caloscope.cli.compared_shown import print_tables
from caloscope.errors import UsageError
from caloscope.records import Quality

from .running import caloscope

MAP = "EE+/digi"
DEAD, WEAK = (5, 10), (14, 6)

Told = Callable[[lab.Data, dict[str, lab.Scores]], Compared]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of two detectors, of one more with the name of the first, and faulty lumisections."""
    made = tmp_path_factory.mktemp("compared")
    good = lab.simulate(MAP, runs=5, lumis=40, seed=3, output=made / "good.h5")
    for detector, name in (("reference", "ours"), ("pull", "theirs"), ("pca", "other/ours")):
        lab.train(good, detector, made / f"{name}.bundle")
    faults = [
        lab.Fault(MAP, DEAD, "dead", onset=11, end=41, name="dead cell"),
        lab.Fault(MAP, WEAK, "factor", 0.5, onset=21, name="weak cell"),
        lab.Fault(MAP, (9, 3), "dead", onset=500, name="later"),
    ]
    lab.simulate(MAP, 1, 60, 4, faults, first_run=321_001, output=made / "bad.h5")
    return made


@pytest.fixture(scope="module")
def bad(folder: Path) -> lab.Data:
    return lab.data(folder / "bad.h5", MAP)


@pytest.fixture(scope="module")
def scored(folder: Path, bad: lab.Data) -> dict[str, lab.Scores]:
    return {name: lab.score(folder / f"{name}.bundle", bad) for name in ("ours", "theirs")}


def told(data: lab.Data, scored: dict[str, lab.Scores]) -> Compared:
    return gather(data, scored, [Path(f"{name}.bundle") for name in scored])


def test_tables_for_people(folder: Path) -> None:
    said = caloscope("compare", folder / "ours.bundle", folder / "theirs.bundle", "--on", folder / "bad.h5")
    assert "EE+/digi, era 2018: " in said
    assert "theirs.bundle, pull, hash " in said
    assert "3 faults known, of which 1 not at work" in said
    lines = said.splitlines()
    (dead,) = [line.split() for line in lines if "dead cell" in line]
    assert dead[-2:] == ["1", "never"]  # pull does not see what one cell lacks that fast
    (weak,) = [line.split() for line in lines if "weak cell" in line]
    assert int(weak[-2]) > 1
    assert "cells flagged, each lumisection counted: 0 by both, " in said
    assert "verdicts differ in " in said
    alone = re.search(r"incidents that only one of them has: (\d+) of ours, 0 of theirs\n", said)
    assert alone is not None
    listed = [line.split() for line in lines if re.search(r" (yes|no) *$", line)]
    assert len(listed) == int(alone[1])
    assert sum(line[-1] == "no" for line in listed) == 2
    assert {line[0] for line in listed} == {"ours"}


def test_equal_names_are_told_apart_and_programs_read_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [folder / f"{name}.bundle" for name in ("ours", "other/ours", "theirs")]
    compare(paths, [folder / "bad.h5"], lumis="1-30", form=Form.CSV)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    first, second, third = rows
    assert first["name"] == f"ours {first['hash'][:8]}"
    assert second["name"] == f"ours {second['hash'][:8]}"
    assert third["name"] == "theirs"
    assert (first["faults"], first["found"], first["incidents"]) == ("2", "2", "")
    assert float(first["a_day_low"]) == 0.0
    # Garwood's bound for none in 30 lumisections.
    assert float(first["a_day_high"]) == pytest.approx(3.6889 * 3700 / int(first["judged"]), rel=1e-4)
    assert first["verdicts_differ"] == ""
    assert int(second["flagged_by_both"]) > 0
    assert int(third["judged_by_both"]) == int(first["judged"])


def test_json_has_everything_and_masks_raise_nothing(
    folder: Path, bad: lab.Data, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [folder / "ours.bundle", folder / "theirs.bundle"]
    compare(paths, [folder / "bad.h5"], masks=[bad.view.describe(DEAD)], form=Form.JSON)
    said = json.loads(capsys.readouterr().out)
    assert (said["map"], said["masked_cells"], said["faults_known"]) == (MAP, 1, 3)
    dead, weak = said["faults"]
    assert (dead["fault"], dead["onset"]) == ("dead cell", "321001:11")
    assert dead["delays"] == {name: {"cells": 1, "delay": None} for name in ("ours", "theirs")}
    assert weak["delays"]["ours"]["delay"] > 1
    (agreed,) = said["agreement"]
    assert (agreed["first"], agreed["this"]) == ("ours", "theirs")
    (true,) = [each for each in agreed["incidents"] if not each["false"]]
    assert true["hardware"] == bad.view.describe(WEAK)
    assert (true["of"], true["direction"]) == ("ours", "low")
    assert len(agreed["incidents"]) == agreed["incidents_only_of_first"]
    assert sum(each["lumisections"] for each in agreed["verdicts"]) == agreed["verdicts_differ"]


def test_what_cannot_be_compared_is_refused_in_a_line(folder: Path, tmp_path: Path) -> None:
    ours, on = folder / "ours.bundle", [folder / "bad.h5"]
    said = caloscope("compare", ours, "--on", on[0], code=2)
    assert said == f"caloscope: {ours}: found one bundle, expected two or more to compare\n"
    with pytest.raises(UsageError, match=r"found the same bundle as .*ours.bundle, expected another one"):
        compare([ours, ours], on)
    with pytest.raises(UsageError, match=r"no region and no cell of EE\+, expected EE\+07"):
        compare([ours, folder / "theirs.bundle"], on, masks=["EE7"])
    minus = tmp_path / "minus.bundle"
    lab.train(lab.simulate("EE-/digi", runs=2, lumis=30), "pull", minus)
    with pytest.raises(UsageError, match=r"minus.bundle: found a bundle of EE-/digi, expected one of EE\+/d"):
        compare([ours, minus], on)
    with pytest.raises(UsageError, match="no such lumisections, expected some of run 321001"):
        compare([ours, folder / "theirs.bundle"], on, runs="1")


def test_another_geometry_is_refused(folder: Path, tmp_path: Path) -> None:
    made = []
    for run in (306_001, 330_001):
        made.append(tmp_path / f"{run}.bundle")
        lab.train(lab.simulate("HCAL/digi", runs=2, lumis=4, first_run=run), "pull", made[-1])
    with pytest.raises(
        UsageError, match=r"found HCAL/digi in the geometry of 2019\+ .*, expected that of 2017"
    ):
        compare(made, [folder / "bad.h5"])


def test_without_truth_it_says_so(
    bad: lab.Data, scored: dict[str, lab.Scores], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy = lab.data(folder / "good.h5", MAP, lumis="1-3")
    none = {name: lab.score(folder / f"{name}.bundle", healthy) for name in scored}
    print_tables(told(healthy, none))
    said = capsys.readouterr().out
    assert "simulated without faults: every incident is false." in said
    assert "found" not in said
    assert "verdicts: the same in all " in said
    assert "incidents that only one of them has: none" in said
    measured = replace(healthy, simulated=False)
    print_tables(told(measured, none))
    said = capsys.readouterr().out
    assert "incidents may be true or false" in said
    assert "false  " not in said
    assert "incidents   a day" in said
    print_json(told(measured, none))
    found = json.loads(capsys.readouterr().out)
    assert found["faults_known"] is None
    assert found["bundles"][0]["false_incidents"] is None
    early = bad.only(lumis="1-5")
    print_tables(told(early, {name: lab.score(each.bundle, early) for name, each in scored.items()}))
    assert "None of the known faults is at work in these lumisections" in capsys.readouterr().out


def test_where_nothing_was_judged_there_is_nothing_to_agree_on(
    bad: lab.Data, scored: dict[str, lab.Scores], capsys: pytest.CaptureFixture[str]
) -> None:
    idle = replace(
        scored["theirs"],
        quality=(Quality.UNKNOWN,) * len(bad),
        codes=np.full_like(scored["theirs"].codes, 2),
        incidents=(),
    )
    print_tables(told(bad, scored | {"theirs": idle}))
    said = capsys.readouterr().out
    assert "no lumisection was judged by both, so there is nothing to agree on." in said
    print_json(told(bad, scored | {"theirs": idle}))
    assert json.loads(capsys.readouterr().out)["bundles"][1]["a_day_high"] is None
