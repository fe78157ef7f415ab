"""Shards: what a part of a conversion found."""

import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope.dataset import Row, ShardRow, ShardWriter, Stored, open_data_set, open_shard, write
from caloscope.dataset.packing import digest
from caloscope.errors import Fault, SourceError
from caloscope.records import BinRange, Lumisection, MapRecord

from .making import RUN, counts, everything, info, left_in, lumisection, save, shard_of

RECORD = MapRecord(counts((3, 4)), 100, 2.5, 3)
REAL = MapRecord(
    np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
    axes=(BinRange("y", 3, 0.0, 1.0), BinRange("x", 4, 0.0, 2.0)),
)


def rows(path: Path) -> list[ShardRow]:
    """All rows of a shard."""
    with open_shard(path) as shard:
        return shard.rows


def test_rows_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    content = [
        replace(lumisection(9, digi=RECORD), began_at=5.5, partial=True, missing=frozenset({"V/a", "V/b"})),
        lumisection(2, digi=replace(RECORD, events=None, pileup=None), real=REAL),
        lumisection(2, run=RUN - 1),
        lumisection(9, digi=replace(RECORD, cumulative=True)),
    ]
    found = rows(shard_of(tmp_path / "a.h5", content))
    assert [(row.run, row.lumi, row.source, row.partial) for row in found] == [
        (RUN, 9, 0, True),
        (RUN, 2, 1, False),
        (RUN - 1, 2, 2, False),
        (RUN, 9, 3, False),
    ]
    assert [row.began_at for row in found] == [5.5, None, None, None]
    assert [row.missing for row in found] == [{"V/a", "V/b"}, set(), set(), set()]
    for one, other in zip(content, found, strict=True):
        assert set(one.maps) == set(other.maps)
        for name, record in one.maps.items():
            stored = other.maps[name]
            told = (stored.events, stored.pileup, stored.span, stored.cumulative, stored.axes)
            assert told == (record.events, record.pileup, record.span, record.cumulative, record.axes)
            assert (stored.name, stored.shape, stored.digest) == (name, (3, 4), digest(record.counts))
            back = stored.record()
            assert back.counts.tobytes() == record.counts.tobytes()
            assert (back.is_counts, stored.kind == "counts") == (record.is_counts, record.is_counts)


def test_what_was_noted(tmp_path: Path) -> None:
    with open_shard(shard_of(tmp_path / "a.h5", [])) as shard:
        assert shard.meta == {"notes": ["a test"]}
        assert shard.rows == []


def test_a_map_that_changes_its_shape(tmp_path: Path) -> None:
    shapes = [(3, 4), (4, 3), (3, 4), (12,)]
    content = [lumisection(n, digi=MapRecord(counts(shape, n))) for n, shape in enumerate(shapes, start=1)]
    found = rows(shard_of(tmp_path / "a.h5", content))
    for one, other, shape in zip(content, found, shapes, strict=True):
        np.testing.assert_array_equal(other.maps["V/digi"].record().counts, one.maps["V/digi"].counts)
        assert other.maps["V/digi"].shape == shape


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("V/..", RECORD),
        ("digi", RECORD),
        ("V/digi", replace(RECORD, counts=np.zeros((2, 2)))),  # type: ignore[arg-type]
        ("V/digi", replace(RECORD, counts=np.zeros((0, 2), np.uint32))),
        ("V/digi", replace(RECORD, span=10**6)),
        ("V/digi", replace(RECORD, events=10**30)),
        ("V/digi", replace(RECORD, axes=(BinRange("x", 3, 0.0, 1.0),))),
    ],
)
def test_what_cannot_be_kept_changes_nothing(tmp_path: Path, name: str, record: MapRecord) -> None:
    with ShardWriter(tmp_path / "a.h5") as writer:
        writer.add(lumisection(1, digi=RECORD), 0)
        with pytest.raises(ValueError, match=r".+"):
            writer.add(Lumisection("l", RUN, 2, {"V/a": RECORD, name: record}), 1)
        writer.close({})
    (found,) = rows(tmp_path / "a.h5")
    assert set(found.maps) == {"V/digi"}


def test_without_an_end_there_is_nothing(tmp_path: Path) -> None:
    with ShardWriter(tmp_path / "a.h5") as writer:
        writer.add(lumisection(1, digi=RECORD), 0)
        assert len(left_in(tmp_path)) == 1
        assert not (tmp_path / "a.h5").exists()
    with pytest.raises(ZeroDivisionError), ShardWriter(tmp_path / "a.h5") as writer:
        raise ZeroDivisionError
    assert left_in(tmp_path) == []


def test_other_numbers_for_the_same_counts(tmp_path: Path) -> None:
    (row,) = rows(shard_of(tmp_path / "a.h5", [lumisection(1, digi=RECORD)]))
    stored = row.maps["V/digi"]
    changed = stored.with_(events=None, pileup=7.5)
    assert (changed.events, changed.pileup, changed.span) == (None, 7.5, 3)
    assert (stored.events, stored.with_(span=1).span, stored.with_().pileup) == (100, 1, 2.5)
    np.testing.assert_array_equal(changed.record().counts, RECORD.counts)
    with pytest.raises(ValueError, match="-3 events"):
        stored.with_(events=-3)


