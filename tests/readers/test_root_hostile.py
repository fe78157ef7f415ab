"""ROOT files made to do damage, and damaged ones: refused in one line, or read as they were."""

import contextlib
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders import dqm_root, loose
from caloscope.readers.folders.kind import kind
from caloscope.readers.root.blocks import inflate
from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.root.keys import parse_keys

from .folder_making import COMPRESSIONS, HCAL, Root, started_root, told
from .making import flipped

CHECKED = ("zlib", "lzma", "lz4")
"""Compressions that come with a checksum."""
FULL = np.random.default_rng(1).poisson(40, (14, 12)).astype(np.float32)


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


def everything(path: Path, module: Any = dqm_root) -> dict[str, Any] | None:
    """All that can be had from a file: histograms, a scalar, the lumisection; None if it is refused."""
    found: dict[str, Any] = {}
    try:
        kind(path)
        for shelf in module.shelves(path, 5):
            found["lumi"] = shelf.place.lumi
            found["scalar"] = shelf.scalar("Hcal/EventInfo/iLumiSection")
            for name in shelf.names():
                found[name] = shelf.histogram(name)
    except SourceError as error:
        line = str(error)
        assert line.isprintable()
        assert len(line) < 500
        return None
    return found


def written(root: Root, folder: Path, compression: str) -> bytes:
    """A file of two histograms, a profile and a scalar."""
    path = folder / "written_LS3.root"
    common = {"folder": f"{HCAL}/DigiTask", "axes": [{"bins": 3, "low": 0, "high": 3}]}
    root.write(
        path,
        [
            told("TH2F", FULL, "h", f"{HCAL}/DigiTask"),
            told("TH1D", FULL[0], "line", f"{HCAL}/DigiTask"),
            {**common, "class": "TProfile", "name": "p", "points": [[1.5, 4.0]]},
            {
                "class": "TObjString",
                "folder": f"{HCAL}/EventInfo",
                "name": "<iLumiSection>i=3</iLumiSection>",
            },
        ],
        compression=COMPRESSIONS[compression],
    )
    return path.read_bytes()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_cut_at_every_97th_byte(root: Root, tmp_path: Path, compression: str) -> None:
    content = written(root, tmp_path, compression)
    path = tmp_path / "x.root"
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        for module in (dqm_root, loose):
            found = everything(path, module)
            for name, histogram in (found or {}).items():
                if name.endswith("DigiTask/h"):
                    np.testing.assert_array_equal(histogram.values, FULL[1:-1, 1:-1])


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flipped_bits(root: Root, tmp_path: Path, compression: str) -> None:
    content = written(root, tmp_path, compression)
    path = tmp_path / "x_LS3.root"
    refused = right = 0
    for changed in flipped(content, seed=7, times=500):
        path.write_bytes(changed)
        found = everything(path)
        refused += found is None
        histogram = (found or {}).get("Hcal/DigiTask/h")
        if histogram is not None and compression in CHECKED:
            np.testing.assert_array_equal(histogram.values, FULL[1:-1, 1:-1])
            right += 1
    assert refused
    assert right or compression not in CHECKED


def _block(algorithm: bytes, payload: bytes, size: int) -> bytes:
    sizes = len(payload).to_bytes(3, "little") + size.to_bytes(3, "little")
    return algorithm + b"\x08" + sizes + payload


