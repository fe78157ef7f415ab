"""Data sets that are damaged, or made to do damage: one line each, and never much memory."""

import re
import resource
import zlib
from collections.abc import Callable, Iterator
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
    for place in rng.integers(0, len(content), 800):
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
    assert seen > 50


def _replaced(file: Any, name: str, **settings: Any) -> Any:
    """Another array in the place of one; what is not said of it is as it was."""
    old = file[name]
    known = {"shape": old.shape, "dtype": old.dtype, "chunks": old.chunks, "maxshape": old.maxshape}
    filters = {"shuffle": old.shuffle, "compression": old.compression}
    del file[name]
    return file.create_dataset(name, **{**known, **filters, **settings})


def _huge_rows(file: Any) -> None:
    for name in ("lumisections/run", "lumisections/lumi", "lumisections/began_at"):
        _replaced(file, name, shape=(10**15,), maxshape=(None,))


def _many_rows(file: Any) -> None:
    for name in ("lumisections/run", "lumisections/lumi", "lumisections/began_at"):
        _replaced(file, name, shape=(9_000_000,), maxshape=(None,))


def _huge_chunk(file: Any) -> None:
    _replaced(file, f"{MAPS}/counts", shape=(5, 2**13, 2**13), chunks=(1, 2**13, 2**13), maxshape=None)


def _huge_block(file: Any) -> None:
    _replaced(file, f"{MAPS}/events", chunks=(2**23,), maxshape=(None,))


def _bomb(file: Any) -> None:
    file[f"{MAPS}/counts"].id.write_direct_chunk((2, 0, 0), zlib.compress(bytes(9 * 10**5), 9))


def _bomb_that_is_short(file: Any) -> None:
    file[f"{MAPS}/counts"].id.write_direct_chunk((2, 0, 0), zlib.compress(bytes(4096)))


def _bomb_in_a_column(file: Any) -> None:
    file[f"{MAPS}/present"].id.write_direct_chunk((0,), zlib.compress(bytes(10**6)))


def _bomb_in_the_texts(file: Any) -> None:
    array = file["provenance"]
    array.id.write_direct_chunk((0,), zlib.compress(bytes(9 * 10**5), 9))


def _huge_text(file: Any) -> None:
    _replaced(file, "provenance", shape=(2**40,), chunks=(2**16,), maxshape=(None,))


def _no_json(file: Any) -> None:
    file["provenance"][...] = 91


def _deep_json(file: Any) -> None:
    text = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    _replaced(file, "provenance", shape=(len(text),), chunks=(2**16,), maxshape=(None,))[...] = np.frombuffer(
        text, np.uint8
    )


def _long_number(file: Any) -> None:
    text = b'{"a":' + b"9" * 100_000 + b"}"
    _replaced(file, "provenance", shape=(len(text),), chunks=(2**16,), maxshape=(None,))[...] = np.frombuffer(
        text, np.uint8
    )


def _soft_link(file: Any) -> None:
    file.move("maps", "moved")
    file["maps"] = h5py.SoftLink("/moved")


def _other_file(file: Any) -> None:
    del file[f"{MAPS}/counts"]
    file[f"{MAPS}/counts"] = h5py.ExternalLink("/etc/other.h5", "/counts")


def _other_storage(file: Any) -> None:
    del file[f"{MAPS}/counts"]
    group = file[MAPS]
    group.create_dataset("counts", (5, 3, 4), "<u4", external=[("/etc/hostname", 0, 240)])


def _virtual(file: Any) -> None:
    del file[f"{MAPS}/counts"]
    layout = h5py.VirtualLayout((5, 3, 4), "<u4")
    layout[...] = h5py.VirtualSource("/etc/other.h5", "counts", (5, 3, 4))
    file[MAPS].create_virtual_dataset("counts", layout)


def _loop(file: Any) -> None:
    del file["maps/EB/digi"]
    file["maps/EB/digi"] = file["maps"]


def _no_chunk(file: Any) -> None:
    _replaced(file, f"{MAPS}/counts")


def _other_filter(file: Any) -> None:
    _replaced(file, f"{MAPS}/counts", shuffle=False, compression="lzf")


