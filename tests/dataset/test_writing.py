"""A data set is written whole or not at all, and only with rows that make sense."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.dataset import MapInfo, Row, open_data_set, write
from caloscope.errors import CaloscopeError, SourceError
from caloscope.records import BinRange, MapRecord

from .making import EB, RUN, counts, everything, info, left_in, rows, save, small

SHAPE = (3, 4)
MAP = info(EB, SHAPE)
RECORD = MapRecord(counts(SHAPE))


def row(lumi: int = 1, run: int = RUN, record: MapRecord = RECORD, name: str = EB) -> Row:
    """A row with one map."""
    return Row(run, lumi, None, {name: record})


@pytest.mark.parametrize(
    ("content", "count", "what"),
    [
        ([row(2), row(1)], 2, "after"),
        ([row(2), row(2)], 2, "after"),
        ([row(1, RUN + 1), row(9, RUN)], 2, "after"),
        ([row(1)], 2, "not the 2 announced"),
        ([row(1), row(2)], 1, "more rows than the 1"),
        ([row(run=0)], 1, "run 0"),
        ([row(run=2**32)], 1, f"run {2**32}"),
        ([row(lumi=-1)], 1, "lumisection -1"),
        ([replace(row(), began_at=float("inf"))], 1, "inf"),
        ([row(name="EB/other")], 1, "not announced"),
        ([row(record=replace(RECORD, counts=RECORD.counts[:2]))], 1, "announced as counts"),
        ([row(record=replace(RECORD, counts=RECORD.counts.astype(np.float32)))], 1, "announced as counts"),
        (
            [row(record=replace(RECORD, counts=RECORD.counts.astype(np.int64)))],
            1,
            "neither uint32 nor float32",
        ),
        ([row(record=replace(RECORD, counts=RECORD.counts.astype(">u4")))], 1, "neither uint32 nor float32"),
        ([row(record=replace(RECORD, cumulative=True))], 1, "cumulative"),
        ([row(record=replace(RECORD, events=-1))], 1, "-1 events"),
        ([row(record=replace(RECORD, events=2**63))], 1, "events"),
        ([row(record=replace(RECORD, pileup=float("nan")))], 1, "pileup nan"),
        ([row(record=replace(RECORD, pileup=1e39))], 1, "pileup"),
        ([row(record=replace(RECORD, span=0))], 1, "span"),
        ([row(record=replace(RECORD, span=2**16))], 1, "span"),
    ],
)
def test_rows_that_make_no_sense(tmp_path: Path, content: list[Row], count: int, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        save(tmp_path / "a.h5", content, [MAP], count)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "bad",
    [
        replace(MAP, name="EB/../digi"),
        replace(MAP, name="../digi", view=".."),
        replace(MAP, name="EB/", quantity=""),
        replace(MAP, name="EB/a\0b", quantity="a\0b"),
        replace(MAP, name="EB/" + "x" * 1000, quantity="x" * 1000),
        replace(MAP, view="EE+"),
        replace(MAP, shape=()),
        replace(MAP, shape=(0, 3)),
        replace(MAP, shape=(1, 2, 3, 4)),
        replace(MAP, shape=(2**13, 2**13)),
        replace(MAP, axes=(BinRange("x", 3, 0.0, 1.0),)),
        replace(MAP, shape=(3,), axes=(BinRange("x", 3, 0.0, float("nan")),)),
        replace(MAP, kind="mean"),  # type: ignore[arg-type]
    ],
)
def test_maps_that_make_no_sense(tmp_path: Path, bad: MapInfo) -> None:
    with pytest.raises(ValueError, match=r".+"):
        save(tmp_path / "a.h5", [], [bad])
    assert left_in(tmp_path) == []


def test_a_map_named_twice(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".+"):
        save(tmp_path / "a.h5", [], [MAP, MAP])
    assert left_in(tmp_path) == []


def test_provenance_that_is_no_json(tmp_path: Path) -> None:
    for bad in ({"a": float("nan")}, {"a": Path("x")}, {"a": "x" * 2**26}):
        with pytest.raises((ValueError, TypeError)):
            write(tmp_path / "a.h5", [], 0, [MAP], label="", era="", provenance=bad)
    assert left_in(tmp_path) == []


def test_a_failure_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = small(tmp_path)
    before = everything(path)

    def broken() -> Iterator[Row]:
        yield from rows(3, MAP)
        raise SourceError("x", "UNREADABLE", "a", "b")  # type: ignore[arg-type]

    with pytest.raises(SourceError):
        write(path, broken(), 5, [MAP], label="", era="2018", provenance={})
    with pytest.raises(KeyboardInterrupt):
        write(path, interrupted(), 5, [MAP], label="", era="2018", provenance={})
    assert left_in(tmp_path) == ["small.h5"]
    assert everything(path) == before
    save(path, rows(2, MAP), [MAP])
    with open_data_set(path) as found:
        assert len(found) == 2


def interrupted() -> Iterator[Row]:
    """Rows, until somebody presses Ctrl-C."""
    yield row()
    raise KeyboardInterrupt


def test_no_rows_and_no_maps(tmp_path: Path) -> None:
    assert everything(save(tmp_path / "a.h5", [], [MAP]))["rows"] == []
    found = everything(save(tmp_path / "b.h5", [Row(1, 1, 0.0, {})], []))
    assert (found["rows"], found["maps"]) == ([(1, 1, "0.0")], {})


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(CaloscopeError, match="could not be written") as caught:
        save(tmp_path / "no folder" / "a.h5", [], [MAP])
    assert "\n" not in str(caught.value)


FULL = """
import resource, sys, signal
from pathlib import Path
from caloscope.errors import CaloscopeError
from tests.dataset.making import info, rows, save, shard_of, lumisection
from caloscope.records import MapRecord
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder, room = Path(sys.argv[1]), int(sys.argv[2])
big = info("EB/digi", (100, 100))
content = rows(40, big)
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
for what in (
    lambda: save(folder / "a.h5", content, [big]),
    lambda: shard_of(folder / "b.h5", [lumisection(r.lumi, digi=r.maps["EB/digi"]) for r in content]),
):
    try:
        what()
    except CaloscopeError as error:
        print(error)
"""


@pytest.mark.parametrize("room", [0, 3000, 40_000, 300_000])
def test_a_full_disk(tmp_path: Path, room: int) -> None:
    """The file may not grow beyond a limit, as on a disk that is full."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(room)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("could not be written") == 2
    assert len(done.stdout.splitlines()) == 2
    assert left_in(tmp_path) == []