def test_a_copied_chunk_is_the_packed_one(tmp_path: Path) -> None:
    """A data set of stored rows is that of the records themselves."""
    content = [lumisection(lumi, digi=MapRecord(counts((5, 6), lumi), lumi)) for lumi in range(1, 200)]
    shards = [shard_of(tmp_path / f"{part}.h5", content[part::3]) for part in range(3)]
    stored = sorted((row for path in shards for row in rows(path)), key=lambda row: row.lumi)
    maps = [info("V/digi", (5, 6))]
    copied = save(tmp_path / "copied.h5", [Row(r.run, r.lumi, r.began_at, r.maps) for r in stored], maps)
    packed = save(tmp_path / "packed.h5", [Row(r.run, r.lumi, None, r.maps) for r in content], maps)
    assert everything(copied) == everything(packed)
    with h5py.File(copied) as one, h5py.File(packed) as other:
        arrays = [file["maps/V/digi/counts"].id for file in (one, other)]
        for row in range(199):
            first, second = (array.read_direct_chunk((row, 0, 0)) for array in arrays)
            assert first == second


def test_many_shards_at_once(tmp_path: Path) -> None:
    """More than are open at a time, and rows that are used after their shard was left."""
    found: list[Stored] = []
    for number in range(1, 71):
        path = shard_of(
            tmp_path / f"{number}.h5", [lumisection(number, digi=MapRecord(counts((2,), number)))]
        )
        found += [row.maps["V/digi"] for row in rows(path)]
    for _ in range(2):
        for number, stored in enumerate(found, start=1):
            np.testing.assert_array_equal(stored.record().counts, counts((2,), number))
    assert len([each for each in Path("/proc/self/fd").iterdir() if _is_in(each, tmp_path)]) <= 32


def _is_in(link: Path, folder: Path) -> bool:
    try:
        return str(link.readlink()).startswith(str(folder))
    except OSError:
        return False


def test_a_stored_map_that_contradicts(tmp_path: Path) -> None:
    content = [lumisection(1, digi=RECORD), lumisection(2, digi=replace(RECORD, cumulative=True))]
    first, second = rows(shard_of(tmp_path / "a.h5", content))
    for row, of in (
        (first, info("V/digi", (4, 3))),
        (first, info("V/digi", (3, 4), kind="float")),
        (second, info("V/digi", (3, 4))),
    ):
        with pytest.raises(ValueError, match=r".+"):
            save(tmp_path / "b.h5", [Row(row.run, row.lumi, None, row.maps)], [of])


def test_a_shard_that_is_none_or_damaged(tmp_path: Path) -> None:
    data = save(tmp_path / "data.h5", [], [])
    with pytest.raises(SourceError) as caught:
        open_shard(data)
    assert caught.value.fault is Fault.UNKNOWN_FORMAT
    path = shard_of(tmp_path / "a.h5", [lumisection(1, digi=RECORD)])
    (row,) = rows(path)
    content = path.read_bytes()
    at = content.index(row.maps["V/digi"].chunk())
    path.write_bytes(content[: at + 20] + bytes([content[at + 20] ^ 1]) + content[at + 21 :])
    (row,) = rows(path)
    with pytest.raises(SourceError) as caught:
        row.maps["V/digi"].record()
    assert caught.value.fault is Fault.UNREADABLE
    (tmp_path / "short.h5").write_bytes(content[:-50])
    with pytest.raises(SourceError):
        rows(tmp_path / "short.h5")


def test_stored_rows_of_a_shard_that_is_gone(tmp_path: Path) -> None:
    path = shard_of(tmp_path / "a.h5", [lumisection(1, digi=RECORD)])
    found = rows(path)
    path.unlink()
    content = [Row(row.run, row.lumi, None, row.maps) for row in found]
    with pytest.raises(SourceError):
        write(tmp_path / "b.h5", content, 1, [info("V/digi", (3, 4))], label="", era="", provenance={})
    assert left_in(tmp_path) == []


def test_the_label_is_cleaned(tmp_path: Path) -> None:
    write(tmp_path / "b.h5", [], 0, [], label="Zero\nBias" + "x" * 2000, era="2018", provenance={})
    with open_data_set(tmp_path / "b.h5") as found:
        assert found.label == "Zero Bias" + "x" * 991


def test_reading_takes_no_longer_per_map_when_there_are_many(tmp_path: Path) -> None:
    def seconds(maps: int) -> float:
        path = tmp_path / f"{maps}.h5"
        record = MapRecord(np.ones((1, 2), np.uint32))
        with ShardWriter(path) as writer:
            writer.add(Lumisection("x", 1, 1, {f"plain/h{n}": record for n in range(maps)}), 0)
            writer.close({})
        start = time.process_time()
        with open_shard(path) as shard:
            assert all(each.record().counts.sum() == 2 for each in shard.rows[0].maps.values())
        return time.process_time() - start

    seconds(10)
    assert seconds(2000) / 2000 < 5 * seconds(200) / 200  # ten times where each looks at all the others
