"""Files that are damaged, or made to do damage: one line each, and never much memory."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope.errors import Fault
from caloscope.readers.root.blocks import inflate
from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.rootfile import RootFile

from .making import EB_PATH, RUN, counts, flipped, only, refusal, tried, write_ecal

PATH = f"DQMData/Run {RUN}/{EB_PATH.replace('/', '/Run summary/', 1)}"


def test_flipped_bits_give_an_error_or_the_truth(tmp_path: Path) -> None:
    content = write_ecal(tmp_path).read_bytes()
    path = tmp_path / "flipped.root"
    refused = 0
    for changed in flipped(content, seed=3, times=600):
        path.write_bytes(changed)
        found = tried(path, ["EB/digi"])
        if isinstance(found, str):
            refused += 1
            assert found.isprintable()
            continue
        for record in (lumisection.maps.get("EB/digi") for lumisection in found):
            if record is not None:
                np.testing.assert_array_equal(record.counts, counts("EB/digi", seed=0))
    assert 50 < refused < 600


def test_every_bit_of_the_first_bytes(tmp_path: Path) -> None:
    content = write_ecal(tmp_path).read_bytes()
    path = tmp_path / "flipped.root"
    for bit in range(64 * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        found = tried(path, ["EB/digi"])
        assert found.isprintable() if isinstance(found, str) else [one.lumi for one in found] == [12]


def test_a_damaged_histogram(tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    with RootFile(path) as file:
        directory = file.folder(file.top, *PATH.split("/")[:-1])
        assert directory is not None
        key = directory.objects[PATH.rsplit("/", 1)[1]]
    content = bytearray(path.read_bytes())
    content[key.seek + key.key_bytes + 1000] ^= 0xFF
    path.write_bytes(content)
    assert "damaged compressed block" in refusal(path, Fault.UNREADABLE)


def _claim(tmp_path: Path, field: int, value: bytes) -> Path:
    """A file in which every key of the barrel's histogram has another value at an offset."""
    path = write_ecal(tmp_path)
    content = bytearray(path.read_bytes())
    name = PATH.rsplit("/", 1)[1].encode()
    matches = list(re.finditer(re.escape(b"\x04TH2F" + bytes([len(name)]) + name), content))
    assert matches
    for match in matches:
        # Before the names: sizes, version, date, length and cycle (18 bytes), and two places of 4 or 8 bytes.
        version = (
            b"\x03\xec" if content[match.start() - 30 : match.start() - 28] == b"\x03\xec" else b"\x00\x04"
        )
        place = match.start() - (34 if version == b"\x03\xec" else 26)
        assert content[place + 4 : place + 6] == version
        content[place + field : place + field + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [2**31 - 1, 65 * 2**20, -5])
def test_an_object_that_claims_too_much(tmp_path: Path, size: int) -> None:
    path = _claim(tmp_path, 6, struct.pack(">i", size))
    assert f"claims {size} bytes" in refusal(path, Fault.UNREADABLE, ["EB/digi"])


@pytest.mark.parametrize("size", [2**31 - 1, 2**20, 3])
def test_an_object_that_is_said_to_take_too_much(tmp_path: Path, size: int) -> None:
    refusal(_claim(tmp_path, 0, struct.pack(">i", size)), Fault.UNREADABLE, ["EB/digi"])


def test_a_histogram_of_a_billion_bins(tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    with uproot.recreate(path, compression=None) as file:
        file[PATH] = (np.zeros((72, 34)), np.linspace(0, 360, 73), np.linspace(-85, 85, 35))
    content = path.read_bytes()
    axis = struct.pack(">idd", 72, 0, 360)
    assert content.count(axis) == 1
    path.write_bytes(content.replace(axis, struct.pack(">idd", 10**9, 0, 360)))
    assert "2664 stored bins for axes of 1000000000" in refusal(path, Fault.UNREADABLE, ["EB/digi"])


@pytest.mark.parametrize(
    "compression", [None, uproot.ZLIB(9), uproot.LZMA(1), uproot.LZ4(1), uproot.ZSTD(1)], ids=str
)
def test_all_of_root_s_compressions(
    tmp_path: Path, compression: uproot.compression.Compression | None
) -> None:
    path = tmp_path / "x_LS3.root"
    values = counts("EB/digi").astype(np.float64)
    with uproot.recreate(path, compression=compression) as file:
        file[PATH] = (values.T, np.linspace(0, 360, 73), np.linspace(-85, 85, 35))
    np.testing.assert_array_equal(only(path, ["EB/digi"]).maps["EB/digi"].counts, values)
    if compression is None or isinstance(compression, uproot.ZSTD):
        return  # no checksum: damage inside cannot be seen
    for changed in flipped(path.read_bytes(), seed=4, times=150):
        path.write_bytes(changed)
        found = tried(path, ["EB/digi"])
        if not isinstance(found, str) and "EB/digi" in found[0].maps:
            np.testing.assert_array_equal(found[0].maps["EB/digi"].counts, values)


def _block(payload: bytes, size: int, algorithm: bytes = b"ZL") -> bytes:
    return algorithm + b"\x08" + len(payload).to_bytes(3, "little") + size.to_bytes(3, "little") + payload


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (_block(zlib.compress(bytes(10**8)), 1000), 1000),
        (_block(zlib.compress(bytes(999)), 1000), 1000),
        (_block(zlib.compress(bytes(1000))[:-4], 1000), 1000),
        (_block(zlib.compress(bytes(1000)), 1000, b"CS"), 1000),
        (_block(zlib.compress(bytes(1000)), 1000, b"XZ"), 1000),
        (_block(bytes(40), 1000, b"L4"), 1000),
        (_block(bytes(40), 1000, b"ZS"), 1000),
        (_block(b"", 0), 1000),
        (_block(zlib.compress(bytes(1000)), 1000), 500),
        (_block(zlib.compress(bytes(1000)), 1000), 2000),
        (b"ZL", 10),
    ],
)
def test_blocks_that_are_not_what_they_claim(raw: bytes, size: int) -> None:
    with pytest.raises(DamagedError):
        inflate(raw, size)


def test_several_blocks() -> None:
    raw = _block(zlib.compress(b"one "), 4) + _block(zlib.compress(b"two"), 3)
    assert inflate(raw, 7) == b"one two"


def test_a_cursor_never_leaves_its_bytes() -> None:
    cursor = Cursor(b"\xff\x00\x00\x00\x09abc", 0)
    with pytest.raises(DamagedError):
        cursor.text()
    with pytest.raises(DamagedError):
        Cursor(b"abc").take("i")
    with pytest.raises(DamagedError):
        Cursor(b"abc", 2).jump(1)