@pytest.mark.parametrize("algorithm", [b"ZL", b"ZS"])
def test_blocks_that_inflate_to_gigabytes(algorithm: bytes) -> None:
    if algorithm == b"ZL":
        stream = zlib.compressobj(9)
        payload = b"".join(stream.compress(bytes(2**20)) for _ in range(256)) + stream.flush()
    else:
        # A frame that claims four gigabytes: magic, one segment with a size of eight bytes.
        sound = zstandard.compress(bytes(1000))
        payload = sound[:4] + b"\xe0" + struct.pack("<Q", 2**32) + sound[7:]
    tracemalloc.start()
    with pytest.raises(DamagedError):
        inflate(_block(algorithm, payload, 1000), 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


def _record(keys_bytes: int, keys_seek: int) -> bytes:
    return struct.pack(">hIIiiiii", 5, 0, 0, keys_bytes, 0, 0, 0, keys_seek)


def _key(name: str, seek: int, classname: str = "TDirectory") -> bytes:
    texts = b"".join(bytes([len(each)]) + each.encode() for each in (classname, name, ""))
    return struct.pack(">ihiIhhii", 0, 4, 0, 0, 0, 1, seek, 0) + texts


def _key_list(keys: list[bytes]) -> bytes:
    head = struct.pack(">ihiIhhii", 0, 4, 0, 0, 29, 1, 0, 0) + bytes(3)
    return head + struct.pack(">i", len(keys)) + b"".join(keys)


def _in_a_file(path: Path, top: bytes, rest: bytes) -> Path:
    """A file whose first directory's record stands at byte 100 and `rest` at byte 200."""
    size = 200 + len(rest)
    head = b"root" + struct.pack(">iiiiiii", 62400, 100, size, 0, 0, 0, 0)
    path.write_bytes(head.ljust(100, b"\0") + top.ljust(100, b"\0") + rest)
    return path


def test_directories_that_stand_in_each_other(tmp_path: Path) -> None:
    keys = _key_list([_key("a", 100), _key("b", 100), _key("DQMData", 100), _key("Run 5", 100)])
    path = _in_a_file(tmp_path / "x_LS3.root", _record(len(keys), 200), keys)
    assert kind(path) == "dqm"
    assert everything(path) == {"lumi": 3, "scalar": None}
    assert everything(path, loose) is None


def test_many_directories_that_share_one_list(tmp_path: Path) -> None:
    number = 500
    size = len(_key_list([_key(f"{place:03}", 0) for place in range(number)]))
    records = [200 + size + 30 * place for place in range(number)]
    keys = _key_list([_key(f"{place:03}", seek) for place, seek in enumerate(records)])
    path = _in_a_file(tmp_path / "x_LS3.root", _record(size, 200), keys + _record(size, 200) * number)
    with pytest.raises(SourceError, match="lists of keys that are longer than the file") as caught:
        list(loose.shelves(path, 5))
    assert caught.value.fault is Fault.UNREADABLE


def test_folders_deeper_than_anyone_makes(tmp_path: Path) -> None:
    size = len(_key_list([_key("d", 0), _key("h", 0, "TH1F")]))
    pieces = []
    for level in range(200):
        below = 200 + (size + 30) * level + size
        pieces.append(_key_list([_key("d", below), _key("h", 0, "TH1F")]) + _record(size, below + 30))
    last = _key_list([_key("e", 100), _key("h", 0, "TH1F")])
    path = _in_a_file(tmp_path / "x_LS3.root", _record(size, 200), b"".join([*pieces, last]))
    (shelf,) = [(shelf.place, list(shelf.names())) for shelf in loose.shelves(path, 5)]
    assert len(shelf[1]) == 33
    assert shelf[1][-1] == "d/" * 32 + "h"


@pytest.mark.parametrize("count", [-1, 10**6, 2**31 - 1])
def test_lists_that_claim_too_many_keys(count: int) -> None:
    keys = bytearray(_key_list([_key("a", 0)]))
    keys[29:33] = struct.pack(">i", count)
    with pytest.raises(DamagedError):
        parse_keys(bytes(keys), 10**6)


def test_names_that_claim_to_be_long() -> None:
    keys = _key_list([_key("a", 0)])
    for length in (254, 255):
        with pytest.raises(DamagedError, match="does not end"):
            parse_keys(keys.replace(b"\x01a", bytes([length]) + b"a"), 10)


@given(raw=st.binary(max_size=200), most=st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_any_list_of_keys(raw: bytes, most: int) -> None:
    with contextlib.suppress(DamagedError):
        assert parse_keys(raw, most).keys <= most


@pytest.mark.parametrize("keys_bytes", [-1, 2**31 - 1, 33 * 2**20])
def test_a_directory_that_claims_a_long_list(tmp_path: Path, keys_bytes: int) -> None:
    path = _in_a_file(tmp_path / "x_LS3.root", _record(keys_bytes, 200), bytes(100))
    with pytest.raises(SourceError, match=f"claims {keys_bytes} bytes"):
        list(loose.shelves(path, 5))


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.root", tmp_path):
        for ask in (
            kind,
            lambda path: list(dqm_root.shelves(path)),
            lambda path: list(loose.shelves(path, 1)),
        ):
            with pytest.raises(SourceError) as caught:
                ask(path)
            assert caught.value.fault is Fault.UNREADABLE


def test_a_shelf_that_is_used_too_late(root: Root, tmp_path: Path) -> None:
    written(root, tmp_path, "zlib")
    (shelf,) = list(dqm_root.shelves(tmp_path / "written_LS3.root"))
    found = shelf.histogram("Hcal/DigiTask/h")
    assert found is None or (found.values == FULL[1:-1, 1:-1]).all()