def _contiguous(file: Any) -> None:
    _replaced(file, f"{MAPS}/events", chunks=None, compression=None, shuffle=None, maxshape=None)


def _not_ascending(file: Any) -> None:
    file["lumisections/lumi"][1] = 1


def _other_kind(file: Any) -> None:
    file[MAPS].attrs["kind"] = "mean"


def _fewer_rows(file: Any) -> None:
    file[f"{MAPS}/events"].resize(4, axis=0)


def _other_type(file: Any) -> None:
    _replaced(file, f"{MAPS}/events", dtype="<f8")


def _large_attribute(file: Any) -> None:
    file[MAPS].attrs["axis_bins"] = np.zeros(9000)


def _long_attribute(file: Any) -> None:
    file.attrs["label"] = np.bytes_(b"x" * 1001)


def _text_of_variable_length(file: Any) -> None:
    file.attrs["label"] = "ZeroBias"


def _no_utf8(file: Any) -> None:
    file.attrs["label"] = np.bytes_(b"\xff\xfe")


def _attribute_of_another_kind(file: Any) -> None:
    file.attrs["era"] = 2018


def _wrong_axes(file: Any) -> None:
    for name in ("titles", "bins", "low", "high"):
        file[MAPS].attrs[f"axis_{name}"] = np.array([b"x", b"y"]) if name == "titles" else [7, 8]


def _altered(file: Any) -> None:
    array = file[f"{MAPS}/counts"]
    array[2, 1, 1] += 1


def _moved(file: Any) -> None:
    array = file[f"{MAPS}/counts"].id
    array.write_direct_chunk((2, 0, 0), array.read_direct_chunk((1, 0, 0))[1])


def _array_for_a_group(file: Any) -> None:
    del file["maps/EB"]
    file["maps/EB"] = [1, 2]


def _name(name: bytes) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        maps = file["maps"].id
        maps.links.move(b"EB", maps, name)

    change.__name__ = f"_name_{name[:9]!r}"
    return change


@pytest.mark.parametrize(
    "change",
    [
        _huge_rows, _many_rows, _huge_chunk, _huge_block, _bomb, _bomb_that_is_short, _bomb_in_a_column,
        _bomb_in_the_texts, _huge_text, _no_json, _deep_json, _long_number, _soft_link, _other_file,
        _other_storage, _virtual, _loop, _no_chunk, _other_filter, _contiguous, _not_ascending, _other_kind,
        _fewer_rows, _other_type, _large_attribute, _long_attribute, _text_of_variable_length, _no_utf8, _attribute_of_another_kind, _wrong_axes,
        _altered, _moved, _array_for_a_group, _name(b".."), _name(b"EB\n"), _name(b"\xff\xfe"), _name(b" "),
        _name(b"a\\b"), _name(b"x" * 2000),
    ],
    ids=lambda change: change.__name__,
)  # fmt: skip
def test_hostile(tmp_path: Path, change: Callable[[Any], None]) -> None:
    path = small(tmp_path)
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("schema", np.bytes_(b"something else")), ("schema", 3), ("schema", "caloscope-data-set"), ("schema_version", 2), ("schema_version", [1, 1]),
     ("schema_version", "1"), ("schema", None)],
)  # fmt: skip
def test_other_schemas(tmp_path: Path, name: str, value: Any) -> None:
    path = small(tmp_path)
    with h5py.File(path, "r+") as file:
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value
    line = refused(path, Fault.UNKNOWN_FORMAT)
    assert "expected schema 'caloscope-data-set'" in line or line.endswith("expected version 1")


def test_what_is_not_known_is_left_alone(tmp_path: Path) -> None:
    """Later versions may add things; a link among them is not followed."""
    path = small(tmp_path)
    before = everything(path)
    with h5py.File(path, "r+") as file:
        file["truth"] = h5py.ExternalLink("/etc/other.h5", "/")
        file["maps/EB/digi/more"] = [1, 2, 3]
        file.attrs["more"] = np.zeros(9000)
    assert everything(path) == before


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
