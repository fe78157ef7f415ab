"""What a file is, and whether it is all there, whatever it is called."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot

from caloscope.errors import Fault, UsageError
from caloscope.readers import complete, kind, shelves

from .making import RUN, only, refusal, write_ecal


def test_nothing_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "DQM_V0001_Ecal_R000315488.root"
    path.touch()
    assert not complete(path)
    assert "0 bytes" in refusal(path, Fault.EMPTY_FILE)


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "absent.root"
    assert not complete(path)
    assert "No such file" in refusal(path, Fault.UNREADABLE)


@pytest.mark.parametrize("content", [b"this is no ROOT file\n", b"\x00\xff\x07binary", b"roo"])
def test_something_else_named_root(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "DQM_V0001_Ecal_R000315488.root"
    path.write_bytes(content)
    assert not complete(path)
    line = refusal(path, Fault.UNKNOWN_FORMAT)
    assert "a ROOT or HDF5 file" in line


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    original = write_ecal(tmp_path)
    renamed = original.rename(tmp_path / "occupancy.h5")
    assert complete(renamed)
    assert only(renamed).lumi == 12


def test_truncated_at_many_places(tmp_path: Path) -> None:
    content = write_ecal(tmp_path).read_bytes()
    path = tmp_path / "cut.root"
    sizes = {1, 3, 4, 10, 24, 63, 64, 400, *range(500, len(content), 2999)}
    sizes |= {len(content) - lost for lost in (1, 2, 10, 100, 1000)}
    for size in sorted(sizes):
        path.write_bytes(content[:size])
        assert not complete(path)
        refusal(path, Fault.TRUNCATED if size >= 4 else Fault.UNKNOWN_FORMAT)


def test_longer_than_its_header_says(tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    path.write_bytes(path.read_bytes() + b"\x00")
    assert not complete(path)
    refusal(path, Fault.TRUNCATED)


def test_root_header_of_large_files(tmp_path: Path) -> None:
    content = bytearray(write_ecal(tmp_path).read_bytes())
    version = int.from_bytes(content[4:8], "big") + 1_000_000
    content[4:8] = version.to_bytes(4, "big")
    content[12:20] = len(content).to_bytes(8, "big")
    path = tmp_path / "large.root"
    path.write_bytes(content)
    assert complete(path)


def test_a_root_file_that_holds_something_else(tmp_path: Path) -> None:
    path = tmp_path / "tree.root"
    with uproot.recreate(path) as file:
        file["words"] = "nothing to count"
    assert complete(path)
    assert "words" in refusal(path, Fault.UNKNOWN_FORMAT, run=RUN)


_WRITER = """
import sys, h5py
with h5py.File(sys.argv[1], "w", libver=sys.argv[2]) as file:
    file["numbers"] = range(10_000)
    file.flush()
    print("flushed", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_completeness_of_hdf5(tmp_path: Path, libver: str) -> None:
    path = tmp_path / "maps.hdf5"
    # Within one process the library shares an open file, so the writer has to be another one.
    arguments = [sys.executable, "-c", _WRITER, str(path), libver]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"flushed\n"
        assert not complete(path)
        writer.communicate()
    assert complete(path)
    content = path.read_bytes()
    for size in (9, 30, 60, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        assert not complete(path)
        refusal(path, Fault.TRUNCATED)


def test_hdf5_that_holds_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file.attrs["run"] = 306138
        file["line\nbreak"] = np.zeros(3)
    refusal(path, Fault.NOTHING_KNOWN, ["HCAL/digi"])


CSV = "fromrun,fromlumi,hname,fromrun,fromlumi,metype,hname,histo,entries,Xmax,Xmin,Xbins,Ymax,Ymin,Ybins\n"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b'\xef\xbb\xbf  \n{"count": 0, "results": []}', "DIALS JSON"),
        (b"[]", "DIALS JSON"),
        (CSV.encode(), "legacy CSV"),
        (b'\xef\xbb\xbf"hname","fromlumi","fromrun"\r\n', "legacy CSV"),
        (b"PAR1....PAR1", "DIALS parquet"),
    ],
)
def test_what_formats_are_called(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert kind(path) == word
    # Of text nobody can tell whether more is to come.
    assert complete(path) == content.startswith(b"PAR1")


def test_what_root_and_hdf5_files_are_called(tmp_path: Path) -> None:
    assert kind(write_ecal(tmp_path)) == "DQM ROOT"
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = [1, 2, 3]
    assert kind(path) == "ML4DQM HDF5"
    with pytest.raises(UsageError, match="found ML4DQM HDF5, expected a file of histograms"):
        next(shelves(path))


@pytest.mark.parametrize(
    "content", [b"PAR1", b"PAR1PAR1", b"PAR1" + bytes(5000), b"PAR1" + bytes(20) + b"PARE"]
)
def test_parquet_without_its_end(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    assert not complete(path)
    refusal(path, Fault.TRUNCATED)


@pytest.mark.parametrize("content", [b"run,lumi\n1,2\n", b"fromrun\n1\n", b"   \n", b"fromrun fromlumi\n"])
def test_text_that_is_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    refusal(path, Fault.UNKNOWN_FORMAT)
