"""Data sets that are made to do damage, or that say what cannot be: one line each, and never much memory."""

import resource
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caloscope.errors import Fault

from .making import everything, refused, small

MAPS = "maps/EB/digi"
MOST = 300 * 2**10
"""KiB that reading a hostile file may take on top of what is taken already."""


@pytest.fixture(autouse=True)
def moderate() -> Iterator[None]:
    """No test here takes much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST


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
        _fewer_rows, _other_type, _large_attribute, _long_attribute, _text_of_variable_length, _no_utf8,
        _attribute_of_another_kind, _wrong_axes, _altered, _moved, _array_for_a_group, _name(b".."),
        _name(b"EB\n"), _name(b"\xff\xfe"), _name(b" "), _name(b"a\\b"), _name(b"x" * 2000),
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
    [
        ("schema", np.bytes_(b"something else")), ("schema", 3), ("schema", "caloscope-data-set"),
        ("schema", None), ("schema_version", 2), ("schema_version", [1, 1]), ("schema_version", "1"),
    ],
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
        file["later"] = h5py.ExternalLink("/etc/other.h5", "/")
        file["maps/EB/digi/more"] = [1, 2, 3]
        file.attrs["more"] = np.zeros(9000)
    assert everything(path) == before
