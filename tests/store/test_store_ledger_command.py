"""`caloscope ledger`: files, maps and what is missing."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from caloscope import __version__
from caloscope.cli import app
from caloscope.errors import Fault, UsageError
from caloscope.records import Reason
from caloscope.store import FileRow

from .making import BUNDLE, LABEL, MAP, RUN, bundle, opened, scored, unknown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with files of several kinds, two maps, and gaps."""
    path = tmp_path / "s.db"
    with opened(path) as store:
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        stages = {"prepare": 0.001, "evidence": 0.0025}
        store.record([replace(scored(n), source=f"spool/f{n}.root", stages=stages) for n in (2, 3)])
        store.record([replace(scored(6), detail="thresholds raised by 20 nats")])
        store.record([unknown(4, Reason.RAMP)])
        store.record([scored(n, map_name="EE+/digi", name="b2") for n in (1, 2, 3, 7)])
        store.record([scored(1, label="Other", run=RUN + 1)])
        done = FileRow(
            "spool/a.root", 10, 20, "DONE", lumis=1, seconds=0.5, stages={"read": 0.01, "store": 0.2}
        )
        again = FileRow("b.root", 1, 1, "WAITING", Fault.UNREADABLE, "EIO", attempts=3, next_try=1.7e9)
        odd = FileRow("[b]c\x1b.root", 1, 1, "QUARANTINED", Fault.EMPTY_FILE, "found 0", next_try=1e300)
        store.note_files([done, again, odd])
    return path


def said(*words: str | Path) -> str:
    """What the command writes."""
    done = CliRunner().invoke(app, ["ledger", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def rows(path: Path, *words: str) -> list[dict[str, str]]:
    """The same as CSV, read back."""
    return list(csv.DictReader(io.StringIO(said("--store", path, "--format", "csv", *words))))


def test_files_with_status_reason_and_stages(path: Path) -> None:
    found = {row["path"]: row for row in rows(path)}
    assert found["spool/a.root"]["status"] == "DONE"
    assert found["spool/a.root"]["stages"] == "read=0.010 store=0.200"
    assert found["spool/a.root"]["version"] == __version__
    again = found["b.root"]
    assert (again["fault"], again["attempts"], again["next_try"]) == (
        "UNREADABLE",
        "3",
        "2023-11-14T22:13:20.000+00:00",
    )
    assert found["[b]c\x1b.root"]["next_try"] == "1e+300"
    (waiting,) = rows(path, "--files", "--status", "waiting")
    assert waiting == again


def test_a_table_for_people_shows_no_control_characters(path: Path) -> None:
    table = said("--store", path)
    assert "QUARANTINED" in table
    assert "[b]c" in table
    assert "\x1b" not in table


def test_maps_with_their_stages(path: Path) -> None:
    found = rows(path, "--maps", "--map", MAP, "--label", LABEL)
    assert [(row["lumi"], row["quality"], row["reason"], row["detail"]) for row in found] == [
        ("2", "GOOD", "", ""),
        ("3", "GOOD", "", ""),
        ("4", "UNKNOWN", "RAMP", ""),
        ("6", "GOOD", "", "thresholds raised by 20 nats"),
    ]
    first = found[0]
    assert (first["stages"], first["source"]) == ("prepare=0.001 evidence=0.003", "f2.root")
    assert (first["bundle"], first["version"], first["map"]) == (BUNDLE, __version__, MAP)
    assert {row["run"] for row in rows(path, "--maps", "--run", str(RUN + 1))} == {str(RUN + 1)}
    assert len(rows(path, "--maps")) == 9


def test_gaps_are_lumisections_without_a_result(path: Path) -> None:
    found = rows(path, "--gaps")
    assert [(row["map"], row["first"], row["last"], row["lumis"]) for row in found] == [
        (MAP, "1", "1", "1"),
        (MAP, "5", "5", "1"),
        (MAP, "7", "7", "1"),
        ("EE+/digi", "4", "6", "3"),
    ]
    assert [row["first"] for row in rows(path, "--gaps", "--map", "EE+/digi", "--run", str(RUN))] == ["4"]
    assert rows(path, "--gaps", "--label", "Other") == rows(path, "--gaps", "--label", "none") == []


def test_lines_of_json_keep_numbers(path: Path) -> None:
    lines = [json.loads(line) for line in said("--store", path, "--maps", "--format", "jsonl").splitlines()]
    (first,) = [line for line in lines if (line["map"], line["lumi"], line["run"]) == (MAP, 2, RUN)]
    assert first["stages"] == {"prepare": 0.001, "evidence": 0.0025}
    assert first["reason"] is None
    assert lines[0].keys() == first.keys()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--maps", "--gaps"], "--files, --maps, --gaps: found several, expected one of them"),
        (["--run", "3"], "--run: found it for files, expected it with --maps or --gaps"),
        (["--maps", "--status", "DONE"], "--status: found it for maps, expected it for files"),
    ],
)
def test_words_that_do_not_go_together_are_refused(path: Path, words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        said("--store", path, *words)


def test_an_empty_store_has_an_empty_ledger(tmp_path: Path) -> None:
    opened(tmp_path / "s.db").close()
    for what in ("--files", "--maps", "--gaps"):
        assert rows(tmp_path / "s.db", what) == []
        assert said("--store", tmp_path / "s.db", what)
