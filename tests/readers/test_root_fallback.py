"""Histograms in a version that is not known here are read with the file's own description of the class."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.dqm_root import shelves
from caloscope.readers.root import fallback
from caloscope.readers.root.bytestream import UnexpectedError
from caloscope.readers.root.histogram import parse_histogram
from caloscope.readers.root.rootfile import RootFile
from caloscope.readers.shelf import BinAxis, Histogram

from .folder_making import HCAL, Root, axis, started_root, told

FULL = np.arange(20, dtype=np.float32).reshape(4, 5)
AXES = [axis(3, 1.0, 7.0, title="x"), axis(2, 0.0, 1.0, edges=[0.0, 0.25, 1.0])]


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


def read(path: Path) -> Histogram:
    """The histogram of the file."""
    (found,) = [shelf.histogram("Hcal/h") for shelf in shelves(path)]
    assert found is not None
    return found


def written(root: Root, path: Path, classname: str) -> tuple[bytes, bytes]:
    """A file without compression, its bytes and those of the histogram in it."""
    if classname == "TProfile":
        points = [[1.5, 4.0], [1.6, 6.0], [5.5, 1.0]]
        one = {"class": classname, "name": "h", "folder": HCAL, "axes": AXES[:1], "points": points}
        root.write(path, [one], compression=0)
    else:
        root.write(path, [told(classname, FULL, axes=AXES)], compression=0)
    with RootFile(path) as file:
        directory = file.folder(file.top, *HCAL.split("/"))
        assert directory is not None
        raw = file.read(directory.objects["h"])
    return path.read_bytes(), raw


def described(content: bytes, path: Path, classname: str, version: int) -> bytes:
    """A file whose own description of a class says that it is of another version."""
    with uproot.open(path) as file:
        (known,) = file.file.streamers[classname].values()
    # A TStreamerInfo: name, title, checksum, version.
    name = bytes([len(classname)]) + classname.encode() + b"\0"
    start = content.index(name + struct.pack(">Ii", known.member("fCheckSum"), known.class_version))
    place = start + len(name) + 4
    return content[:place] + struct.pack(">i", version) + content[place + 4 :]


@pytest.mark.parametrize(("classname", "version"), [("TH2F", 4), ("TProfile", 7)])
def test_a_version_that_only_the_file_knows(root: Root, tmp_path: Path, classname: str, version: int) -> None:
    path = tmp_path / "x_LS3.root"
    content, raw = written(root, path, classname)
    expected = read(path)
    assert content.count(raw) == 1
    newer = raw[:4] + struct.pack(">H", version + 8) + raw[6:]
    with pytest.raises(UnexpectedError, match=f"version {version + 8} of {classname}"):
        parse_histogram(newer, classname)
    path.write_bytes(described(content.replace(raw, newer), path, classname, version + 8))
    found = read(path)
    np.testing.assert_array_equal(found.values, expected.values)
    assert (found.axes, found.mean) == (expected.axes, expected.mean)
    if classname == "TH2F":
        assert found.axes == (
            BinAxis(3, 1.0, 7.0, None, "x"),
            BinAxis(2, 0.0, 1.0, (0.0, 0.25, 1.0), ""),
        )


def test_a_version_that_nobody_knows(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    content, raw = written(root, path, "TH2F")
    path.write_bytes(content.replace(raw, raw[:4] + struct.pack(">H", 99) + raw[6:]))
    with pytest.raises(SourceError, match="version 99 of TH2F in Hcal/h, expected a version") as caught:
        read(path)
    assert caught.value.fault is Fault.UNREADABLE


def test_too_large_for_it(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "x_LS3.root"
    with RootFile(_any(root, path)) as file:
        directory = file.folder(file.top, *HCAL.split("/"))
        assert directory is not None
        key = directory.objects["h"]
    why = UnexpectedError("version 99 of TH2F")
    with pytest.raises(SourceError, match="version 99"):
        fallback.read_with_uproot(path, "Hcal/h", key, bytes(fallback.MAX_BYTES + 1), why)


def _any(root: Root, path: Path) -> Path:
    written(root, path, "TH2F")
    return path
