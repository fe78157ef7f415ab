"""What the service manager is told, what the units ask of it, and what the log says."""

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from caloscope.monitor import Taken, logs
from caloscope.monitor.logs import Format
from caloscope.monitor.service import ServiceManager, Supervised
from caloscope.monitor.status import STUCK_SECONDS, Status

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


class Manager:
    """A socket on which somebody listens as systemd does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[list[str]]:
        """All that was told since the last time."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(4_096).decode().split("\n"))
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    short = f"{os.getpid()}-{tmp_path.name}"
    found = Manager(f"@caloscope-{short}" if request.param == "abstract" else str(tmp_path / "notify"))
    yield found
    found.close()


def test_it_is_ready_at_the_first_beat_and_alive_at_each(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "4")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    mine, status = ServiceManager.from_environment(), Status("test")
    beats = Supervised(mine, status)
    assert manager.heard() == []
    status.looked()
    beats.looked()
    ready, *rest = manager.heard()
    assert ready == ["READY=1", "STATUS=ok; 0 files taken, 0 wait"]
    assert ["WATCHDOG=1"] in rest
    beats.taken(Taken(Path("a"), (), ()))
    assert manager.heard() == [["WATCHDOG=1"]]
    beats.trouble("store", "disk full")  # no sign of life
    beats.healed("store")
    assert manager.heard() == []
    mine.stopping()
    assert manager.heard() == [["STOPPING=1", "STATUS=stopping"]]
    mine.close()
    beats.looked()
    assert manager.heard() == []


def test_the_watchdog_is_fed_often_enough_and_not_more(manager: Manager) -> None:
    mine = ServiceManager(manager.address, watchdog_seconds=1_000.0)
    for _ in range(100):
        mine.alive()
    assert manager.heard() == [["WATCHDOG=1"]]
    mine.close()
    mine = ServiceManager(manager.address)
    mine.alive()
    assert manager.heard() == []
    mine.close()


def test_a_watchdog_of_somebody_else_is_not_ours(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", "4")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    mine = ServiceManager.from_environment()
    mine.alive()
    assert manager.heard() == []
    mine.close()


def test_a_status_is_one_line_and_says_nothing_else(manager: Manager) -> None:
    mine = ServiceManager(manager.address)
    mine.status("a file\nWATCHDOG=trigger\nMAINPID=1" + "x" * 1_000)
    ((line,),) = manager.heard()
    assert line.startswith("STATUS=a file WATCHDOG=trigger MAINPID=1xxx")
    assert len(line) < 400
    mine.close()


@pytest.mark.parametrize("address", ["", "none", "/nowhere/at/all", "@nobody-there"])
def test_nobody_who_listens_is_no_error(address: str) -> None:
    mine = ServiceManager(address, 1.0)
    mine.ready("all is well")
    mine.alive()
    mine.stopping()
    mine.close()


def lines(shape: Format, level: logs.Level, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What stands on standard error after some things were said."""
    logs.set_up(shape, level)
    log = structlog.get_logger()
    log.debug("a detail")
    log.info("scored", run=2, reason=None, file="a\nb")
    log.error("broken")
    logging.getLogger("library.part").info("chatter")
    logging.getLogger("library.part").warning("found %d", 3)
    warnings.warn("old", UserWarning, stacklevel=1)
    return capsys.readouterr().err.splitlines()


pytestmark = pytest.mark.usefixtures("logs_as_before")


def test_json_is_one_object_a_line_and_holds_what_libraries_say(capsys: pytest.CaptureFixture[str]) -> None:
    found = [json.loads(line) for line in lines("json", "info", capsys)]
    assert [(each["level"], each["event"]) for each in found[:3]] == [
        ("info", "scored"),
        ("error", "broken"),
        ("warning", "found 3"),
    ]
    assert (found[0]["run"], found[0]["reason"], found[0]["file"]) == (2, None, "a\nb")
    assert found[2]["logger"] == "library.part"
    assert "UserWarning: old" in found[3]["event"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", each["timestamp"]) for each in found)
    assert len(found) == 4


def test_text_is_one_line_for_each_from_the_level_up(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines("text", "debug", capsys)
    assert [word for line in found[:4] for word in re.findall(r"\[(\w+) *\]", line)[:1]] == [
        "debug",
        "info",
        "error",
        "warning",
    ]
    assert "run=2" in found[1]
    assert len(lines("text", "error", capsys)) == 1


def test_the_newest_set_up_holds_for_loggers_that_were_there_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = structlog.get_logger()
    logs.set_up("json", "error")
    log.warning("not heard")
    logs.set_up("json", "info")
    log.info("heard")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["heard"]


def unit(path: Path) -> dict[str, list[str]]:
    """Keys of a unit, which may stand there several times."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_start_commands_that_there_are_and_may_do_little(path: Path) -> None:
    from caloscope.cli import app

    found = unit(path)
    program, name, *options = found["ExecStart"][0].split()
    assert program == "/opt/caloscope/bin/caloscope"
    (command,) = [each for each in app.registered_commands if each.name == name]
    shown = subprocess.run(
        [sys.executable, "-m", "caloscope", name, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout
    assert command.callback is not None
    assert all(option in shown for option in options if option.startswith("--"))
    assert found["ProtectSystem"] == ["strict"]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["ReadWritePaths"] == ["/var/lib/caloscope"]
    assert found["User"] == ["caloscope"]
    assert found["Restart"] == ["on-failure"]


def test_the_watchdog_of_the_unit_waits_longer_than_healthz() -> None:
    found = unit(DEPLOY / "caloscope-monitor.service")
    assert found["Type"] == ["notify"]
    assert float(found["WatchdogSec"][0]) > STUCK_SECONDS
    assert found["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        there = path.read_text("utf-8").replace("/opt/caloscope/bin/caloscope", "/bin/true")
        (tmp_path / path.name).write_text(there, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if "caloscope" in line]
    assert told == []


def test_the_container_runs_as_nobody_special_and_asks_for_its_health() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "/healthz" in text
    assert 'CMD ["monitor", "--config", "/etc/caloscope/monitor.toml"]' in text
    root = DEPLOY.parent
    copied = [
        name for line in re.findall(r"^COPY (?!--)(.*)", text, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert copied
    assert all((root / name).exists() for name in copied)
    (port,) = re.findall(r"127\.0\.0\.1:(\d+)/healthz", text)
    example = tomllib.loads((DEPLOY / "monitor.toml").read_text("utf-8"))
    assert example["health"]["port"] == int(port)


def test_events_in_the_manual_are_said_by_the_code() -> None:
    root = DEPLOY.parent
    manual = (root / "docs" / "monitor.md").read_text("utf-8").split("### The log")[1].split("### ")[0]
    code = "".join(path.read_text("utf-8") for path in (root / "src/caloscope/monitor").glob("*.py"))
    events = [
        name for row in re.findall(r"^\| (`.*?) \|", manual, re.MULTILINE) for name in row.split("`")[1::2]
    ]
    assert len(events) > 8
    assert [event for event in events if f'"{event}"' not in code] == []
