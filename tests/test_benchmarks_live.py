"""What the benchmarks of the live monitor count with, and the benchmarks themselves on a few lumisections."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bare, endurance, live
from benchmarks.delay_picture import delay_figure
from benchmarks.following import TOGETHER, Measured, measure, stages_of
from benchmarks.live import ERA, MAPS, RUN, Site, changes_in, usage
from benchmarks.memory_picture import memory_figure
from benchmarks.samples import Sample, slope
from benchmarks.stamped import stamped
from caloscope.geometry import view
from caloscope.readers import read
from caloscope.records import LumiId, Lumisection
from caloscope.store import FileRow, Store

PNG = b"\x89PNG\r\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def taken(site: Site, path: Path) -> Lumisection:
    specs = [spec for spec, _ in site.maps]
    (found,) = read(path, specs, label="test", era=ERA, views=view)
    return found


def test_changes_are_found_among_all_that_a_stream_sends() -> None:
    lines = [
        b"HTTP/1.1 200 OK\r",
        b"4f\r",
        b"id: 7\r",
        b"event: change\r",
        b'data: {"kind": "result", "lumi": 3}\r',
        b"event: heartbeat\r",
        b"data: 1.5\r",
    ]
    assert changes_in(lines) == [{"kind": "result", "lumi": 3}]


def test_a_stamped_file_is_that_of_another_lumisection(site: Site) -> None:
    (lumisection,) = site.fill(RUN, 1)
    for each in stamped(site, lumisection, 1000):
        name, content = each.at(LumiId(RUN + 7, 2345))
        path = site.spool / name
        path.write_bytes(content)
        found = taken(site, path)
        assert found.id == (RUN + 7, 2345)
        assert name.endswith("_R000320009_L000002345.root")
        assert not found.missing
        for map_name, record in found.maps.items():
            exists = {spec.name: on for spec, on in site.maps}[map_name].exists
            np.testing.assert_array_equal(record.counts[exists], lumisection.maps[map_name].counts[exists])
        with pytest.raises(ValueError, match="as many digits"):
            each.at(LumiId(RUN, 12))


def test_the_bare_copy_takes_all_maps(site: Site) -> None:
    (lumisection,) = site.fill(RUN, 1)
    inside = bare.paths(RUN)
    with closing(sqlite3.connect(site.folder / "bare.sqlite")) as connection:
        bare.prepare(connection)
        for path in site.write(lumisection):
            bare.copy(path, inside[path.name.split("_")[2]], connection)
        rows = connection.execute("SELECT content FROM copy").fetchall()
    assert len(rows) == sum(map(len, inside.values())) == 3 + 7
    counted = sum(float(np.frombuffer(content, np.float32).sum()) for (content,) in rows)
    assert counted == sum(int(record.counts.sum()) for record in lumisection.maps.values())


def test_stages_add_up_to_the_time_until_the_event() -> None:
    first = {"waited": 0.004, "ordered": 0.001, "read": 0.003, "score": 0.02, "store": 0.01, "output": 0.2}
    second = {"waited": 0.004, "ordered": 0.034, "read": 0.002, "score": 0.03, "store": 0.01}
    rows = [FileRow(name, 1, 1, "DONE", stages=each) for name, each in (("a", first), ("b", second))]
    stages = stages_of(rows, verdict=85.0, event=91.0)
    assert sum(stages.values()) == pytest.approx(91.0)
    assert stages["ordered"] == pytest.approx(1.0)
    assert stages["score"] == pytest.approx(50.0)
    assert stages["other"] == pytest.approx(5.0)
    assert stages["event"] == pytest.approx(6.0)


def test_a_slope_is_found_and_a_flat_line_has_none() -> None:
    rng = np.random.default_rng(1)
    x = np.arange(200.0)
    grown = slope(x, 5.0 + 3.0 * x + rng.normal(0.0, 10.0, 200))
    assert grown.low < 3.0 < grown.high
    assert 0.0 < grown.high - grown.low < 0.2
    flat = [slope(x, rng.normal(0.0, 10.0, 200)) for _ in range(100)]
    assert sum(each.low < 0.0 < each.high for each in flat) >= 88
    walks = [slope(x, np.cumsum(rng.normal(0.0, 1.0, 200))) for _ in range(100)]
    assert sum(each.low < 0.0 < each.high for each in walks) >= 60  # 20 of 100 where all points count as free
    with pytest.raises(ValueError, match="found 3 points, expected 4"):
        slope(x[:3], x[:3])


def test_usage_is_that_of_a_process() -> None:
    mine = usage(os.getpid())
    assert 1e7 < mine.private <= mine.resident < 1e11
    assert mine.seconds > 0.0
    assert mine.threads >= 1
    assert mine.descriptors >= 3
    with pytest.raises(OSError, match="No such file"):
        usage(2**30)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    delays = {name: list(np.linspace(50.0, 120.0, 30)) for name in (*MAPS, TOGETHER)}
    stages = {"noticed": [5.0] * 30, "score": [50.0] * 30, "other": [-1.0] * 30, "event": [30.0] * 30}
    measured = Measured(delays, delays, [20.0] * 30, stages, [100.0] * 30)
    assert delay_figure(measured, 0.5, {0.5: 100.0, 0.99: 300.0}).startswith(PNG)
    used = usage(os.getpid())
    samples = [Sample(10 * number, float(number), used, used, 10**6, 10**6, 3, 10**5) for number in range(20)]
    settled = endurance.settled_of(samples)
    assert settled[0].lumis == 30
    assert memory_figure(samples, settled, endurance.growth(settled), 5).startswith(PNG)


@pytest.mark.slow
def test_delays_are_measured(site: Site) -> None:
    measured = measure(site, 3, 1.0)
    for columns in (measured.verdict, measured.event):
        assert {name: len(values) for name, values in columns.items()} == dict.fromkeys((*MAPS, TOGETHER), 3)
        assert all(value > 0.0 for values in columns.values() for value in values)
    assert all(told > 0.0 for told in measured.bare)
    assert np.sum(list(measured.stages.values()), axis=0) == pytest.approx(measured.event[TOGETHER])
    assert {"monitor", "page server"} == measured.used.keys()


@pytest.mark.slow
def test_endurance_is_measured_and_retention_holds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endurance, "RUN_LENGTH", 20)
    monkeypatch.setattr(endurance, "SIMULATED", 10)
    monkeypatch.setattr(endurance, "FAULTS", ())
    samples = endurance.measure(site, 30)
    assert [each.lumis for each in samples] == [0, 10, 20, 30]
    assert samples[-1].spool == 0
    assert samples[-1].store > samples[0].store
    with Store(str(site.store), read_only=True) as store:
        assert store.runs(live.LABEL) == [RUN, RUN + 1]
        assert len(store.results(live.LABEL, RUN)) == 20 * len(MAPS)
        assert len(store.files()) == 2 * 30 + 1
