"""DIALS as parquet and as JSON: orders, layouts and claims that will not do."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from caloscope.config.catalogue import plain
from caloscope.errors import Fault, UsageError
from caloscope.readers.shelf import BinAxis, Histogram
from caloscope.readers.tables import dials_json, dials_parquet

from .formats import RUN, dials_row, hcal_table, plane, write_json, write_parquet
from .making import flipped, read_all, refused, specs, tried_plain

BARREL = plane(np.random.default_rng(1).integers(0, 2000, (34, 72)).astype(float), (0, 360), (-85, 85))
NAME = "EcalBarrel/EBOccupancyTask/EBOT digi occupancy"


def _parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def _json(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(rows))
    return path


WRITERS = {"parquet": _parquet, "json": _json}


def _changed(kind: str, folder: Path, **changes: Any) -> Path:
    row = {**dials_row(1, NAME, BARREL), **changes}
    return WRITERS[kind](
        folder / f"a.{kind}", [{key: value for key, value in row.items() if value != "gone"}]
    )


@pytest.mark.parametrize("kind", WRITERS)
def test_towers_come_back(tmp_path: Path, kind: str) -> None:
    (found,) = read_all(_changed(kind, tmp_path))
    np.testing.assert_array_equal(found.maps["EB/digi"].counts, BARREL.values)
    assert found.id == (RUN, 1)
    assert not found.partial


@pytest.mark.parametrize("kind", WRITERS)
def test_one_dimension_and_another_name_for_the_path(tmp_path: Path, kind: str) -> None:
    line = Histogram((BinAxis(4, 0, 1),), np.arange(4.0))
    row = dials_row(7, "A/line", line)
    row["me_name"] = row.pop("me")
    path = WRITERS[kind](tmp_path / "a", [{**row, "y_bin": None, "y_min": None, "y_max": None}])
    (found,) = read_all(path, plain("A/*"))
    assert found.maps["plain/A.line"].counts.tolist() == [[0, 1, 2, 3]]


_BAD: dict[str, tuple[dict[str, Any], Fault]] = {
    "no data": ({"data": "gone"}, Fault.UNKNOWN_FORMAT),
    "no name": ({"me": "gone", "me_id": 17}, Fault.UNKNOWN_FORMAT),
    "no run": ({"run_number": "gone"}, Fault.UNKNOWN_FORMAT),
    "text for data": ({"data": "[1, 2]"}, Fault.UNREADABLE),
    "gap for data": ({"data": None}, Fault.UNREADABLE),
    "ragged": ({"data": [[1.0], [1.0, 2.0]]}, Fault.UNREADABLE),
    "nothing": ({"data": []}, Fault.UNREADABLE),
    "too few": ({"data": [1.0, 2.0]}, Fault.WRONG_BINNING),
    "turned": ({"data": BARREL.values.T.tolist()}, Fault.WRONG_BINNING),
    "bins": ({"x_bin": 1e12}, Fault.WRONG_BINNING),
    "no bins": ({"x_bin": 0.0}, Fault.WRONG_BINNING),
    "half a bin": ({"y_bin": 33.5}, Fault.WRONG_BINNING),
    "edges": ({"x_max": 0.0}, Fault.WRONG_BINNING),
    "other edges": ({"x_max": 365.0}, Fault.WRONG_BINNING),
    "run 0": ({"run_number": 0}, Fault.NO_LUMISECTION),
    "lumi 0": ({"ls_number": 0}, Fault.NO_LUMISECTION),
    "run": ({"run_number": 1.5}, Fault.NO_LUMISECTION),
    "run as text": ({"run_number": "9"}, Fault.NO_LUMISECTION),
    "no path": ({"me": None}, Fault.UNREADABLE),
    "long path": ({"me": "Ecal/" + "x" * 9000}, Fault.UNREADABLE),
    "negative": ({"data": (-BARREL.values - 1).tolist()}, Fault.INVALID_COUNTS),
    "others'": ({"me": "Pixel/clusters"}, Fault.NOTHING_KNOWN),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("case", _BAD)
def test_rows_that_will_not_do(tmp_path: Path, kind: str, case: str) -> None:
    changes, fault = _BAD[case]
    refused(_changed(kind, tmp_path, **changes), fault)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_histogram_twice(tmp_path: Path, kind: str) -> None:
    one = dials_row(1, NAME, BARREL)
    other = {**one, "data": (BARREL.values + 1).tolist(), "dataset": "/Other/x/DQMIO"}
    assert len(read_all(WRITERS[kind](tmp_path / "a", [one, one]))) == 1
    assert "two different" in refused(WRITERS[kind](tmp_path / "b", [one, other]), Fault.CONFLICT)


def test_a_parquet_file_in_the_order_of_the_histograms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Depth by depth, so each lumisection lies all over the file, which fits into memory in parts only.
    table = dict(sorted(hcal_table().items(), key=lambda each: each[0][1]))
    monkeypatch.setattr(dials_parquet, "_WAVE_BINS", 50_000)
    monkeypatch.setattr(dials_parquet, "_BATCH_BINS", 13_000)
    found = read_all(write_parquet(tmp_path / "a.parquet", table, group=4), *specs("HCAL/digi"))
    assert [each.lumi for each in found] == [1, 2, 3]
    for each in found:
        expected = [table[each.lumi, f"Hcal/DigiTask/Occupancy/depth/depth{d}"].values for d in range(1, 8)]
        np.testing.assert_array_equal(each.maps["HCAL/digi"].counts, expected)


@pytest.mark.parametrize(
    "data",
    [
        pa.list_(pa.list_(pa.float32())),
        pa.large_list(pa.large_list(pa.float64())),
        pa.list_(pa.list_(pa.int32())),
    ],
)
def test_types_of_columns(tmp_path: Path, data: pa.DataType) -> None:
    rows = [dials_row(1, NAME, BARREL)]
    table = pa.Table.from_pylist(rows)
    columns = {name: table[name] for name in table.column_names}
    columns |= {
        "me": table["me"].dictionary_encode(),
        "run_number": table["run_number"].cast(pa.int32()),
        "x_bin": table["x_bin"].cast(pa.int16()),
        "data": pa.array([row["data"] for row in rows], data)
        if "int" not in str(data)
        else pa.array([BARREL.values.astype(int).tolist()], data),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", compression="zstd")
    (found,) = read_all(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found.maps["EB/digi"].counts, BARREL.values)


def test_more_rows_or_bins_than_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "a.parquet", hcal_table())
    monkeypatch.setattr(dials_parquet, "_WAVE_BINS", 1000)
    assert "42336 bins in lumisection 1" in refused(path, Fault.UNREADABLE)
    monkeypatch.setattr(dials_parquet, "MOST_ROWS", 20)
    assert "21 rows" in refused(path, Fault.UNREADABLE)


def test_a_list_that_takes_no_room_until_it_is_read(tmp_path: Path) -> None:
    row = dials_row(1, NAME, BARREL)
    many = pa.ListArray.from_arrays([0, 10**7], pa.array(np.zeros(10**7)))
    columns = {name: [row[name]] for name in row if name != "data"}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({**columns, "data": many}), path)
    assert path.stat().st_size < 10_000
    assert "10000000 numbers in 1 rows" in refused(path, Fault.WRONG_BINNING)


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "a.parquet", hcal_table())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'caloscope\[parquet\]'"):
        read_all(path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[{"run_number": 1', Fault.TRUNCATED),
        ('[{"run_number": "', Fault.TRUNCATED),
        ('[{"me": "\\"', Fault.TRUNCATED),
        ("[[[", Fault.TRUNCATED),
        ("[" * 5000, Fault.UNREADABLE),
        ("{]", Fault.UNREADABLE),
        ("{}}", Fault.UNKNOWN_FORMAT),
        ("[]]", Fault.UNREADABLE),
        ("[1, 2]", Fault.NOTHING_KNOWN),
        ('{"count": 0, "results": []}', Fault.NOTHING_KNOWN),
        ('{"315488": [[1, 20]]}', Fault.UNKNOWN_FORMAT),
        ('{"data": [1, 2, 3], "definition": ""}', Fault.UNKNOWN_FORMAT),
        ('[{"run_number": 1, }]', Fault.UNREADABLE),
        ('[{"run_number": ' + "9" * 9000 + "}]", Fault.UNREADABLE),
        ("[{\x00}]", Fault.UNREADABLE),
    ],
)
def test_json_that_will_not_do(tmp_path: Path, text: str, fault: Fault) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    refused(path, fault)


def test_json_across_the_edges_of_what_is_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dials_row(1, NAME, BARREL)
    rows = [{'a \\" { [': "} \\ \u00e9 ]", **row, "ls_number": lumi} for lumi in (3, 2)]
    path = _json(tmp_path / "a.json", rows)
    for size in (1, 7, 100, 4099):
        monkeypatch.setattr(dials_json, "_CHUNK_BYTES", size)
        assert [each.lumi for each in read_all(path)] == [2, 3]


def test_a_text_without_end_takes_no_time_or_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dials_json, "MAX_OBJECT_BYTES", 2**21)
    path = tmp_path / "a.json"
    for text in ('["' + '\\"' * 10**7, "[{" + " " * 10**7):
        path.write_text(text)
        assert "in one piece" in refused(path, Fault.UNREADABLE)


@pytest.mark.parametrize("kind", WRITERS)
def test_flipped_bits_give_an_error_or_numbers(tmp_path: Path, kind: str) -> None:
    table = dict(list(hcal_table().items())[:1])
    write = write_parquet if kind == "parquet" else write_json
    content = write(tmp_path / "a", table).read_bytes()
    path = tmp_path / "b"
    # Most of the file is numbers; what decides how it is read lies at its ends.
    ends = [*flipped(content[:600], 1, 40), *flipped(content[-1500:], 2, 120)]
    for number, changed in enumerate(ends):
        path.write_bytes(changed + content[600:] if number < 40 else content[:-1500] + changed)
        found = tried_plain(path)
        if isinstance(found, str):
            assert found.isprintable()
        else:
            assert all(record.counts.ndim == 2 for each in found for record in each.maps.values())
