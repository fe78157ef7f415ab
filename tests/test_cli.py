"""The command line: what a user types, and the one line that says what was wrong with it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from caloscope.cli.options import ranges, selection, sources
from caloscope.errors import UsageError
from caloscope.records import LumiId

from .running import LATE, caloscope, changed, forked, from_nothing


def test_ranges() -> None:
    wanted = ranges("1-3,7")
    assert [number for number in range(10) if wanted(number)] == [1, 2, 3, 7]
    assert ranges(None)(123)
    for wrong in ("1-x", "9-3", "9-", "", "-4"):
        with pytest.raises(UsageError, match="expected numbers such as 1-3,7"):
            ranges(wrong)
    assert selection("5", "1-2")(LumiId(5, 2))
    assert not selection("5", "1-2")(LumiId(6, 2))


def test_sources_are_files_and_folders_in_order(tmp_path: Path) -> None:
    for name in ("b.root", "a.root", ".hidden"):
        (tmp_path / name).touch()
    assert [path.name for path in sources([str(tmp_path)])] == ["a.root", "b.root"]
    assert [path.name for path in sources([f"{tmp_path}/b*"])] == ["b.root"]
    with pytest.raises(UsageError, match="no such file or folder"):
        sources([str(tmp_path / "none")])
    with pytest.raises(UsageError, match="convert takes it"):
        sources(["http://127.0.0.1:9/a.root"])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("train", "/nowhere", "--map", "EB/digi", "-o", "x.bundle"), 2, "no such file or folder"),
        (("train", ".", "--map", "EB/music", "-o", "x.bundle"), 2, "expected one of EB/digi"),
        (("flags", "--store", "none.sqlite"), 1, "none.sqlite"),
        (("bundle", "show", "none.bundle"), 1, "expected the card of a bundle"),
        (("monitor", "none", "--bundle", "none.bundle", "--store", "s.sqlite"), 1, "expected the card"),
        (("simulate", "--map", "XX/digi", "-o", "out"), 2, "is not known"),
        (("flags",), 2, "caloscope flags: missing option '--store'"),
        (
            ("incidents", "--store", "none", "--format", "xml"),
            2,
            "'xml' is not one of 'table', 'csv', 'json'",
        ),
        (("bundle", "state", "none.bundle", "activ"), 2, "'activ' is not one of 'commissioning', 'active'"),
        (("bundle", "state"), 2, "caloscope bundle state --help"),
        (("musci",), 2, "no such command 'musci'"),
    ],
)
def test_errors_are_one_line(words: tuple[str, ...], code: int, message: str, tmp_path: Path) -> None:
    text = caloscope(*(tmp_path / word if word.startswith("none") else word for word in words), code=code)
    assert message in text
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [("flags",), ("bundle", "show", "none.bundle"), ("faults", "drift")])
def test_a_forked_command_is_what_a_new_interpreter_makes_of_it(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests run commands in forks of a process that has imported everything (`running.py`)."""
    monkeypatch.chdir(tmp_path)
    assert forked([*words]) == from_nothing([*words])


def test_what_libraries_set_does_not_keep_a_command_from_its_fork() -> None:
    """PyTorch sets variables as it is imported: each later command took two seconds more."""
    import_module("torch")
    import_module("caloscope.training.neural")
    assert changed().keys() <= LATE


@pytest.mark.parametrize("words", [(), ("bundle",)])
def test_a_group_without_a_command_shows_its_help(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "caloscope", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Usage: caloscope" in done.stdout + done.stderr
    assert "Commands" in done.stdout + done.stderr


def test_from_simulation_to_incidents(tmp_path: Path) -> None:
    good, bundle, store, out = (tmp_path / name for name in ("good", "EEp.bundle", "s.sqlite", "dqm"))
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "12", "--run", "320001", "-o", good)
    assert "309 cells, 3 never alive" in caloscope("train", good, "--map", "EE+/digi", "-o", bundle)
    assert "reference" in caloscope("bundle", "show", bundle)
    replay = ("replay", good, "--bundle", bundle, "--store", store, "--output-dir", out)
    assert "12 lumisections, 12 results" in caloscope(*replay)
    assert "0 results" in caloscope(*replay), "what was scored is not scored again"
    assert [path.name for path in out.iterdir()] == ["DQM_V0001_EcalML_R000320001.root"]
    header, *rows = caloscope("flags", "--store", store).splitlines()
    assert header == "label,run,lumi,map,depth,y,x,code,evidence,direction,reason"
    assert len(rows) == 12 * 3
    assert {row.rsplit(",", 1)[1] for row in rows} == {"NEVER_ALIVE"}
    assert "hardware" in caloscope("incidents", "--store", store)
    few = tmp_path / "few"
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "5", "--run", "320002", "--events", "8", "-o", few)
    told = caloscope("replay", few, "--bundle", bundle, "--store", store)
    assert "5 lumisections, 5 results, 5 of them unknown: FEW_EVENTS 5" in told
