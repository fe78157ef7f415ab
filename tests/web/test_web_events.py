"""The stream of changes: from a store that another process writes, through a real server."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from caloscope.store import ChangeRow, Store
from caloscope.web.events import Broadcaster
from caloscope.web.listeners import BACKLOG, QUEUE_LENGTH, Listener
from caloscope.web.source import Source

from . import filling
from .conftest import running
from .filling import BARREL, HADRON, fill, record_lumi

BOTH = (BARREL, HADRON)


def events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Server-sent events as dictionaries."""
    event: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line and event:
            yield event
            event = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


def changes(answer: httpx.Response) -> Iterator[dict[str, str]]:
    return (event for event in events(answer) if event["event"] != "heartbeat")


def writer(path: Path, first: int, last: int, pause: float) -> subprocess.Popen[bytes]:
    """Another process that records lumisections."""
    script = str(Path(filling.__file__))
    return subprocess.Popen([sys.executable, script, str(path), str(first), str(last), str(pause)])


def until_lumi(answer: httpx.Response, lumi: int) -> list[dict[str, str]]:
    """Events up to the one with the result of a lumisection."""
    seen = []
    for event in changes(answer):
        seen.append(event)
        data = json.loads(event["data"])
        if data["kind"] == "result" and data["lumi"] == lumi:
            return seen
    raise AssertionError("the stream ended")


def test_what_another_process_writes_is_told_and_can_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    fill(path, lumis=2, bundles=BOTH)
    with running(path) as address:
        since = httpx.get(f"{address}api/status").json()["last_change"]
        with httpx.stream("GET", f"{address}api/changes", timeout=20) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            with writer(path, 3, 5, 0.2) as process:
                seen = until_lumi(answer, 5)
            assert process.returncode == 0
        ids = [int(event["id"]) for event in seen]
        assert ids == sorted(set(ids))
        assert min(ids) > since
        # a browser that comes back says which event it saw last
        headers = {"Last-Event-ID": seen[1]["id"]}
        with httpx.stream("GET", f"{address}api/changes?since=0", headers=headers, timeout=20) as answer:
            again = until_lumi(answer, 5)
        # the last lumisection has several events, of which `until_lumi` takes the first
        assert again == seen[2:]


def test_a_change_arrives_by_its_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not when the store is looked at again."""
    monkeypatch.setattr("caloscope.web.events.WAIT_SECONDS", 60.0)
    path = tmp_path / "store.db"
    fill(path, lumis=1, bundles=BOTH)
    with (
        running(path) as address,
        Store(str(path)) as store,
        httpx.stream("GET", f"{address}api/changes", timeout=20) as answer,
    ):
        stream = changes(answer)
        record_lumi(store, 2, bundles=BOTH)
        next(stream)  # within the twenty seconds of the client


def test_one_who_missed_too_much_or_knows_another_store_is_told_to_start_again(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    fill(path, lumis=1, bundles=BOTH)
    with running(path) as address:
        last = httpx.get(f"{address}api/status").json()["last_change"]
        with httpx.stream("GET", f"{address}api/changes?since={last + 1000}", timeout=20) as answer:
            event = next(changes(answer))
        assert (event["event"], event["id"]) == ("reset", str(last))


def row(number: int) -> ChangeRow:
    return ChangeRow(number, "result", "A", 1, number, "EB/digi")


def test_one_who_stops_reading_is_dropped() -> None:
    listener = Listener(0)
    assert all(listener.offer([row(number)]) for number in range(1, QUEUE_LENGTH + 1))
    assert listener.offer([row(1)]), "nothing new"
    assert not listener.offer([row(QUEUE_LENGTH + 1)])
    assert listener.dropped


def test_a_burst_becomes_one_reset() -> None:
    listener = Listener(0)
    assert listener.offer([row(number) for number in range(1, BACKLOG + 2)])
    batch = listener.queue.get_nowait()
    assert batch is not None
    assert [event["event"] for event in batch] == ["reset"]


def test_listeners_come_go_and_end_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    fill(path, lumis=1, bundles=BOTH)

    async def scenario() -> None:
        source = Source(str(path))
        broadcaster = Broadcaster(source)
        one, two = broadcaster.listen(0), broadcaster.listen(0)
        assert (await anext(one)) == (await anext(two))
        assert broadcaster.listeners == 2
        await one.aclose()  # type: ignore[attr-defined]
        assert broadcaster.listeners == 1
        await broadcaster.close()
        assert [event async for event in two][-1]["event"] == "change", "what was missed is still told"
        assert broadcaster.listeners == 0
        source.close()

    asyncio.run(scenario())


def test_trimmed_changes_and_another_store_are_told_as_reset(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    fill(path, lumis=3, bundles=BOTH)
    with running(path) as address:
        with Store(str(path)) as store:
            store.trim_changes(2)
        with httpx.stream("GET", f"{address}api/changes?since=1", timeout=20) as answer:
            assert next(changes(answer))["event"] == "reset"
        with httpx.stream("GET", f"{address}api/changes", timeout=20) as answer:
            fill(tmp_path / "new.db", lumis=1, bundles=BOTH)
            (tmp_path / "new.db").replace(path)
            assert next(changes(answer))["event"] == "reset"
        status = httpx.get(f"{address}api/status").json()
        assert status["lumi"] == 1
        (path).unlink()
        assert httpx.get(f"{address}api/status").status_code == 503


def test_one_who_joins_while_others_are_told_misses_nothing(tmp_path: Path) -> None:
    """A listener may ask for the last change just before one is written that others are told of."""
    path = tmp_path / "store.db"
    fill(path, lumis=1, bundles=BOTH)

    async def scenario() -> None:
        source = Source(str(path))
        broadcaster = Broadcaster(source)
        first = broadcaster.listen(None)
        waiting: asyncio.Task[dict[str, str]] = asyncio.create_task(anext(first))  # type: ignore[arg-type]
        while not broadcaster.listeners:
            await asyncio.sleep(0.01)
        missed = broadcaster._missed

        def slow(after: int | None) -> tuple[list[dict[str, str]], int]:
            answer = missed(after)
            with Store(str(path)) as store:
                record_lumi(store, 2, bundles=BOTH)
            time.sleep(0.3)
            return answer

        broadcaster._missed = slow  # type: ignore[method-assign]
        late = await asyncio.wait_for(anext(broadcaster.listen(None)), 10)
        assert late == await waiting
        await broadcaster.close()
        source.close()

    asyncio.run(scenario())
