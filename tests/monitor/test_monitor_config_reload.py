"""The configuration is read again: when, what applies, and what is held."""

import json
from functools import partial
from pathlib import Path

import pytest

from caloscope.config.monitoring import Monitoring
from caloscope.config.monitoring_text import read_monitoring
from caloscope.monitor.reload import Reloader
from caloscope.monitor.settings import Settings, Tuning, settings_of
from caloscope.monitor.status import Status
from caloscope.records import LumiId, LumiState

TEXT = """
[monitor]
spool = "spool"
store = "store.sqlite"
bundles = ["a.bundle"]
[conditions]
file = "conditions.csv"
[thresholds]
"EB/digi" = 1.0
[log]
format = "json"
level = "info"
"""


class Desk:
    """A configuration, and who watches it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "monitor.toml"
        self.table = folder / "conditions.csv"
        self.path.write_text(TEXT, "utf-8")
        self.table.write_text("run,first,last,state\n1,1,5,SPECIAL\n", "utf-8")
        read = partial(read_monitoring, self.path)
        first = read()
        self.tuning, self.status = Tuning(settings_of(first)), Status("test")
        self.tuning.renewed()
        self.reloader = Reloader(self.path, first, read, settings_of, self.tuning, self.status)
        self.status.looked()

    def state(self) -> str:
        """What whoever asks is told."""
        return self.status.state

    def looks(self, text: str | None = None) -> Settings | None:
        """What the loop hears after a change, and two looks."""
        if text is not None:
            self.path.write_text(text, "utf-8")
        self.reloader.look()
        self.reloader.look()
        return self.tuning.renewed()


@pytest.fixture
def desk(tmp_path: Path, logs_as_before: None) -> Desk:
    return Desk(tmp_path)


def test_what_did_not_change_is_not_read_again(desk: Desk) -> None:
    assert desk.looks() is None
    assert desk.looks() is None


def test_a_change_counts_once_it_rests(desk: Desk) -> None:
    desk.path.write_text(TEXT.replace("1.0", "2.0"), "utf-8")
    desk.reloader.look()
    assert desk.tuning.renewed() is None
    desk.path.write_text(TEXT.replace("1.0", "23.0"), "utf-8")
    desk.reloader.look()
    assert desk.tuning.renewed() is None
    desk.reloader.look()
    found = desk.tuning.renewed()
    assert found is not None
    assert found.gate.raised == {"EB/digi": 23.0}
    assert desk.tuning.renewed() is None
    assert desk.tuning.now is found


def test_who_asks_does_not_wait(desk: Desk) -> None:
    desk.path.write_text(TEXT.replace("1.0", "2.0"), "utf-8")
    desk.reloader.look(asked=True)
    assert desk.tuning.renewed() is not None
    assert desk.looks() is None  # it is not read a second time


def test_a_change_while_the_one_before_is_read_is_not_lost(tmp_path: Path, logs_as_before: None) -> None:
    path = tmp_path / "monitor.toml"
    path.write_text(TEXT.replace('file = "conditions.csv"', ""), "utf-8")

    def read() -> Monitoring:
        found = read_monitoring(path)
        if found.thresholds == {"EB/digi": 2.0}:
            path.write_text(path.read_text().replace("2.0", "23.0"), "utf-8")
        return found

    first = read()
    tuning = Tuning(settings_of(first))
    reloader = Reloader(path, first, read, settings_of, tuning, Status("test"))
    path.write_text(path.read_text().replace("1.0", "2.0"), "utf-8")
    for _ in range(4):
        reloader.look()
    assert tuning.now.gate.raised == {"EB/digi": 23.0}


def test_another_file_of_conditions_is_read_once(desk: Desk) -> None:
    (desk.table.parent / "others.csv").write_text("run,state\n7,RAMP\n", "utf-8")
    assert desk.looks(TEXT.replace("conditions.csv", "others.csv")) is not None
    assert desk.looks() is None
    assert desk.looks() is None


@pytest.mark.parametrize(
    "text", ["a =", TEXT.replace("1.0", "-1"), TEXT.replace("conditions.csv", "none.csv")]
)
def test_what_is_wrong_is_refused_and_what_was_is_held(desk: Desk, text: str) -> None:
    before = desk.tuning.now
    assert desk.looks(text) is None
    assert desk.tuning.now is before
    assert desk.state() == "degraded"
    desk.path.unlink()
    assert desk.looks() is None
    assert desk.looks(TEXT.replace("1.0", "3.0")) is not None
    assert desk.state() == "ok"


@pytest.mark.parametrize(
    "text",
    ["state\nSPECIAL\n", "run,state\n0,RAMP\n", "run\n" + "9" * 5_000, 'run,detail\n1,"' + "x" * 200_000],
)
def test_a_file_of_conditions_that_cannot_be_used_is_refused(desk: Desk, text: str) -> None:
    desk.table.write_text(text, "utf-8")
    assert desk.looks() is None
    assert desk.state() == "degraded"
    desk.table.write_text("run,first,last,state\n", "utf-8")
    assert desk.looks() is not None
    assert desk.state() == "ok"


def test_conditions_that_change_are_taken_over(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def state(settings: Settings | None) -> LumiState | None:
        assert settings is not None
        assert settings.gate.table is not None
        said = settings.gate.table(LumiId(1, 6))
        return None if said is None else said.state

    assert state(desk.tuning.now) is None
    desk.table.write_text("run,first,last,state\n1,1,6,SPECIAL\n", "utf-8")
    assert state(desk.looks()) is LumiState.SPECIAL
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["changed"] == "the file of conditions"


def test_what_needs_a_restart_is_said_until_it_is_as_before(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.looks(TEXT.replace('"spool"', '"other"') + "[health]\nport = 1\n[retry]\nattempts = 3\n")
    read, restart = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert read["changed"] == "retry"
    assert (restart["event"], restart["keys"]) == (
        "configuration needs a restart",
        "monitor.spool, health",
    )
    ((part, trouble),) = desk.status.troubles.items()
    assert part == "restart"
    assert trouble.detail == "monitor.spool, health changed, which applies after a restart"
    assert desk.state() == "degraded"
    assert desk.status.line.startswith(f"degraded; restart: {trouble.detail}")
    desk.looks("a =")  # what cannot be read says nothing of it
    assert set(desk.status.troubles) == {"restart", "settings"}
    capsys.readouterr()
    desk.looks(TEXT)
    assert desk.state() == "ok"
    assert [json.loads(line)["changed"] for line in capsys.readouterr().err.splitlines()] == ["retry"]


def test_the_log_changes_its_shape_and_level(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.looks(TEXT.replace('"json"', '"text"').replace("1.0", "2.0"))
    assert "configuration read again       changed='thresholds, log'" in capsys.readouterr().err
    desk.looks(TEXT.replace('"info"', '"error"'))
    assert capsys.readouterr().err == ""
