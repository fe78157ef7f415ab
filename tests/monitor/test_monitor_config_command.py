"""`caloscope monitor --config`: looked at, run, and changed while it runs."""

import json
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from caloscope.config.monitoring import HealthTable, Monitoring
from caloscope.faults import Fault
from caloscope.monitor.checking import _health
from caloscope.records import Lumisection
from caloscope.store import Store

from ..forked import Forked
from ..pipeline.making import LABEL, MAP, RUN, fill, trained
from ..running import Ended, forked, started
from .files import drop
from .spooling import Site, prepared, until
from .test_monitor_config import EXAMPLE

LOW = (1, 1)
"""A cell that counts too little from the first lumisection on."""

TEXT = """
[monitor]
spool = "spool"
store = "store.sqlite"
bundles = ["toy.bundle"]
label = "test"
output_dir = "output"
poll_seconds = 0.2

[thresholds]
"TOY/hits" = 100.0

[health]
port = 0

[log]
format = "json"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    trained(tmp_path)
    return prepared(tmp_path, tmp_path / "toy.bundle")


def told(site: Site, text: str, *options: str) -> Ended:
    """What the command says of a configuration."""
    (site.folder / "monitor.toml").write_text(text, "utf-8")
    return typed(site, "--config", str(site.folder / "monitor.toml"), *options)


def typed(site: Site, *options: str, **environment: str) -> Ended:
    """What the command says, standing in another folder than the configuration."""
    (site.folder / "elsewhere").mkdir(exist_ok=True)
    return forked(["monitor", *options], site.folder / "elsewhere", environment)


def rows(done: Ended) -> list[tuple[str, str]]:
    return [(line[:5].strip(), line[6:17].strip()) for line in done.out.splitlines()]


def test_the_example_passes_where_its_folders_are_and_nothing_is_made(site: Site) -> None:
    site.store.unlink()
    text = EXAMPLE.read_text("utf-8")
    for before, after in {
        "/data/dqm/spool": str(site.spool),
        "/var/lib/caloscope": str(site.folder),
        "/etc/caloscope/bundles/EB.bundle": str(site.bundle),
        '    "/etc/caloscope/bundles/EEp.bundle",\n': "",
        "EB/digi": MAP,
        "8766": "0",
    }.items():
        assert before in text
        text = text.replace(before, after)
    files = sorted(site.folder.rglob("*"))
    done = told(site, text, "--check")
    assert done.code == 0, done.out + done.told
    assert [verdict for verdict, _ in rows(done)] == ["ok"] * 8
    assert [what for _, what in rows(done)] == [
        "spool",
        "store",
        "bundle",
        "checkpoints",
        "output",
        "conditions",
        "retention",
        "health",
    ]
    made = set(site.folder.rglob("*")) - set(files)
    assert {path.name for path in made} == {"monitor.toml", "elsewhere"}


def test_a_check_names_all_that_would_not_work(site: Site) -> None:
    text = TEXT.replace('"spool"', '"nowhere"').replace('"output"', '"nowhere/output"')
    text = text.replace('"toy.bundle"', '"toy.bundle", "none.bundle"').replace(MAP, "EB/digi")
    done = told(site, text.replace('"store.sqlite"', '"toy.bundle/bundle.toml"'), "--check")
    assert done.code == 2
    assert [what for verdict, what in rows(done) if verdict == "bad"] == [
        "spool",
        "store",
        "bundle",
        "output",
    ]
    assert ("note", "settings") not in rows(done)  # the bundle that is not there may judge that map
    assert done.told == "caloscope: 4 of these would not work, expected none\n"


def test_a_check_beside_a_monitor_finds_its_store_and_its_port(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = TEXT.replace("port = 0", f"port = {taken.getsockname()[1]}").replace(MAP, "EB/digi")
        done = told(site, text, "--check")
    assert done.code == 0
    assert "note  settings    EB/digi is named, and no bundle judges it\n" in done.out
    assert "files known: none" in done.out
    assert ("note", "health") in rows(done)


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1", "a..b"])
def test_a_check_finds_an_address_that_cannot_be_had(host: str) -> None:
    table = HealthTable(host=host, port=0)
    found = _health(Monitoring.model_construct(health=table))
    assert (found.verdict, found.what) == ("bad", "health")
    assert found.told.startswith(f"{host}:0: found ")


def test_every_fault_of_a_configuration_is_a_line(site: Site) -> None:
    done = told(site, TEXT.replace('"spool"', "3").replace("0.2", "'fast'"))
    assert done.code == 2
    assert done.told.splitlines() == [
        "caloscope: monitor.toml: monitor.spool: found 3, expected the path of a folder",
        'caloscope: monitor.toml: monitor.poll_seconds: found "fast", expected a number of seconds from 0.05 '
        "to 60",
    ]


def test_options_go_before_the_file_and_the_file_before_the_environment(site: Site) -> None:
    (site.folder / "elsewhere").mkdir()
    done = told(site, TEXT, "../spool", "--store", "mine.sqlite", "--check")
    assert f"{site.folder}/elsewhere/../spool: 0 files" in done.out
    assert f"{site.folder}/elsewhere/mine.sqlite: not there yet, will be created" in done.out
    config = ["--config", str(site.folder / "monitor.toml"), "--check"]
    assert f"{site.store}: files" in typed(site, *config, CALOSCOPE_STORE="/nowhere/a.sqlite").out
    (site.folder / "monitor.toml").write_text(TEXT.replace('store = "store.sqlite"\n', ""), "utf-8")
    assert f"{site.store}: files" in typed(site, *config, CALOSCOPE_STORE=str(site.store)).out
    assert "monitor.store: found nothing, expected the path" in typed(site, *config, CALOSCOPE_STORE="").told


def test_without_a_configuration_what_is_missing_is_named(site: Site) -> None:
    done = typed(site, str(site.spool), CALOSCOPE_STORE="")
    assert done.code == 2
    assert done.told == "caloscope: monitor: --store, --bundle missing, expected it here, or --config FILE\n"


@dataclass(frozen=True)
class Running:
    """A monitor that runs by a configuration."""

    site: Site
    process: Forked
    manager: socket.socket

    def events(self, event: str) -> list[dict[str, object]]:
        """Objects of the log."""
        lines = self.site.log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [each for each in found if each["event"] == event]

    def wait(self, event: str, count: int = 1) -> dict[str, object]:
        """The last of so many."""
        until(lambda: len(self.events(event)) >= count, self.process)
        return self.events(event)[count - 1]

    def verdict(self, lumisection: Lumisection) -> str:
        """What is said of a lumisection that is dropped now."""
        drop(self.site.spool, lumisection)
        with Store(str(self.site.store), read_only=True) as store:
            lumi = lumisection.lumi
            until(lambda: store.results(LABEL, RUN, first=lumi, last=lumi), self.process)
            (row,) = store.results(LABEL, RUN, first=lumi, last=lumi)
            return f"{row.quality} {row.bad_cells} {row.masked_cells}"

    def health(self) -> tuple[int, dict[str, object]]:
        address = str(self.wait("health")["address"])
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metrics(self) -> str:
        address = str(self.wait("health")["metrics"])
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())

    def rewrite(self, text: str) -> None:
        """The configuration, as an editor saves it: another file that takes the place of the old one."""
        path = self.site.folder / "monitor.toml"
        path.with_suffix(".new").write_text(text, "utf-8")
        path.with_suffix(".new").replace(path)

    def heard(self) -> list[str]:
        """What the service manager was told."""
        found = []
        while True:
            try:
                found += self.manager.recv(4_096).decode().split("\n")
            except BlockingIOError:
                return found


@contextmanager
def running(site: Site, text: str = TEXT) -> Iterator[Running]:
    path = site.folder / "monitor.toml"
    path.write_text(text, "utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(site.folder / "notify"))
        manager.setblocking(False)
        service = {"NOTIFY_SOCKET": str(site.folder / "notify"), "WATCHDOG_USEC": "2000000"}
        process = started(["monitor", "--config", str(path)], site.log, variables=service)
        try:
            yield Running(site, process, manager)
        finally:
            process.kill()
            process.wait()


def test_thresholds_and_masks_apply_without_a_restart(site: Site) -> None:
    lumisections = fill(14, [Fault(MAP, LOW, "factor", 0.8)])
    with running(site) as monitor:
        assert {monitor.verdict(each) for each in lumisections[:8]} == {"GOOD 0 1"}
        monitor.rewrite(TEXT.replace("100.0", "0.0"))
        assert monitor.wait("configuration read again")["changed"] == "thresholds"
        assert [monitor.verdict(each) for each in lumisections[8:12]][-1] == "BAD 1 1"
        with Store(str(site.store)) as store:
            store.add_mask(MAP, [LOW], "tester", "known")
        assert monitor.verdict(lumisections[12]) == "GOOD 0 2"
        monitor.rewrite(TEXT.replace("100.0", '"low"'))
        refused = monitor.wait("configuration refused")
        expected = "numbers of nats from 0 to 100 by map such as EB/digi"
        assert refused["detail"] == f'monitor.toml: thresholds."TOY/hits": found "low", expected {expected}'
        code, found = monitor.health()
        assert (code, found["state"]) == (200, "degraded")
        assert monitor.verdict(lumisections[13]) == "GOOD 0 2"  # as before: the threshold is the low one
        monitor.rewrite(TEXT.replace("0.2", "0.4"))
        monitor.process.send_signal(signal.SIGHUP)
        assert monitor.wait("configuration needs a restart")["keys"] == "monitor.poll_seconds"
        assert monitor.health()[1]["state"] == "degraded"
        assert 'caloscope_trouble{part="restart"} 1.0' in monitor.metrics()
        assert 'caloscope_trouble{part="settings"} 0.0' in monitor.metrics()
        monitor.process.send_signal(signal.SIGTERM)
        assert monitor.process.wait(20) == 0
    assert not site.lines("Traceback")


def test_it_says_how_it_is_to_everybody_who_asks(site: Site) -> None:
    lumisections = fill(3)
    with running(site) as monitor:
        for each in lumisections:
            monitor.verdict(each)
        until(lambda: len(site.files()) == 3, monitor.process)
        code, found = monitor.health()
        assert (code, found["state"], found["files"], found["trouble"]) == (200, "ok", {"DONE": 3}, [])
        metrics = monitor.metrics()
        assert 'caloscope_files_total{status="DONE"} 3.0' in metrics
        assert f'caloscope_results_total{{map="{MAP}",quality="GOOD"}} 3.0' in metrics
        # How long what lay there at the start had waited is not known.
        assert re.search(r"^caloscope_delay_seconds_count [23]\.0$", metrics, re.MULTILINE)
        heard = monitor.heard()

        def fed() -> bool:
            heard.extend(monitor.heard())
            return "WATCHDOG=1" in heard

        until(fed, monitor.process)
        site.spool.rename(site.folder / "away")
        until(lambda: monitor.health()[0] == 503, monitor.process)
        assert [each["what"] for each in monitor.health()[1]["trouble"]] == ["spool"]  # type: ignore[attr-defined]
        (site.folder / "away").rename(site.spool)
        until(lambda: monitor.health()[0] == 200, monitor.process)
        monitor.process.send_signal(signal.SIGTERM)
        assert monitor.process.wait(20) == 0
        heard += monitor.heard()
    assert heard[0] == "READY=1"
    assert "STOPPING=1" in heard
    assert any("run 2 LS 3 TOY/hits GOOD; 3 files taken" in line for line in heard)
    assert all(json.loads(line)["timestamp"] for line in site.log.read_text().splitlines()[:-1])


def test_a_reload_before_the_watch_begins_ends_nothing(site: Site) -> None:
    """SIGHUP ends a process that does not listen to it."""
    with running(site) as monitor:
        until(lambda: site.log.exists() and "health" in site.log.read_text(), monitor.process)
        for _ in range(50):
            monitor.process.send_signal(signal.SIGHUP)
        monitor.wait("configuration read again")
        assert monitor.verdict(fill(1)[0]) == "GOOD 0 1"
