"""What is known to be wrong with a data set's maps: kept beside the counts, and read with as much care."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caloscope.dataset import MapInfo, Row, Stored, open_data_set, write
from caloscope.errors import UsageError
from caloscope.records import MapTruth

from .making import EB, HCAL, everything, info, rows, save, small

FAULTS = ('{"number":1,"map":"EB/digi","kind":"dead"}', '{"number":2,"name":"µ","map":"EB/digi"}')


def truth(shape: tuple[int, ...], cell: tuple[int, ...], factor: float = 0.0, number: int = 1) -> MapTruth:
    """One cell that is not as it should be."""
    factors, faults = np.ones(shape, np.float32), np.zeros(shape, np.int16)
    factors[cell], faults[cell] = factor, number
    return MapTruth(factors, faults)


def with_truth(content: list[Row], which: dict[int, dict[str, MapTruth]]) -> list[Row]:
    return [replace(row, truth=which.get(number, {})) for number, row in enumerate(content)]


def faulty(path: Path, number: int = 4) -> tuple[list[MapInfo], dict[int, dict[str, MapTruth]]]:
    """A data set with two maps, of which the rows 1 and 2 are faulty."""
    maps = [info(EB), info(HCAL)]
    eb, hcal = maps[0].shape, maps[1].shape
    which = {
        1: {EB: truth(eb, (9, 50))},
        2: {EB: truth(eb, (33, 71), np.inf, -2), HCAL: truth(hcal, (6, 71, 83), 2.5, 300)},
    }
    made = with_truth(rows(number, *maps), which)
    write(path, made, number, maps, label="l", era="2018", provenance={}, faults=FAULTS, simulated=True)
    return maps, which


def test_truth_comes_back_as_it_was_given(tmp_path: Path) -> None:
    _, which = faulty(tmp_path / "a.h5")
    with open_data_set(tmp_path / "a.h5") as found:
        assert found.simulated
        assert found.faults == FAULTS
        assert found.truth_maps == (EB, HCAL)
        assert found.faulty(EB).tolist() == [False, True, True, False]
        assert found.faulty(HCAL).tolist() == [False, False, True, False]
        for name, shape in ((EB, (34, 72)), (HCAL, (7, 72, 84))):
            factor, fault = found.truth(name, 0, 4)
            assert factor.dtype == np.float32
            assert fault.dtype == np.int16
            for row in range(4):
                expected = which.get(row, {}).get(name, truth(shape, (0,) * len(shape), 1.0, 0))
                np.testing.assert_array_equal(factor[row], expected.factor)
                np.testing.assert_array_equal(fault[row], expected.fault)
        assert found.map_truth(EB, 0) is None
        assert found.truth(EB, 3, 99)[0].shape == (1, 34, 72)


def test_any_library_reads_it(tmp_path: Path) -> None:
    faulty(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        factor, fault = file["truth/EB/digi/factor"], file["truth/EB/digi/fault"]
        assert (factor[0] == 1).all()  # healthy lumisections take no room
        assert factor.id.get_num_chunks() == 2
        assert factor[1, 9, 50] == 0
        assert fault[1, 9, 50] == 1
        assert fault[2, 33, 71] == -2
        assert np.count_nonzero(fault[:]) == 2
        lines = bytes(file["truth/faults"][:]).decode().splitlines()
        assert [json.loads(line)["number"] for line in lines] == [1, 2]
        assert file.attrs["simulated"]


def test_a_data_set_without_truth_has_nothing_of_it(tmp_path: Path) -> None:
    path = small(tmp_path)
    with h5py.File(path) as file:
        assert sorted(file) == ["lumisections", "maps", "provenance"]
        assert "simulated" not in file.attrs
    with open_data_set(path) as found:
        assert not found.simulated
        assert found.truth_maps == found.faults == ()
        assert not found.faulty(EB).any()
        factor, fault = found.truth(EB, 0, 5)
        assert (factor == 1).all()
        assert not fault.any()
        with pytest.raises(KeyError):
            found.truth("EE+/digi", 0, 5)


def test_counts_with_truth_are_those_without(tmp_path: Path) -> None:
    maps, _ = faulty(tmp_path / "a.h5")
    save(tmp_path / "b.h5", rows(4, *maps), maps)
    assert everything(tmp_path / "a.h5")["records"] == everything(tmp_path / "b.h5")["records"]


def test_rows_are_copied_as_they_are_packed(tmp_path: Path) -> None:
    maps, _ = faulty(tmp_path / "a.h5")
    with open_data_set(tmp_path / "a.h5") as found:
        copied = []
        for row in range(len(found)):
            stored = {name: each for name in found.maps if (each := found.stored(name, row)) is not None}
            assert all(isinstance(each, Stored) for each in stored.values())
            truths = {name: true for name in found.maps if (true := found.map_truth(name, row)) is not None}
            lumi, began = int(found.lumis[row]), float(found.began_at[row])
            copied.append(Row(int(found.runs[row]), lumi, began, stored, truths))
        write(
            tmp_path / "b.h5", copied, 4, maps,
            label="l", era="2018", provenance={}, faults=found.faults, simulated=found.simulated,
        )  # fmt: skip
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_row_without_digest_is_read_and_packed_again(tmp_path: Path) -> None:
    path = small(tmp_path)
    with h5py.File(path, "r+") as file:
        del file["maps/EB/digi/digest"]
    with open_data_set(path) as found:
        again, record = found.stored(EB, 1), found.record(EB, 1)
        assert record is not None
        assert not isinstance(again, Stored)
        assert again is not None
        np.testing.assert_array_equal(again.counts, record.counts)
        with pytest.raises(IndexError):
            found.stored(EB, 5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"factor": np.full((34, 72), np.nan, np.float32)}, "no numbers"),
        ({"factor": np.full((34, 72), -1, np.float32)}, "negative"),
        ({"factor": np.ones((34, 72))}, "float64"),
        ({"fault": np.zeros((34, 71), np.int16)}, r"\(34, 71\)"),
        ({"fault": np.zeros((34, 72), np.int32)}, "int32"),
    ],
)
def test_what_cannot_be_true_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    maps = [info(EB)]
    wrong = replace(truth((34, 72), (0, 0)), **changes)
    with pytest.raises(ValueError, match=says):
        save(tmp_path / "a.h5", with_truth(rows(1, *maps), {0: {EB: wrong}}), maps)
    assert not list(tmp_path.iterdir())


def test_truth_of_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    maps = [info(EB)]
    (row,) = with_truth(rows(1, *maps), {0: {EB: truth((34, 72), (0, 0))}})
    with pytest.raises(ValueError, match="not there"):
        save(tmp_path / "a.h5", [replace(row, maps={})], maps)


@pytest.mark.parametrize("line", ["", "[1]", "{", '{"a":\n1}', '{"a":1}\n', "{" + "[" * 10**5])
def test_lines_that_are_no_objects_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        write(tmp_path / "a.h5", [], 0, [], label="l", era="2018", provenance={}, faults=["{}", line])


def test_a_view_with_the_name_of_the_faults_has_no_truth(tmp_path: Path) -> None:
    maps = [info("faults/digi", (2, 2))]
    with pytest.raises(UsageError, match="another name"):
        save(tmp_path / "a.h5", with_truth(rows(1, *maps), {0: {"faults/digi": truth((2, 2), (0, 0))}}), maps)


def test_too_many_words_about_faults_are_refused(tmp_path: Path) -> None:
    line = json.dumps({"strengths": "x" * 2**20})
    with pytest.raises(UsageError, match="fewer faults"):
        write(tmp_path / "a.h5", [], 0, [], label="l", era="2018", provenance={}, faults=[line] * 64)
    assert not list(tmp_path.iterdir())
