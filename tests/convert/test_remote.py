"""Sources on servers, and workers on a cluster: the same data set as from a folder on this machine."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from caloscope.convert import Request, convert
from caloscope.dataset import open_data_set
from caloscope.fetch import expand
from tests.fetch.conftest import with_tls
from tests.fetch.web_server import WebServer
from tests.fetch.xrootd_server import XROOTD, XRootDServer, free_port

from ..dask_cluster import started_scheduler
from ..running import caloscope
from .making import make, write
from .test_convert import arrays, same


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies between the servers and us."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[WebServer]:
    served = WebServer()
    yield served
    served.end()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    write(tmp_path / "spool", range(1, 13))
    return tmp_path / "spool"


@pytest.fixture
def here(spool: Path, tmp_path: Path) -> Path:
    """What becomes of the files on this machine."""
    make([spool], tmp_path / "here.h5")
    return tmp_path / "here.h5"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One for the loopback interface, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    path, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(path)]
    subprocess.run([*words.split(), *more], check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path


def serve(server: WebServer, spool: Path) -> None:
    server.files |= {f"dqm/{path.name}": path.read_bytes() for path in spool.iterdir()}


def left_behind(folder: Path) -> list[Path]:
    """What a conversion should have taken away."""
    return list(folder.glob(".*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_on_a_web_server(
    server: WebServer, spool: Path, here: Path, tmp_path: Path, workers: int
) -> None:
    serve(server, spool)
    report = make([server.url("dqm/")], tmp_path / "data.h5", workers=workers)
    assert (report.sources, report.lumisections, report.bad) == (12, 12, ())
    assert same(tmp_path / "data.h5", here)
    assert not left_behind(tmp_path)
    with open_data_set(tmp_path / "data.h5") as data, open_data_set(here) as local:
        theirs, ours = data.provenance["sources"], local.provenance["sources"]
    assert [note["checksum"] for note in theirs] == [note["checksum"] for note in ours]
    assert theirs[0]["name"].startswith("http://127.0.0.1:")


def test_over_https_on_the_command_line(
    server: WebServer, spool: Path, here: Path, tmp_path: Path, certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with_tls(server, certificate)
    serve(server, spool)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    words = ("--map", "EB/digi", "--label", "ZeroBias", "--workers", "2")
    out = caloscope("convert", server.url("dqm/*.root"), "-o", tmp_path / "data.h5", *words)
    assert "12 lumisections of 1 run" in out
    assert same(tmp_path / "data.h5", here)
    assert not left_behind(tmp_path)


def test_an_xrootd_server(spool: Path, here: Path, tmp_path: Path) -> None:
    if XROOTD is None:
        pytest.skip("xrootd is not here (Debian's package xrootd-server)")
    xrootd = XRootDServer()
    try:
        for path in spool.iterdir():
            xrootd.write(f"dqm/{path.name}", path.read_bytes())
        words = ("-o", tmp_path / "data.h5", "--map", "EB/digi", "--label", "ZeroBias", "--workers", "2")
        out = caloscope("convert", xrootd.url("dqm/*.root"), *words)
        assert "12 lumisections of 1 run" in out
        assert "sources: 12, 0 of them bad" in out
        assert same(tmp_path / "data.h5", here)
        sources = [xrootd.url("dqm/gone.root"), xrootd.url("dqm/")]
        report = make(sources, tmp_path / "again.h5")
    finally:
        xrootd.close()
    assert report.lumisections == 12
    (bad,) = report.bad
    assert "UNREACHABLE" in bad
    assert "gone.root" in bad
    assert same(tmp_path / "again.h5", here)
    assert not left_behind(tmp_path)


def test_what_cannot_be_reached_is_a_bad_source_among_good_ones(
    server: WebServer, spool: Path, here: Path, tmp_path: Path
) -> None:
    serve(server, spool)
    dead = f"http://me:secret@127.0.0.1:{free_port()}/LS99.root?token=hush"
    served = [server.url(f"dqm/{path.name}") for path in sorted(spool.iterdir())[:6]]
    local = sorted(spool.iterdir())[6:]
    sources: list[Path | str] = [dead, *served, server.url("dqm/none.root"), *local]
    report = make(sources, tmp_path / "data.h5")
    assert (report.sources, report.lumisections, len(report.bad)) == (14, 12, 2)
    assert all("UNREACHABLE" in bad and "\n" not in bad for bad in report.bad)
    assert not any("secret" in bad or "hush" in bad for bad in report.bad)
    assert same(tmp_path / "data.h5", here)
    with open_data_set(tmp_path / "data.h5") as data:
        told = str(data.provenance)
    assert "secret" not in told
    assert "hush" not in told


def test_a_server_that_was_busy_is_asked_again(
    server: WebServer, spool: Path, here: Path, tmp_path: Path
) -> None:
    serve(server, spool)
    server.failures = {name: 1 for number, name in enumerate(sorted(server.files)) if number % 4 == 0}
    report = make([server.url("dqm/")], tmp_path / "data.h5")
    assert not report.bad
    assert same(tmp_path / "data.h5", here)


@pytest.fixture
def scheduler() -> Iterator[str]:
    yield from started_scheduler(2)


def test_a_dask_cluster(scheduler: str, tmp_path: Path) -> None:
    """Three portions of work; then the same cluster again, with another request of the same sources."""
    write(tmp_path / "spool", range(1, 301))
    make([tmp_path / "spool"], tmp_path / "here.h5")
    sources = expand([str(tmp_path / "spool")])
    for lumis, number in ((None, 300), ("1-150", 150)):
        request = Request(maps=("EB/digi",), label="ZeroBias", lumis=lumis)
        output = tmp_path / f"{number}.h5"
        assert convert(sources, request, output, scheduler=scheduler).lumisections == number
    assert same(tmp_path / "300.h5", tmp_path / "here.h5")
    half, whole = arrays(tmp_path / "150.h5"), arrays(tmp_path / "300.h5")
    assert all(
        (half[name] == whole[name][:150]).all() for name in ("lumis", "EB/digi counts", "EB/digi events")
    )
    assert not left_behind(tmp_path)
