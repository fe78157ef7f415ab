"""The same counts in every format that can hold them give the same lumisections."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import plain
from caloscope.geometry import view
from caloscope.readers import kind, read, shelves
from caloscope.readers.maps.plateau import ASSUMPTION
from caloscope.records import Lumisection, MapRecord

from .formats import (
    EVENTS,
    RUN,
    Table,
    hcal_table,
    write_csv,
    write_dqmio,
    write_folders,
    write_json,
    write_ml4dqm,
    write_parquet,
)
from .making import specs
from .tree_making import Root

Write = Callable[[Path, Table], list[Path]]


def _no_write(folder: Path, table: Table) -> list[Path]:
    raise AssertionError("written once for all tests")


FORMATS: dict[str, Write] = {
    "DQMIO": _no_write,
    "DQM ROOT": write_folders,
    "ML4DQM HDF5": lambda folder, table: [write_ml4dqm(folder / "a.h5", table)],
    "DIALS parquet": lambda folder, table: [write_parquet(folder / "a.parquet", table)],
    "DIALS parquet, flat": lambda folder, table: [write_parquet(folder / "a.parquet", table, flat=True)],
    "DIALS JSON": lambda folder, table: [write_json(folder / "a.json", table)],
    "DIALS JSON, a page": lambda folder, table: [write_json(folder / "a.json", table, "page")],
    "DIALS JSON, lines": lambda folder, table: [write_json(folder / "a.json", table, "lines")],
    "legacy CSV": lambda folder, table: [write_csv(folder / "a.csv", table)],
}


@pytest.fixture(scope="module")
def dqmio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DQMIO file, written by ROOT."""
    with Root() as root:
        return write_dqmio(root, tmp_path_factory.mktemp("dqmio") / "a.root", hcal_table())


def _written(request: pytest.FixtureRequest, name: str, folder: Path, table: Table) -> list[Path]:
    """The files of a format."""
    return [request.getfixturevalue("dqmio")] if name == "DQMIO" else FORMATS[name](folder, table)


def _all(paths: list[Path], **options: Any) -> list[Lumisection]:
    """Everything in some files."""
    asked = options.pop("maps", specs("HCAL/digi", "HCAL/rechit", "HO/digi", "EB/digi"))
    return [each for path in paths for each in read(path, asked, label="x", views=view, **options)]


def _equal(one: MapRecord, other: MapRecord) -> bool:
    same = np.array_equal(one.counts, other.counts) and one.counts.dtype == other.counts.dtype
    fields = ("events", "pileup", "span", "cumulative")
    return same and all(getattr(one, field) == getattr(other, field) for field in fields)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_counts_in_every_format(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    table = hcal_table()
    # Backwards, as nothing says that a file is in order.
    paths = _written(request, name, tmp_path, dict(reversed(table.items())))
    assert kind(paths[0]) == name.partition(",")[0]
    found = _all(paths)
    assert [each.id for each in found] == [(RUN, 1), (RUN, 2), (RUN, 3)]
    for lumisection, events in zip(found, EVENTS, strict=True):
        planes = [
            table[lumisection.lumi, f"Hcal/DigiTask/Occupancy/depth/depth{depth}"].values
            for depth in range(1, 8)
        ]
        expected = np.array(planes, np.uint32)
        assert set(lumisection.maps) == {"HCAL/digi", "HO/digi"}
        assert _equal(lumisection.maps["HCAL/digi"], MapRecord(expected, events=events))
        assert _equal(lumisection.maps["HO/digi"], MapRecord(expected[3], events=events))
        assert lumisection.missing == {"HCAL/rechit"}
        assert ASSUMPTION in lumisection.assumptions


@pytest.mark.parametrize("name", FORMATS)
def test_plain_maps_and_real_numbers_in_every_format(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    table = hcal_table()
    paths = _written(request, name, tmp_path, table)
    for as_float, dtype in ((False, np.uint32), (True, np.float32)):
        found = _all(paths, maps=[plain("*depth[24]")], as_float=as_float)
        assert [each.lumi for each in found] == [1, 2, 3]
        for lumisection in found:
            assert sorted(key[-6:] for key in lumisection.maps) == ["depth2", "depth4"]
            for key, record in lumisection.maps.items():
                values = table[lumisection.lumi, f"Hcal/DigiTask/Occupancy/depth/{key[-6:]}"].values
                assert record.counts.dtype == dtype
                assert [axis.bins for axis in record.axes] == [72, 84]
                np.testing.assert_array_equal(record.counts, values)


@pytest.mark.parametrize("name", [name for name in FORMATS if "HDF5" not in name])
def test_listing_what_is_there(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    table = hcal_table()
    paths = _written(request, name, tmp_path, table)
    places = []
    for path in paths:
        for shelf in shelves(path, 7):
            if not shelf.place.lumi:
                continue
            places.append(shelf.place)
            names = sorted(shelf.names())
            assert names == [f"Hcal/DigiTask/Occupancy/depth/depth{depth}" for depth in range(1, 8)]
            histogram = shelf.histogram(names[2])
            assert histogram is not None
            np.testing.assert_array_equal(histogram.values, table[shelf.place.lumi, names[2]].values)
            assert shelf.histogram("Hcal/nothing") is None
            assert shelf.scalar("Hcal/nothing") is None
    assert [(place.run, place.lumi) for place in places] == [(RUN, 1), (RUN, 2), (RUN, 3)]
    assert all(f"run {RUN} as the content says, not 7 as asked for" in p.assumptions for p in places)


@pytest.mark.parametrize("name", FORMATS)
def test_era_and_label(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    paths = _written(request, name, tmp_path, hcal_table())
    found = _all(paths, era="2018")
    assert {each.label for each in found} == {"x"}
    assert {each.source for each in found} == {str(path) for path in paths}
    assert not any("era" in text for each in found for text in each.assumptions)
