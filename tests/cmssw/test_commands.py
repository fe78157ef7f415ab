"""`caloscope cmssw ...` as a person types it."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from caloscope.cli.cmssw import app
from caloscope.cmssw import file_names, outputs, read_plan
from caloscope.errors import UsageError
from tests.cmssw.configs import run_text, value

JOB = ["--calorimeter-part", "hcal", "--run", "306138", "--global-tag", "auto:run2_data"]
BATCH = [*JOB, "--input", "/store/a.root", "--lumis", "1-10", "--chunk", "4", "--release", "CMSSW_10_6_30"]


def cmssw(*words: str | Path) -> str:
    """Standard output; raises what the command raised."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_a_configuration_is_written_and_runs(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "# RAW\n/store/b.root\n\n  root://x//store/c.root \n", encoding="utf-8"
    )
    path = tmp_path / "my cfg.py"
    inputs: list[str | Path] = [
        "--input",
        "/store/a.root",
        "--input",
        "local.root",
        "--input-list",
        tmp_path / "list.txt",
    ]
    said = cmssw("config", "-o", path, *JOB, *inputs, "--lumis", "1-3", "--label", "JetHT")
    assert said == f"{path}: run it with: cmsRun '{path}'\n"
    process = run_text(path.read_text("utf-8"), tmp_path)
    here = f"file:{Path.cwd() / 'local.root'}"
    files = ["/store/a.root", here, "/store/b.root", "root://x//store/c.root"]
    assert value(process, "source", "fileNames") == files
    assert value(process, "dqmOutput", "fileName") == ("./DQMIO_JetHT_R000306138_L000000001-L000000003.root")
    assert process["modifiers"] == ["Run2_2017"]


def test_an_online_configuration_is_written_and_runs(tmp_path: Path) -> None:
    path = tmp_path / "live_cfg.py"
    words = ["--calorimeter-part", "both", "--run", "370000", "--global-tag", "X", "--modifier", "Run3_2023"]
    cmssw("config", "-o", path, *words, "--online", "--input-dir", "/fff", "--every", "2", "--scan-once")
    process = run_text(path.read_text("utf-8"), tmp_path)
    assert process["modifiers"] == ["Run3_2023"]
    assert process["things"]["source"]["plugin"] == "DQMStreamerReader"
    assert value(process, "source", "scanOnce") is True
    assert value(process, "dqmSaver", "backupLumiCount") == 2
    assert value(process, "dqmSaver", "tag") == "Calo"


def test_a_batch_from_writing_to_done(tmp_path: Path) -> None:
    folder = tmp_path / "my jobs"
    said = cmssw("batch", "-o", folder, *BATCH)
    assert said.splitlines()[0] == f"{folder}: 3 jobs, outputs go to {folder / 'out'}"
    submit = shlex.split(said.splitlines()[1].removeprefix("submit with: "))
    assert submit == ["cd", str(folder), "&&", "condor_submit", "submit.sub"]
    assert cmssw("batch", "-o", folder, *BATCH) == said
    assert cmssw("status", folder).splitlines() == [
        "chunk 00000: missing 1-4",
        "chunk 00001: missing 5-8",
        "chunk 00002: missing 9-10",
        f"{folder}: of 3 outputs 3 missing",
    ]
    made = [output.path for output in outputs(read_plan(folder))]
    made[0].parent.mkdir()
    head = b"root" + (62206).to_bytes(4, "big") + (100).to_bytes(4, "big") + (300).to_bytes(4, "big")
    for path in made[:2]:
        path.write_bytes(head.ljust(300 if path == made[0] else 299, b"\0"))
    assert cmssw("status", folder).splitlines() == [
        "chunk 00001: broken 5-8",
        "chunk 00002: missing 9-10",
        f"{folder}: of 3 outputs 1 there, 1 missing, 1 broken",
    ]
    assert "condor_submit submit_missing.sub" in cmssw("resubmit", folder)
    assert (folder / "jobs_missing.txt").read_text() == "00001 5-8\n00002 9-10\n"
    for path in made:
        path.write_bytes(head.ljust(300, b"\0"))
    assert cmssw("resubmit", folder) == f"{folder}: all outputs are there, nothing to submit\n"
    assert not (folder / "submit_missing.sub").exists()
    assert cmssw("status", folder) == f"{folder}: of 3 outputs 3 there\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--input", "/store/a.root"], "--lumis is needed"),
        (["--lumis", "1"], "no input files"),
        (["--lumis", "1", "--input", "http://x/a.root"], "expected root://"),
        (["--lumis", "x", "--input", "/store/a.root"], "expected numbers"),
        (["--lumis", "1-3", "--input", "/store/a.root", "--format", "legacy"], "expected one"),
        (["--lumis", "1", "--input", "/store/a.root", "--format", "pickle"], "one of dqmio, legacy"),
        (["--lumis", "1", "--input", "/store/a.root", "--era", "2018"], "the era of run 306138"),
        (["--lumis", "1", "--input", "/store/a.root", "--input-dir", "/x"], "for --online"),
        (["--lumis", "1", "--input", "/store/a.root", "--subsystem", "ECAL"], "one of Hcal, HcalAll"),
        (["--online"], "needs --input-dir"),
        (["--online", "--input-dir", "/x", "--lumis", "1"], "not for it"),
        (["--online", "--input-dir", "/x", "--stream", "a b"], "letters and digits"),
        (["--lumis", "1", "--input-list", "/nowhere/list.txt"], "expected a list"),
    ],
)
def test_wrong_usage_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        cmssw("config", "-o", tmp_path / "x.py", *JOB, *words)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"/store/\xff.root\n")
    with pytest.raises(UsageError, match="no text"):
        file_names([], path)


@pytest.mark.parametrize("words", [["status"], ["resubmit"]])
def test_a_folder_that_is_no_batch_is_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no plan"):
        cmssw(*words, tmp_path)
