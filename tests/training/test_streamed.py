"""Lumisections of data sets, of one or of several: in order, of the right cells, and read when asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import open_data_set, write
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.records import LumiId, Lumisection, MapRecord
from caloscope.training.opened import era_of_files, era_of_read, streamed
from caloscope.training.provenance import provenance
from caloscope.training.streamed import Streamed, ids_of, taken

from ..calibrate.making import seen, spec
from ..dataset.making import HCAL, info, rows, save

NAME = spec().name


def data_set(path: Path, run: int, lumis: int, era: str = "2018") -> Path:
    """Rows of one run; the name of the era is free."""
    content = rows(lumis, info(NAME), run=run)
    write(path, content, lumis, [info(NAME)], label="ZeroBias", era=era, provenance={"command": "a test"})
    return path


def test_streaming_reads_what_is_there(tmp_path: Path) -> None:
    name = spec().name
    content = rows(8, info(name), run=1) + rows(6, info(name), run=2)
    content[3].maps.clear()  # type: ignore[attr-defined]
    path = save(tmp_path / "a.h5", content, [info(name)])
    with open_data_set(path) as data:
        found = Streamed(data, spec(), seen())
        there = [row for row in content if row.maps]
        assert ids_of(found) == [LumiId(row.run, row.lumi) for row in there]
        for given, row in zip(found, there, strict=True):
            assert given.record is not None
            stored = row.maps[name]
            assert isinstance(stored, MapRecord)
            np.testing.assert_array_equal(given.record.counts, stored.counts)
            assert (given.record.events, given.began_at) == (stored.events, row.began_at)
        assert ids_of(found[2:9:3]) == [each.id for each in list(found)[2:9:3]]
        assert ids_of(taken(found, np.array([0, 5]))) == [found[0].id, found[5].id]
        assert found[-1].id == LumiId(2, 6)
        some = Streamed(data, spec(), seen(), np.array([1, 3, 9]))
        assert ids_of(some) == [LumiId(1, 2), LumiId(2, 2)]
        with pytest.raises(IndexError):
            found[13]
        with pytest.raises(UsageError, match="expected EE-/digi"):
            Streamed(data, load()["EE-/digi"], view("EE-", "2018"))


def test_counts_of_another_geometry_are_refused_though_shapes_agree(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", rows(2, info(HCAL), run=1001), [info(HCAL)])
    old, new = view("HCAL", "2016"), view("HCAL", "2018")
    assert old.shape == new.shape
    with open_data_set(path) as data:
        assert len(Streamed(data, load()[HCAL], new)) == 2
        words = f"geometry {new.version}, .*expected {old.version}, .*convert it again"
        with pytest.raises(UsageError, match=words):
            Streamed(data, load()[HCAL], old)


def test_several_data_sets_are_read_in_order_one_row_at_a_time(tmp_path: Path) -> None:
    later, earlier = data_set(tmp_path / "a.h5", 7, 3), data_set(tmp_path / "b.h5", 5, 4)
    with open_data_set(later) as one, open_data_set(earlier) as other:
        assert era_of_files([one, other]) == "2018"
        found = streamed([one, other], spec(), seen(), lambda each: each.lumi != 2)
        assert isinstance(found, Streamed)
        expected = [(5, 1), (5, 3), (5, 4), (7, 1), (7, 3)]
        assert [tuple(each) for each in ids_of(found)] == [tuple(each.id) for each in found] == expected
        assert [tuple(each) for each in ids_of(taken(found, np.array([4, 0])))] == [(7, 3), (5, 1)]
        assert provenance(found, ["a.h5", "b.h5"])["runs"] == 2
        with pytest.raises(UsageError, match="found 7:1 in two data sets"):
            streamed([one, one], spec(), seen())


def test_what_was_learned_from_is_told_without_reading_counts(tmp_path: Path) -> None:
    with open_data_set(data_set(tmp_path / "a.h5", 7, 3)) as data:
        found = Streamed(data, spec(), seen())
    # The file is closed: nothing can be read any more.
    told = provenance(found, [str(tmp_path / "a.h5")])
    assert (told["lumisections"], told["first"], told["last"]) == (3, "7:1", "7:3")
    assert told["sources"] == ["a.h5"]


def test_a_data_set_says_its_era_itself(tmp_path: Path) -> None:
    new, old = data_set(tmp_path / "a.h5", 1001, 1), data_set(tmp_path / "b.h5", 1002, 1, "2016")
    with open_data_set(new) as one, open_data_set(old) as other:
        assert era_of_files([one], "2018") == "2018"
        with pytest.raises(UsageError, match="a data set of era 2018, expected 2016: leave --era away"):
            era_of_files([one], "2016")
        with pytest.raises(UsageError, match="data sets of eras 2016, 2018, expected one era"):
            era_of_files([one, other])
    read = Lumisection("ZeroBias", 1001, 1, {}, source=str(new))
    assert era_of_read([read]) == era_of_read([read], "2018") == "2018"
    with pytest.raises(UsageError, match="leave --era away"):
        era_of_read([read], "2016")
    plain = replace(read, source="a.root")
    assert era_of_read([plain]) == "2016"  # by its run
    assert era_of_read([plain], "2018") == "2018"
    with pytest.raises(UsageError, match="runs of eras 2016, 2018, expected one"):
        era_of_read([read, plain])
