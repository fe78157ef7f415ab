"""Files of a real xrootd server."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from caloscope.errors import Fault, SourceError, UsageError
from caloscope.fetch import Limits, Source, expand, local, stamp
from caloscope.fetch.server import Unreachable
from caloscope.fetch.servers import open_server
from caloscope.fetch.source import parse_address
from tests.fetch.conftest import QUICK
from tests.fetch.web_server import WebServer
from tests.fetch.xrootd_server import XRootDServer, free_port

NAME = "DQM_V0001_Ecal_R000355456_L000007.root"


def one(url: str) -> Source:
    """The only source that an address stands for."""
    (source,) = expand([url])
    return source


def failure(url: str, scratch: Path) -> SourceError:
    """What is raised when it is copied; nothing may be left behind."""
    with pytest.raises(SourceError) as raised, local(one(url), scratch, QUICK):
        pass
    assert raised.value.fault is Fault.UNREACHABLE
    assert not list(scratch.iterdir())
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_file_is_copied_whole_under_its_name_and_removed(xrootd: XRootDServer, tmp_path: Path) -> None:
    content = os.urandom(7_000_001)
    xrootd.write(NAME, content)
    with local(one(xrootd.url(NAME)), tmp_path) as path:
        assert path.name == NAME
        assert path.read_bytes() == content
    assert not list(tmp_path.iterdir())
    xrootd.write("empty.root", b"")
    with local(one(xrootd.url("empty.root")), tmp_path) as path:
        assert path.read_bytes() == b""


def test_the_server_lists_folders_and_what_matches(xrootd: XRootDServer) -> None:
    for name in ("LS10.root", "LS2.root", "LS1.txt", ".LS3.root", "sub/LS4.root", "sub/sub/LS5.root"):
        xrootd.write(f"glob/{name}", name.encode())
    base = xrootd.url("glob/")

    def names(pattern: str) -> list[str]:
        return [source.name.removeprefix(base) for source in expand([base + pattern], QUICK)]

    assert names("*.root") == ["LS2.root", "LS10.root"]
    assert names("") == ["LS1.txt", "LS2.root", "LS10.root"]
    assert names("sub") == ["sub/LS4.root"]
    assert names("**/*.root") == ["LS2.root", "LS10.root", "sub/LS4.root", "sub/sub/LS5.root"]
    assert names("*/LS*.root") == ["sub/LS4.root"]
    with pytest.raises(UsageError, match="no file matches"):
        names("*.h5")
    with pytest.raises(UsageError, match="no such file or directory"):
        names("none/*.root")


def test_what_is_not_there_is_told_at_once(xrootd: XRootDServer, tmp_path: Path) -> None:
    before = time.monotonic()
    assert "no such file" in failure(xrootd.url("none.root"), tmp_path).found
    xrootd.write("folder.root/LS1.root", b"")
    assert failure(xrootd.url("folder.root"), tmp_path).found == "a folder"
    outside = f"root://127.0.0.1:{xrootd.port}//etc/host.conf"
    assert "disallowed" in failure(outside, tmp_path).found
    assert time.monotonic() - before < 20


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    before = time.monotonic()
    url = f"root://me:secret@127.0.0.1:{free_port()}//a.root?authz=hush"
    error = failure(url, tmp_path)
    assert "Connection error" in error.found
    assert "secret" not in str(error)
    assert "hush" not in str(error)
    with pytest.raises(SourceError, match="UNREACHABLE"):
        expand([url.replace("a.root", "*.root")], QUICK)
    assert time.monotonic() - before < 30


def test_the_stamp_changes_with_the_file(xrootd: XRootDServer) -> None:
    xrootd.write("stamp.root", b"abc")
    os.utime(xrootd.data / "stamp.root", (1_700_000_000, 1_700_000_000))
    assert stamp(one(xrootd.url("stamp.root"))) == (3, "mtime:1700000000")
    xrootd.write("stamp.root", b"abcd")
    assert stamp(one(xrootd.url("stamp.root")))[0] == 4
    with pytest.raises(SourceError, match="no such file"):
        stamp(one(xrootd.url("none.root")))


class _Harm:
    """Takes bytes until something is done to the server."""

    def __init__(self, after: int, deed: object) -> None:
        self.taken = 0
        self._after = after
        self._deed = deed

    def expect(self, size: int | None) -> None:
        """Nothing to prepare."""

    def write(self, piece: bytes) -> None:
        """Count; once there are enough, do the harm."""
        self.taken += len(piece)
        if self.taken >= self._after and callable(self._deed):
            deed, self._deed = self._deed, None
            deed()


@pytest.mark.parametrize("deed", ["kill", "freeze"])
def test_a_server_that_goes_in_the_middle_is_not_waited_for(own_xrootd: XRootDServer, deed: str) -> None:
    own_xrootd.write("big.root", bytes(20_000_000))
    harm = _Harm(4_000_000, getattr(own_xrootd, deed))
    before = time.monotonic()
    with pytest.raises(Unreachable) as raised:
        open_server("root", QUICK).copy(parse_address(own_xrootd.url("big.root")), harm)
    assert time.monotonic() - before < 30
    assert not raised.value.lasting
    assert 4_000_000 <= harm.taken < 20_000_000
    if deed == "freeze":
        own_xrootd.thaw()


def test_a_file_that_changes_meanwhile_is_no_copy(xrootd: XRootDServer) -> None:
    xrootd.write("growing.root", bytes(6_000_000))
    harm = _Harm(1, lambda: xrootd.write("growing.root", bytes(7_000_000)))
    with pytest.raises(Unreachable, match="changed while it was copied"):
        open_server("root", QUICK).copy(parse_address(xrootd.url("growing.root")), harm)


def _in_another_process(source: Source, scratch: Path) -> int:
    with local(source, scratch, Limits(answer=5)) as path:
        return path.stat().st_size


# From Python 3.12 on a fork beside threads is warned of; it is what is tested here.
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_copy_what_their_parent_listed(
    xrootd: XRootDServer, web: WebServer, tmp_path: Path, method: str
) -> None:
    for number in range(2):
        xrootd.write(f"many/LS{number}.root", bytes(1000 + number))
        web.files[f"many/LS{number}.root"] = bytes(1002 + number)
    sources = expand([xrootd.url("many/*.root"), web.url("many/*.root")])
    with multiprocessing.get_context(method).Pool(2) as pool:
        sizes = pool.starmap(_in_another_process, [(source, tmp_path) for source in sources])
    assert sizes == [1000, 1001, 1002, 1003]
