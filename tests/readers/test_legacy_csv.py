"""The legacy CSV: real files, files in any order, and lines that are not what they claim."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import plain
from caloscope.errors import Fault
from caloscope.readers import complete, kind
from caloscope.readers.shelf import BinAxis, Histogram
from caloscope.readers.tables import legacy_csv

from .formats import CSV_COLUMNS, RUN, csv_row, hcal_table, plane, write_csv
from .making import flipped, read_all, refused, tried_plain

TOWERS = np.random.default_rng(1).integers(0, 2000, (34, 72)).astype(float)
BARREL = plane(TOWERS, (0, 360), (-85, 85))
NAME = "EBOT digi occupancy by lumi"


def _write(path: Path, *rows: list[Any], columns: str = CSV_COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    return path


@pytest.mark.realdata
def test_real_histograms_of_one_dimension(shared_data: Path) -> None:
    path = shared_data / "formats" / "legacy_ml4dqm_1d.csv"
    assert kind(path) == "legacy CSV"
    assert not complete(path)
    (found,) = read_all(path, plain("*"))
    assert found.id == (315488, 229)
    with path.open(newline="") as file:
        rows = {f"plain/{row['hname']}": row for row in csv.DictReader(file)}
    assert set(found.maps) == set(rows)
    assert len(rows) == 9
    for name, record in found.maps.items():
        assert record.counts.shape == (1, 100)
        assert record.axes[1].low == float(rows[name]["Xmin"])
        inside = [int(text) for text in rows[name]["histo"].strip("[]").split(",")][1:-1]
        assert record.counts[0].tolist() == inside


@pytest.mark.realdata
def test_real_profiles_of_two_dimensions(shared_data: Path) -> None:
    path = shared_data / "formats" / "legacy_ml4dqm_2d.csv"
    assert "--as-float" in refused(path, Fault.INVALID_COUNTS, plain("TkHMap*"))
    (found,) = read_all(path, plain("TkHMap*"), as_float=True)
    assert found.id == (315488, 904)
    assert len(found.maps) == 9
    record = found.maps["plain/TkHMap_NumberOfOnTrackCluster_TECP_W2"]
    assert record.counts.shape == (80, 16)
    assert [axis[1:] for axis in record.axes] == [(80, 0.0, 80.0), (16, 0.0, 16.0)]
    # The file's own list, x fastest, behind a row and a bin of underflow.
    assert record.counts[0, :5].tolist() == [960, 981, 0, 769, 740]


def test_lumisections_in_any_order(tmp_path: Path) -> None:
    rows = [csv_row(lumi, NAME, plane(TOWERS + lumi, (0, 360), (-85, 85))) for lumi in (30, 4, 17)]
    rows[1][0] = rows[1][3] = RUN + 1
    found = read_all(_write(tmp_path / "a.csv", *rows))
    assert [each.id for each in found] == [(RUN, 17), (RUN, 30), (RUN + 1, 4)]
    for each in found:
        np.testing.assert_array_equal(each.maps["EB/digi"].counts, TOWERS + each.lumi)


def test_columns_in_another_order(tmp_path: Path) -> None:
    order = "histo,Ybins,Ymin,Ymax,Xbins,Xmin,Xmax,fromlumi,hname,fromrun"
    row = dict(zip(CSV_COLUMNS.split(","), csv_row(9, NAME, BARREL), strict=True))
    path = _write(tmp_path / "a.csv", [row[name] for name in order.split(",")], columns=order)
    (found,) = read_all(path)
    np.testing.assert_array_equal(found.maps["EB/digi"].counts, TOWERS)


def test_one_dimension_and_profiles(tmp_path: Path) -> None:
    line = Histogram((BinAxis(4, 0, 1),), np.arange(4.0))
    path = _write(tmp_path / "a.csv", csv_row(1, "a", line, metype=3), csv_row(1, "b", line, metype=10))
    (found,) = read_all(path, plain("a"))
    assert found.maps["plain/a"].counts.tolist() == [[0, 1, 2, 3]]
    refused(path, Fault.INVALID_COUNTS, plain("b"))


def test_the_same_histogram_twice(tmp_path: Path) -> None:
    one, other = csv_row(1, NAME, BARREL), csv_row(1, NAME, plane(TOWERS + 1, (0, 360), (-85, 85)))
    assert len(read_all(_write(tmp_path / "a.csv", one, one))) == 1
    assert "two different EBOT" in refused(_write(tmp_path / "b.csv", one, other), Fault.CONFLICT)


_BAD: dict[str, tuple[dict[str, Any], Fault]] = {
    "no list": ({"histo": "17"}, Fault.UNREADABLE),
    "half a list": ({"histo": "[1, 2"}, Fault.UNREADABLE),
    "code": ({"histo": "__import__('os').system('false')"}, Fault.UNREADABLE),
    "deep": ({"histo": "[" * 100_000}, Fault.UNREADABLE),
    "digits": ({"histo": "[" + "9" * 10_000 + "]"}, Fault.UNREADABLE),
    "texts": ({"histo": '["1", 2]'}, Fault.UNREADABLE),
    "gaps": ({"histo": "[null, 2]"}, Fault.UNREADABLE),
    "ragged": ({"histo": "[[1], [1, 2]]"}, Fault.UNREADABLE),
    "too few": ({"histo": "[1, 2, 3]"}, Fault.WRONG_BINNING),
    "many bins": ({"Xbins": "1000000000000"}, Fault.WRONG_BINNING),
    "no bins": ({"Xbins": "0"}, Fault.WRONG_BINNING),
    "half a bin": ({"Xbins": "72.5"}, Fault.WRONG_BINNING),
    "words": ({"Ybins": "many"}, Fault.WRONG_BINNING),
    "NaN": ({"Xmax": "nan"}, Fault.WRONG_BINNING),
    "infinite": ({"Ymin": "-inf"}, Fault.WRONG_BINNING),
    "NaN count": ({"histo": str([float("nan")] * 36 * 74).replace("nan", "NaN")}, Fault.INVALID_COUNTS),
    "other edges": ({"Xmax": "361"}, Fault.WRONG_BINNING),
    "run": ({"fromrun": "x"}, Fault.NO_LUMISECTION),
    "run 0": ({"fromrun": "0"}, Fault.NO_LUMISECTION),
    "lumi": ({"fromlumi": "-3"}, Fault.NO_LUMISECTION),
    "half": ({"fromlumi": "1.5"}, Fault.NO_LUMISECTION),
    "huge": ({"fromlumi": "1e300"}, Fault.NO_LUMISECTION),
    "infinity": ({"fromlumi": "inf"}, Fault.NO_LUMISECTION),
    "name": ({"hname": "x" * 5000}, Fault.UNREADABLE),
    "no name": ({"hname": ""}, Fault.UNREADABLE),
    "unknown": ({"hname": "pixels"}, Fault.NOTHING_KNOWN),
}


@pytest.mark.parametrize("case", _BAD)
def test_lines_that_will_not_do(tmp_path: Path, case: str) -> None:
    changes, fault = _BAD[case]
    row = csv_row(1, NAME, BARREL)
    for place, column in enumerate(CSV_COLUMNS.split(",")):
        row[place] = changes.get(column, row[place])
    refused(_write(tmp_path / "a.csv", row), fault)


def test_missing_columns_and_fields(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", columns="fromrun,fromlumi,hname")
    assert "no column histo, Xbins" in refused(path, Fault.UNKNOWN_FORMAT)
    path.write_text(CSV_COLUMNS + "\n1,2,x,3\n")
    refused(path, Fault.UNREADABLE, plain("*"))
    path.write_text(CSV_COLUMNS + "\n")
    refused(path, Fault.NOTHING_KNOWN)
    path.write_bytes(CSV_COLUMNS.encode() + b'\n1,2,x,1,2,6,x,"[1, \xff\x00\n')
    refused(path, Fault.UNREADABLE, plain("*"))


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_csv, "MAX_LINE_BYTES", 10_000)
    path = tmp_path / "a.csv"
    path.write_text(CSV_COLUMNS + "\n" + "1" * 20_000)
    assert "a line of more than 10000 bytes" in refused(path, Fault.UNREADABLE)


def test_flipped_bits_give_an_error_or_numbers(tmp_path: Path) -> None:
    content = write_csv(tmp_path / "a.csv", dict(list(hcal_table().items())[:2])).read_bytes()
    path = tmp_path / "b.csv"
    for changed in flipped(content, seed=8, times=60):
        path.write_bytes(changed)
        found = tried_plain(path)
        if isinstance(found, str):
            assert found.isprintable()
        else:
            assert all(record.counts.ndim == 2 for each in found for record in each.maps.values())
