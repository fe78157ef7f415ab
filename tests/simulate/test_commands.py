"""`caloscope simulate`, `inject` and `faults`: what a user types, what comes out, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.cli.faults import faults
from caloscope.cli.inject import inject
from caloscope.cli.simulation import simulate
from caloscope.config.catalogue import load
from caloscope.convert import Request, convert
from caloscope.dataset import open_data_set
from caloscope.errors import CaloscopeError, UsageError
from caloscope.faults.lines import read_truth
from caloscope.faults.presets import preset_names
from caloscope.fetch import expand
from caloscope.geometry import view
from caloscope.readers import read

from ..running import caloscope

DEAD = """
[[fault]]
name = "a dead supercrystal"
map = "EE+/digi"
kind = "dead"
cells = [[10, 4]]
onset = 3
"""
RANDOM = """
[[fault]]
map = "EE+/digi"
kind = "factor"
random = { shape = "cell" }
"""


def made(output: Path, *maps: str, **options: Any) -> Path:
    simulate(map_names=list(maps or ("EE+/digi",)), output=output, **({"lumis": 5} | options))
    return output


def counts(path: Path, name: str = "EE+/digi") -> np.ndarray:
    with open_data_set(path) as found:
        return found.counts(name, 0, len(found))


def texts(folder: Path, text: str = DEAD) -> str:
    (folder / "faults.toml").write_text(text)
    return str(folder / "faults.toml")


def test_a_data_set_with_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path / "a.h5", "EE*/digi", faults=texts(tmp_path))
    said = capsys.readouterr().out
    assert "5 simulated lumisections of run 320001, seed 1" in said
    assert "EE+/digi: 3 of them faulty" in said
    (told,) = read_truth((tmp_path / "a.truth.jsonl").read_text())
    assert (told.name, told.cells, told.strengths) == (
        "a dead supercrystal", ((10, 4),), ((320_001, 3, 5, 1.0),)
    )  # fmt: skip
    with open_data_set(path) as found:
        assert list(found.maps) == ["EE+/digi", "EE-/digi"]
        assert found.truth_maps == ("EE+/digi",)
        assert found.faults == tuple((tmp_path / "a.truth.jsonl").read_text().splitlines())
        assert (found.simulated, found.label) == (True, "simulated")
        provenance = found.provenance
        assert (provenance["seed"], provenance["detector_seed"]) == (1, 1)
        assert provenance["faults"]["checksum"].startswith("sha256:")
    assert not counts(path)[2:, 10, 4].any()


def test_a_folder_of_files_says_that_it_is_simulated_and_so_does_what_is_made_of_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "spool", "EE+/digi", "HO/digi", lumis=2, faults=texts(tmp_path))
    assert sorted(path.name for path in folder.iterdir()) == [
        f"DQM_V0001_{producer}_R000320001_L00000000{lumi}.root"
        for producer in ("Ecal", "Hcal")
        for lumi in (1, 2)
    ]
    # The truth stands beside: the folder may be watched.
    assert (tmp_path / "spool.truth.jsonl").is_file()
    for path in folder.iterdir():
        (found,) = read(path, list(load().values()), label="x", views=view)
        assert found.simulated
    convert(expand([str(folder)]), Request(label="ZeroBias"), tmp_path / "b.h5")
    with open_data_set(tmp_path / "b.h5") as data:
        assert data.simulated
        assert all(note["simulated"] for note in data.provenance["sources"])
    convert(expand([str(tmp_path / "b.h5")]), Request(), tmp_path / "c.h5")
    with open_data_set(tmp_path / "c.h5") as data:
        assert data.simulated


def test_truth_is_left_out_of_a_conversion_and_that_is_said(tmp_path: Path) -> None:
    path = made(tmp_path / "a.h5", faults=texts(tmp_path))
    report = convert(expand([str(path)]), Request(), tmp_path / "b.h5")
    assert any("the truth about them was left out" in text for text in report.assumptions)
    with open_data_set(tmp_path / "b.h5") as data:
        assert data.truth_maps == data.faults == ()


def test_files_and_data_set_hold_the_same_counts(tmp_path: Path) -> None:
    path, folder = made(tmp_path / "a.h5"), made(tmp_path / "files")
    convert(expand([str(folder)]), Request(), tmp_path / "b.h5")
    np.testing.assert_array_equal(counts(path), counts(tmp_path / "b.h5"))


def test_the_same_seed_gives_the_same_and_every_option_changes_something(tmp_path: Path) -> None:
    first, second = (counts(made(tmp_path / f"{name}.h5", lumis=30)) for name in "ab")
    np.testing.assert_array_equal(first, second)
    options: list[dict[str, Any]] = [
        {"seed": 2}, {"detector_seed": 2}, {"run": 320_002}, {"dataset": "JetHT"}, {"beam": "ions"},
        {"beam": "none"}, {"events": 100}, {"pileup": 20.0}, {"calm": True}, {"gaps": 0.5}, {"ramp": 20},
        {"dump": True},
    ]  # fmt: skip
    for number, each in enumerate(options):
        found = counts(made(tmp_path / f"{number}.h5", lumis=30, **each))
        assert found.shape != first.shape or (found != first).any(), each


def test_a_campaign_has_many_runs(tmp_path: Path) -> None:
    with open_data_set(made(tmp_path / "a.h5", lumis=20, runs=4, days=3.0)) as found:
        runs = np.unique(found.runs)
        assert len(runs) == 4
        assert runs[0] == 320_001
        assert (np.diff(found.began_at) > 0).all()
        assert found.began_at[-1] - found.began_at[0] < 3 * 86_400
        assert len(found.provenance["fills"]) == 4


@pytest.mark.parametrize(
    ("label", "expected"),
    [("simulated", "simulated"), ("ZeroBias", "simulated-ZeroBias"), ("my Simulated", "my Simulated")],
)
def test_the_label_says_that_it_is_simulated(
    tmp_path: Path, label: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_data_set(made(tmp_path / "a.h5", lumis=1, label=label)) as found:
        assert found.label == expected
    assert (f"label {expected}" in capsys.readouterr().err) == (label != expected)


def test_a_pattern_is_that_of_a_file(tmp_path: Path) -> None:
    first = made(tmp_path / "a.h5", calm=True, detector_seed=7, lumis=40)
    like = made(tmp_path / "b.h5", calm=True, patterns=[f"EE+/digi={first}"], seed=9, lumis=40)
    other = made(tmp_path / "c.h5", calm=True, seed=9, lumis=40)
    exists = view("EE+", "2018").exists
    means = [counts(path)[:, exists].mean(axis=0) for path in (first, like, other)]
    assert np.corrcoef(means[0], means[1])[0, 1] > 0.99
    assert np.corrcoef(means[0], means[2])[0, 1] < np.corrcoef(means[0], means[1])[0, 1]
    with open_data_set(like) as found:
        assert found.provenance["patterns"]["EE+/digi"]["checksum"].startswith("sha256:")


def test_faults_are_put_into_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = made(tmp_path / "good.h5")
    capsys.readouterr()
    inject(good, texts(tmp_path), tmp_path / "bad.h5")
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("bad.h5: 3 of 5 lumisections faulty; cells: 1 of EE+/digi")
    assert said[1] == "1: a dead supercrystal, dead in EE+/digi, at work 3 times"
    with open_data_set(tmp_path / "bad.h5") as found:
        assert found.simulated
        assert found.faults == tuple((tmp_path / "bad.truth.jsonl").read_text().splitlines())
        assert found.provenance["faults"]["name"].endswith("faults.toml")
    one, other = counts(good), counts(tmp_path / "bad.h5")
    assert np.argwhere(one != other).tolist() == [[row, 10, 4] for row in (2, 3, 4)]
    inject(good, texts(tmp_path, DEAD.replace("3", "9")), tmp_path / "late.h5")
    assert "none of the faults is at work" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--replace"):
        inject(good, texts(tmp_path), tmp_path / "bad.h5")
    inject(good, texts(tmp_path), tmp_path / "bad.h5", replace=True)


def test_another_seed_of_the_faults_chooses_other_cells(tmp_path: Path) -> None:
    good = made(tmp_path / "good.h5")
    cells = set()
    for seed in (1, 2, 3):
        inject(good, texts(tmp_path, RANDOM), tmp_path / "bad.h5", fault_seed=seed, replace=True)
        (told,) = read_truth((tmp_path / "bad.truth.jsonl").read_text())
        cells.add(told.cells)
    assert len(cells) > 1


def test_presets_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    faults()
    said = capsys.readouterr().out
    for name in preset_names():
        assert name in said
    for kind in ("dead", "flickering", "full-readout"):
        assert kind in said
    faults(preset_names()[0])
    assert "[[fault]]" in capsys.readouterr().out
    with pytest.raises(UsageError, match="expected one of"):
        faults("nothing")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"map_names": ["XX/digi"]}, "map 'XX/digi' is not known"),
        ({"faults": "nothing"}, "neither a file nor a preset"),
        ({"patterns": ["EE+/digi"]}, "expected MAP=FILE"),
        ({"patterns": ["EB/digi=a.dat"]}, "expected MAP=FILE"),
        ({"patterns": ["EE+/digi=none.dat"]}, "no such file"),
        ({"era": "1999"}, "1999"),
        ({"pace": 1.0}, "are for a folder"),
        ({"snapshots": 3}, "are for a folder"),
        ({"runs": 1000, "days": 0.1}, "expected"),
        ({"runs": 3, "run": 311_999, "lumis": 2}, "expected --era"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"map_names": ["EE+/digi"], "output": tmp_path / "a.h5"} | options
    with pytest.raises(CaloscopeError, match=says):
        simulate(**given)
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("mine")
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "file").touch()
    for name, says in (("a.h5", "--replace"), ("folder.h5", "found a folder"), ("file", "expected a folder")):
        with pytest.raises(UsageError, match=says):
            made(tmp_path / name)
    with pytest.raises(UsageError, match="no such folder"):
        made(tmp_path / "none" / "a.h5")
    assert (tmp_path / "a.h5").read_text() == "mine"
    assert made(tmp_path / "a.h5", replace=True, faults=texts(tmp_path)).stat().st_size > 1000
    assert (tmp_path / "a.truth.jsonl").is_file()
    made(tmp_path / "a.h5", replace=True)
    assert not (tmp_path / "a.truth.jsonl").exists()  # it would be about other data


def test_the_commands_are_there(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.h5", tmp_path / "bad.h5"
    caloscope("simulate", "--map", "HO/digi", "--lumis", "4", "--beam", "none", "-o", good)
    (tmp_path / "faults.toml").write_text(caloscope("faults", "whole-map"))
    told = caloscope("inject", good, "--faults", tmp_path / "faults.toml", "-o", bad)
    assert "lumisections faulty" in told
    assert "simulated, not measured" in caloscope("info", bad)
    assert "expected one of" in caloscope("faults", "nothing", code=2)


def test_a_pace_without_end_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    words = ("simulate", "--map", "HO/digi", "--pace", "inf", "-o", tmp_path / "spool")
    assert "--pace" in caloscope(*words, code=2)
    assert not list(tmp_path.iterdir())


def test_files_of_a_run_that_are_there_are_not_replaced_unasked(tmp_path: Path) -> None:
    command = ("simulate", "--map", "EE+/digi", "--lumis", "2", "-o", tmp_path / "files")
    caloscope(*command, "--seed", "1")
    before = {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()}
    assert "expected none, or --replace" in caloscope(*command, "--seed", "2", code=2)
    assert {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()} == before
    caloscope("simulate", "--map", "HO/digi", "--lumis", "2", "-o", tmp_path / "files")
    caloscope(*command, "--run", "320002")
    caloscope(*command, "--seed", "2", "--replace")
    assert len(list((tmp_path / "files").iterdir())) == 6


def test_faults_that_change_nothing_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "dead.toml").write_text('[[fault]]\nmap = "EB/digi"\nkind = "dead"\ncells = [[0, 38]]\n')
    said = caloscope(
        *("simulate", "--map", "EB/digi", "--lumis", "3", "-o", tmp_path / "dead.h5"),
        *("--faults", tmp_path / "dead.toml"),
    )
    assert "none of the faults is at work" in said
