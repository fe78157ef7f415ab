"""Conversions among people, machines and files that mean no good."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope.convert import EVERY_MAP, Request, Why
from caloscope.convert.batches import batches
from caloscope.convert.combine import combine
from caloscope.convert.dropped import Drops
from caloscope.convert.work import is_done, work
from caloscope.dataset import ShardWriter, Stored, open_data_set, open_shard
from caloscope.errors import UsageError
from caloscope.fetch import expand
from caloscope.records import BinRange, Lumisection, MapRecord

from ..running import caloscope
from .making import RUN, make, write
from .test_convert import left_out, same
from .test_killed import start, until


def test_what_is_left_out_twice_counts_twice_also_out_of_a_shard() -> None:
    drops = Drops()
    for lumi in (3, 4, 4, 4):
        drops.add("EB/digi", Why.NOT_CERTIFIED, RUN, lumi)
    (drop,) = Drops().merge(drops.to_json()).merge(drops.to_json())
    assert (drop.count, str(drop.lumis[RUN])) == (8, "3-4")


def test_taken_and_left_out_make_up_what_was_there(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path / folder, range(1, 6))
    (tmp_path / "golden.json").write_text(json.dumps({str(RUN): [[1, 3]]}))
    report = make([tmp_path / "a", tmp_path / "b"], tmp_path / "data.h5", golden=tmp_path / "golden.json")
    assert report.maps["EB/digi"] + sum(drop.count for drop in report.dropped) == 10
    assert left_out(report) == {("EB/digi", Why.NOT_CERTIFIED): "4-5", ("EB/digi", Why.DUPLICATE): "1-3"}


def test_a_golden_file_that_changed_is_read_again_by_a_process_that_knew_the_old_one(tmp_path: Path) -> None:
    write(tmp_path / "spool", range(1, 6))
    golden = tmp_path / "golden.json"
    request = Request(maps=("EB/digi",), golden=golden)
    for name, last in (("one", 2), ("two", 4)):
        golden.write_text(json.dumps({str(RUN): [[1, last]]}))
        (tmp_path / name).mkdir()
        (batch,) = batches(expand([str(tmp_path / "spool")]), request, tmp_path / name)
        assert work(batch, request).lumisections == last


@pytest.fixture
def stored(tmp_path: Path) -> partial[Stored]:
    """Makes records as they lie in shards."""

    def make_one(values: object, title: str = "x", *, cumulative: bool = False) -> Stored:
        counts = np.array(values, np.uint32)
        axes = tuple(BinRange(title, bins, 0.0, 1.0) for bins in counts.shape)
        record = MapRecord(counts, cumulative=cumulative, axes=axes)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.h5"
        with ShardWriter(path) as shard:
            shard.add(Lumisection("x", RUN, 1, {"plain/a": record}), 0)
            shard.close({})
        return open_shard(path).rows[0].maps["plain/a"]

    return partial(make_one)


def test_parts_of_other_binning_are_not_added(stored: partial[Stored]) -> None:
    first, second = stored([[1, 2]], "x"), stored([[3, 4]], "y")
    found, dropped = combine([(first, True), (second, True)])
    assert (found, dropped) == (None, [Why.CONFLICT, Why.CONFLICT])


def test_equal_bytes_in_another_shape_are_no_duplicate(stored: partial[Stored]) -> None:
    first, second = stored([[1, 2, 3, 4]]), stored([[1, 2], [3, 4]])
    assert combine([(first, False), (second, False)]) == (first, [Why.CONFLICT])


def test_parts_that_grow_are_not_added(stored: partial[Stored]) -> None:
    first, second = stored([[1, 2]], cumulative=True), stored([[3, 4]], cumulative=True)
    found, dropped = combine([(first, True), (second, True)])
    assert (found, dropped) == (None, [Why.CONFLICT, Why.CONFLICT])


def test_a_luminosity_file_without_pileup_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1])
    (tmp_path / "lumi.csv").write_text(
        f"#run:fill,ls,time,hltpath,delivered(/ub),recorded(/ub)\n{RUN}:6900,1:1,08/01/18 05:00:00,a,1,1\n"
    )
    with pytest.raises(UsageError, match=r"lumi\.csv: no pileup of any lumisection"):
        make([tmp_path / "spool"], tmp_path / "data.h5", brilcalc=tmp_path / "lumi.csv")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", [".", "folder", "/", "/dev/null"])
def test_no_data_set_takes_the_place_of_a_folder_or_a_device(tmp_path: Path, name: str) -> None:
    write(tmp_path / "spool", [1])
    (tmp_path / "folder").mkdir()
    output = tmp_path / name
    error = caloscope("convert", tmp_path / "spool", "-o", output, "--map", "EB/digi", "--replace", code=2)
    assert "expected the name of a data set" in error
    assert output.exists()


def test_garbage_among_the_parts_is_done_again(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    request = Request(maps=("EB/digi",), label="ZeroBias")
    parts = tmp_path / ".data.h5.parts"
    parts.mkdir()
    (batch,) = batches(expand([str(tmp_path / "spool")]), request, parts)
    good = work(batch, request)
    assert is_done(batch) == good
    whole = batch.shard.read_bytes()
    with open_shard(batch.shard) as shard:
        sources = shard.meta["sources"]
    for meta in (
        {},
        {"sources": "ab", "dropped": []},
        {"sources": sources[:1], "dropped": []},
        {"sources": sources, "dropped": [{"map": EVERY_MAP, "why": "NO_SUCH_REASON", "lumisections": {}}]},
        {"sources": sources, "dropped": {"a": 1}},
    ):
        with ShardWriter(batch.shard) as writer:
            writer.close(meta)
        assert is_done(batch) is None
    for garbage in (b"", b"garbage", whole[: len(whole) // 2]):
        batch.shard.write_bytes(garbage)
        assert is_done(batch) is None
    batch.shard.write_bytes(whole)
    with h5py.File(batch.shard, "r+") as file:
        file["records/place"][1] = 77
    assert is_done(batch) is None
    assert make([tmp_path / "spool"], tmp_path / "data.h5").lumisections == 2


def test_a_data_set_that_is_to_be_replaced_stays_when_that_fails(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    words = ("convert", tmp_path / "spool", "-o", tmp_path / "data.h5", "--map", "EB/digi")
    caloscope(*words)
    before = (tmp_path / "data.h5").read_bytes()
    caloscope(*words, "--replace", "--lumis", "7", code=1)
    assert (tmp_path / "data.h5").read_bytes() == before


def test_a_disk_that_is_full_is_said_so(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    words = ["convert", tmp_path / "spool", "-o", tmp_path / "data.h5", "--map", "EB/digi", "--workers", 1]
    done = subprocess.run(
        [sys.executable, "-m", "caloscope", *map(str, words)],
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (2000, 2000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "could not be written: File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data.h5").exists()


def test_a_batch_system_may_take_its_machine_back(tmp_path: Path) -> None:
    write(tmp_path / "spool", range(1, 300))
    output = tmp_path / "data.h5"
    process = start(tmp_path / "spool", output, workers=2)
    until(lambda: list((tmp_path / ".data.h5.parts").glob("*.h5")) != [] or process.poll() is not None)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    if process.returncode:
        assert process.returncode == 128 + signal.SIGTERM
        assert errors == "interrupted; the same command goes on from here\n"
        assert make([tmp_path / "spool"], output).resumed
    make([tmp_path / "spool"], tmp_path / "again.h5")
    assert same(output, tmp_path / "again.h5")


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[Path]:
    """A source that another process writes to all the time, as far as its times tell."""
    (path,) = write(tmp_path / "spool", [1])
    code = "import itertools, os, sys\nfor n in itertools.count(): os.utime(sys.argv[1], ns=(n, n))"
    with subprocess.Popen([sys.executable, "-c", code, path]) as process:
        until(lambda: path.stat().st_mtime < 10_000)
        yield path
        process.kill()


def test_a_file_that_is_written_to_while_it_is_read_is_said_to_be_bad(restless: Path, tmp_path: Path) -> None:
    # Whether a change falls into so short a reading is chance.
    bad = next(found for _ in range(100) for found in make([restless], tmp_path / "data.h5").bad)
    assert "changed while it was read" in bad
    with open_data_set(tmp_path / "data.h5") as data:
        assert data.provenance["sources"][0]["fault"] == "UNREADABLE"
