"""`/healthz` and `/metrics`, asked as an operator's tools ask."""

import errno
import http.client
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from caloscope.bundle import Bundle
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.monitor import Taken, health, status
from caloscope.monitor.health import Answer, answering, healthz
from caloscope.monitor.metrics import Metrics
from caloscope.monitor.status import Status
from caloscope.pipeline import Pipeline
from caloscope.records import LumiId, MapResult
from caloscope.store import FileRow, Store

from ..pipeline.making import LABEL, MAP, cached_bundle, fill

WORD: Answer = (200, "text/plain", b"a word\n")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return cached_bundle(tmp_path_factory.mktemp("bundle"))


@contextmanager
def served(pages: dict[str, Callable[[], Answer]] | None = None) -> Iterator[tuple[str, int]]:
    with answering("127.0.0.1", 0, pages or {"/word": lambda: WORD}) as address:
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


def asked(where: tuple[str, int], path: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*where, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def file_of(results: list[MapResult], error: SourceError | None = None) -> Taken:
    lumis = tuple({LumiId(result.key.run, result.key.lumi) for result in results})
    return Taken(
        Path("/spool/a.root"),
        lumis,
        tuple(results),
        scored=len(results),
        error=error,
        stages={"waited": 0.01, "read": 0.02, "score": 0.03, "store": 0.04, "output": 100.0},
    )


def test_pages_are_given_by_their_exact_name() -> None:
    with served() as where:
        assert asked(where, "/word") == (200, b"a word\n")
        assert asked(where, "/word?a=b") == (200, b"a word\n")
        assert asked(where, "/word", "HEAD") == (200, b"")
        for path in ("/", "/word/", "/../word", "/word/../../etc/passwd", "/%77ord"):
            assert asked(where, path) == (404, b"/word are all there is\n")
        assert asked(where, "/word", "POST")[0] == 501


def test_it_answers_while_many_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that hold a connection without a request are dropped, and never take all threads for long."""
    monkeypatch.setattr(health, "HEAD_SECONDS", 0.5)
    before = threading.active_count()
    with served() as where:
        silent = [socket.create_connection(where) for _ in range(30)]
        slow = socket.create_connection(where)
        slow.sendall(b"GET /word HTTP/1.1\r\nX: ")
        assert threading.active_count() <= before + 1 + health.MOST_REQUESTS
        deadline = time.monotonic() + 60
        while True:
            slow_is_open = _drips(slow)
            try:
                if asked(where, "/word") == (200, b"a word\n"):
                    break
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert time.monotonic() < deadline
        for each in silent:
            each.close()
        while slow_is_open:
            assert time.monotonic() < deadline, "a request that never ends is never dropped"
            time.sleep(0.05)
            slow_is_open = _drips(slow)
        slow.close()


def test_who_says_nothing_holds_a_place_for_a_second() -> None:
    began = time.monotonic()
    with served() as where, socket.create_connection(where) as silent:
        silent.settimeout(60)
        assert b"200" not in silent.recv(100)
        assert time.monotonic() - began > 0.9


def _drips(connection: socket.socket) -> bool:
    """Send a little more; whether anybody still listens."""
    try:
        connection.sendall(b"a")
        connection.setblocking(False)
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.setblocking(True)


@pytest.mark.parametrize(
    "head", [b"\0\1\2\r\n\r\n", b"GET\r\n\r\n", b"GET /word HTTP/9.9\r\n\r\n", b"A" * 20_000]
)
def test_what_is_no_request_is_answered_or_dropped_and_the_next_one_is_served(head: bytes) -> None:
    with served() as where:
        with socket.create_connection(where, timeout=10) as connection:
            try:
                connection.sendall(head)
                connection.shutdown(socket.SHUT_WR)  # it may be gone already
                first = connection.recv(100)
            except OSError as error:
                if error.errno not in {errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE}:
                    raise
                first = b""
        assert not first or b" 400 " in first or b" 505 " in first or first.startswith(b"<!DOCTYPE")
        assert asked(where, "/word")[0] == 200


def test_a_port_that_is_taken_is_one_line() -> None:
    with (
        served() as (host, port),
        pytest.raises(UsageError, match=rf"^health 127.0.0.1:{port}: cannot listen there \(.*in use\), exp"),
        answering(host, port, {}),
    ):
        pass


def test_the_state_is_the_worst_that_applies(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Status(LABEL)
    assert (told.state, told.is_well) == ("starting", True)
    told.looked()
    assert (told.state, told.is_well) == ("ok", True)
    told.trouble("settings", "found 3, expected 4")
    assert (told.state, told.is_well) == ("degraded", True)
    told.trouble("store", "disk full")
    told.trouble("store", "disk still full")
    assert (told.state, told.is_well) == ("trouble", False)
    first, second = json.loads(healthz(told.is_well, told.report())[2])["trouble"]
    assert (first["what"], second["what"]) == ("settings", "store")
    assert (second["detail"], second["times"]) == ("disk still full", 2)
    assert second["since"].endswith("+00:00")
    told.healed("store")
    told.healed("spool")
    assert told.state == "degraded"
    monkeypatch.setattr(status, "STUCK_SECONDS", 0.01)
    time.sleep(0.03)
    assert (told.state, told.is_well) == ("stuck", False)
    told.waiting(3)
    assert told.state == "degraded"


def test_healthz_says_what_was_last_and_503_where_somebody_has_to_come(
    tmp_path: Path, bundle: Bundle
) -> None:
    told = Status(LABEL)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        results = [result for lumisection in fill(2) for result in pipeline.take(lumisection)]
    with served({"/healthz": lambda: healthz(told.is_well, told.report())}) as where:
        told.waiting(7)
        told.taken(file_of(results))
        status_, body = asked(where, "/healthz")
        assert status_ == 200
        found = json.loads(body)
        assert found["state"] == "ok"
        assert (found["backlog"], found["files"]) == (7, {"DONE": 1})
        assert found["last_file"]["name"] == "a.root"
        verdict = found["last_verdict"]
        assert (verdict["run"], verdict["lumi"], verdict["map"], verdict["quality"]) == (2, 2, MAP, "GOOD")
        told.trouble("spool", "cannot be listed")
        told.taken(file_of([], SourceError("a.root", Fault.TRUNCATED, "3 bytes", "4")))
        status_, body = asked(where, "/healthz")
        assert status_ == 503
        found = json.loads(body)
        assert found["files"] == {"DONE": 1, "TRUNCATED": 1}
        assert found["last_verdict"] == verdict
        assert told.line.startswith(
            "trouble; spool: cannot be listed; run 2 LS 2 TOY/hits GOOD; 2 files taken"
        )


def numbers(metrics: Metrics) -> dict[str, float]:
    """What Prometheus would see."""
    code, kind, body = metrics.page()
    assert code == 200
    assert kind.startswith("text/plain")
    rows = [line.rpartition(" ") for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_metrics_count_what_was_taken(tmp_path: Path, bundle: Bundle) -> None:
    path = str(tmp_path / "store.sqlite")
    with Store(path) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        results = [result for lumisection in fill(3) for result in pipeline.take(lumisection)]
        store.note_files([FileRow("/spool/old.root", 1, 2, "QUARANTINED", Fault.CONFLICT)])
    metrics = Metrics([bundle], partial(Store, path, read_only=True), LABEL)
    before = numbers(metrics)
    assert before['caloscope_trouble{part="store"}'] == 0
    assert before['caloscope_ledger_files{status="QUARANTINED"}'] == 1
    metrics.waiting(4)
    metrics.taken(file_of(results))
    metrics.taken(file_of([], SourceError("a.root", Fault.CONFLICT, "a", "b")))
    metrics.trouble("store", "disk full")
    found = numbers(metrics)
    assert found['caloscope_files_total{status="DONE"}'] == 1
    assert found['caloscope_files_total{status="CONFLICT"}'] == 1
    assert found["caloscope_lumisections_total"] == 3
    by_quality = Counter(str(result.quality) for result in results)
    for quality, count in by_quality.items():
        assert found[f'caloscope_results_total{{map="{MAP}",quality="{quality}"}}'] == count
    assert found["caloscope_delay_seconds_count"] == 1
    assert found["caloscope_delay_seconds_sum"] == pytest.approx(0.1)  # the output comes after the verdict
    assert found['caloscope_file_stage_seconds_sum{stage="read"}'] == pytest.approx(0.04)
    assert found[f'caloscope_map_stage_seconds_count{{map="{MAP}",stage="detector"}}'] == 3
    assert found["caloscope_backlog_files"] == 4
    assert found['caloscope_trouble{part="store"}'] == 1
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert time.time() - found["caloscope_last_verdict_timestamp_seconds"] < 60
    metrics.healed("store")
    assert numbers(metrics)['caloscope_trouble{part="store"}'] == 0


def test_open_incidents_are_counted_in_the_store_by_map(tmp_path: Path, bundle: Bundle) -> None:
    from caloscope.faults import Fault as Made

    path = str(tmp_path / "store.sqlite")
    metrics = Metrics([bundle], partial(Store, path, read_only=True), LABEL)
    assert not [name for name in numbers(metrics) if "incidents" in name]  # no store is no error
    with Store(path) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in fill(6, [Made(MAP, (1, 1), "dead", onset=1)]):
            pipeline.take(lumisection)
        expected = Counter(
            one.severity.name for one in store.incidents(label=LABEL, open_only=True) if not one.masked
        )
    assert expected
    metrics = Metrics([bundle], partial(Store, path, read_only=True), LABEL)
    found = numbers(metrics)
    names = f'bundle="{bundle.label}",map="{MAP}"'
    for severity, count in expected.items():
        assert found[f'caloscope_open_incidents{{{names},severity="{severity}"}}'] == count


def test_every_metric_is_in_the_manual(tmp_path: Path, bundle: Bundle) -> None:
    path = str(tmp_path / "store.sqlite")
    with Store(path) as store:
        store.note_files([FileRow("/spool/old.root", 1, 2, "DONE")])
    metrics = Metrics([bundle], partial(Store, path, read_only=True), LABEL)
    manual = (Path(__file__).resolve().parents[2] / "docs" / "monitor.md").read_text("utf-8")
    body = metrics.page()[2].decode()
    names = {line.split()[2] for line in body.splitlines() if line.startswith("# TYPE caloscope_")}
    assert len(names) > 12
    for name in names:
        assert re.search(rf"^\| `{name}[`{{]", manual, re.MULTILINE), name
    told = {
        line.split("`")[1].partition("{")[0]
        for line in manual.splitlines()
        if line.startswith("| `caloscope_")
    }
    assert told <= names, "the manual tells of metrics that are not there"
