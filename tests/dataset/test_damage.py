"""Data sets that are damaged, and HDF5 files of others: one line each, and never much memory."""

import re
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caloscope.dataset import open_data_set
from caloscope.dataset.guard import open_hdf5
from caloscope.errors import Fault, SourceError

from .making import EB, everything, info, refused, rows, save, small

MAPS = "maps/EB/digi"
MOST = 300 * 2**10
"""KiB that reading a hostile file may take on top of what is taken already."""


@pytest.fixture(autouse=True)
def moderate() -> Iterator[None]:
    """No test here takes much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST


def test_truncated(tmp_path: Path) -> None:
    content = small(tmp_path).read_bytes()
    path = tmp_path / "cut.h5"
    for size in [*range(0, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:size])
        refused(path)


def test_flipped_bits_give_an_error_or_the_truth(tmp_path: Path) -> None:
    """Not one wrong count or number of events; a text or a time may be another."""
    path = small(tmp_path)
    content, truth = path.read_bytes(), everything(path)
    rng = np.random.default_rng(3)
    seen = 0
    for place in rng.integers(0, len(content), 160):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            found = everything(path)
        except SourceError:
            seen += 1
            continue
        assert found["rows"] == truth["rows"]
        assert found["records"].items() <= truth["records"].items()
    assert seen > 20


def test_a_number_that_means_nothing(tmp_path: Path) -> None:
    path = small(tmp_path)
    with h5py.File(path, "r+") as file:
        file[f"{MAPS}/events"][0] = -77
        file[f"{MAPS}/pileup"][0] = np.inf
        file[f"{MAPS}/span"][0] = 0
    with open_data_set(path) as found:
        record = found.record(EB, 0)
        assert record is not None
        assert (record.events, record.pileup, record.span) == (None, None, 1)


def test_a_digest_is_not_needed(tmp_path: Path) -> None:
    path = small(tmp_path)
    before = everything(path)
    with h5py.File(path, "r+") as file:
        del file[f"{MAPS}/digest"]
    assert everything(path) == before


def test_rows_that_are_far_apart(tmp_path: Path) -> None:
    """What a file claims of a map that is in none of its many rows takes no memory."""
    maps = [info(EB, (2,))]
    path = save(tmp_path / "a.h5", [*rows(1, *maps)], maps)
    with open_data_set(path) as found:
        assert found.counts(EB, -5, 10**9).shape == (1, 2)


@pytest.mark.parametrize("settings", [
    {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf"},
    {"compression": "lzf", "shuffle": True},
    {"compression": "gzip", "fletcher32": True, "shuffle": True}, {"chunks": True}, {"fletcher32": True}, {},
    {"chunks": (4, 3, 5), "compression": "gzip"}, {"chunks": (1, 7, 9), "compression": "lzf"},
], ids=str)  # fmt: skip
def test_arrays_of_others(tmp_path: Path, settings: dict[str, Any]) -> None:
    values = np.random.default_rng(1).normal(size=(11, 7, 9))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for dtype in ("<f8", ">f4", "<i2", "u1"):
            file.create_dataset(dtype, data=values.astype(dtype), **settings)
        file.create_dataset("empty", (11, 7, 9), "f4", fillvalue=2.5, **settings)
    with open_hdf5(tmp_path / "a.h5") as opened:
        for dtype in ("<f8", ">f4", "<i2", "u1"):
            array = opened.array(dtype)
            assert array is not None
            np.testing.assert_array_equal(array.rows(0, 11), values.astype(dtype))
            np.testing.assert_array_equal(array.rows(3, 6), values.astype(dtype)[3:6])
            for row in (10, 0, 5):
                np.testing.assert_array_equal(array.row(row), values.astype(dtype)[row])
            with pytest.raises(IndexError):
                array.row(11)
        empty = opened.array("empty")
        assert empty is not None
        np.testing.assert_array_equal(empty.row(3), np.full((7, 9), 2.5))
        assert opened.array("nothing") is None


def test_bombs_of_others(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = file.create_dataset("a", (4, 2000, 1000), "<f4", chunks=(2, 1000, 1000), compression="gzip")
        packer = zlib.compressobj(9)
        bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(400)) + packer.flush()
        made.id.write_direct_chunk((0, 1000, 0), bomb)
        file.create_dataset("b", (2, 10, 10), "<f4", chunks=(1, 10, 10), scaleoffset=3)
        file.create_dataset("c", (2, 2048, 2048), "<f4", chunks=(1, 2048, 2048), compression="lzf")
    with open_hdf5(tmp_path / "a.h5") as opened:
        array = opened.array("a")
        assert array is not None
        for name, use in (
            ("does not inflate", lambda: array.row(0)),
            ("filters", lambda: opened.array("b")),
            ("lzf chunks", lambda: opened.array("c")),
        ):
            with pytest.raises(SourceError, match=re.escape(name)) as caught:
                use()
            assert caught.value.fault is Fault.UNREADABLE
        np.testing.assert_array_equal(array.row(2), np.zeros((2000, 1000)))
