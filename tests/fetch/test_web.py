"""Files of a real web server, good and bad."""

import asyncio
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from caloscope.errors import Fault, SourceError, UsageError
from caloscope.fetch import Limits, Source, expand, local, stamp
from tests.fetch.conftest import QUICK, with_tls
from tests.fetch.web_server import WebServer
from tests.fetch.xrootd_server import free_port

NAME = "DQM_V0001_Ecal_R000355456_L000007.root"


def one(url: str) -> Source:
    """The only source that an address stands for."""
    (source,) = expand([url])
    return source


def failure(url: str, scratch: Path, limits: Limits = QUICK) -> SourceError:
    """What is raised when it is copied; nothing may be left behind."""
    with pytest.raises(SourceError) as raised, local(one(url), scratch, limits):
        pass
    assert raised.value.fault is Fault.UNREACHABLE
    assert not list(scratch.iterdir())
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_file_is_copied_under_its_name_and_removed(web: WebServer, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    web.files[f"run/{NAME}"] = content
    with local(one(web.url(f"run/{NAME}")), tmp_path / "scratch") as path:
        assert path.name == NAME
        assert path.read_bytes() == content
    assert not path.exists()
    assert not list((tmp_path / "scratch").iterdir())
    assert web.asked == [("GET", f"/run/{NAME}")]


def test_it_works_inside_a_running_event_loop(web: WebServer, tmp_path: Path) -> None:
    web.files["a.root"] = b"abc"

    async def inside() -> bytes:
        with local(one(web.url("a.root")), tmp_path) as path:
            return path.read_bytes()

    assert asyncio.run(inside()) == b"abc"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("short/a.root", "a connection that ended too early"),
        ("chunked/cut.root", "a connection that ended too early"),
        ("hang/a.root", "no answer within 1 s"),
        ("letters/a.root", "an answer that does not keep to HTTP"),
        ("drip/a.root", "bytes a second"),
        ("status/500", "HTTP 500"),
        ("status/503", "HTTP 503"),
        ("status/403", "HTTP 403"),
        ("nothing.root", "HTTP 404"),
        ("loop", "redirects without end"),
        ("login/a.root", "a web page in its place"),
        ("packed/a.root", "content that the server has encoded"),
        ("huge/a.root", "more than 68719476736 bytes"),
    ],
)
def test_what_cannot_be_copied_is_told(web: WebServer, tmp_path: Path, path: str, found: str) -> None:
    before = time.monotonic()
    assert found in failure(web.url(path), tmp_path).found
    assert time.monotonic() - before < 30


def test_a_silent_server_is_not_waited_for(web: WebServer, tmp_path: Path) -> None:
    before = time.monotonic()
    limits = Limits(connect=0.2, answer=0.3, attempts=3, pause=0.01)
    assert "no answer within 0.3 s" in failure(web.url("mute/a.root"), tmp_path, limits).found
    assert time.monotonic() - before < 20
    assert len(web.asked) == 3


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    error = failure(f"http://127.0.0.1:{free_port()}/a.root", tmp_path)
    assert error.found == "connection refused"
    assert "(attempts: 2)" in error.expected


def test_no_more_is_taken_than_the_server_said(web: WebServer, tmp_path: Path) -> None:
    assert failure(web.url("long/a.root"), tmp_path).found == "an answer that does not keep to HTTP"


def test_a_body_without_a_size_is_bounded(web: WebServer, tmp_path: Path) -> None:
    with local(one(web.url("chunked/whole.root")), tmp_path, QUICK) as path:
        assert path.read_bytes() == b"abcde"
    limits = Limits(connect=1, answer=1, attempts=3, pause=0.01, max_bytes=1 << 20)
    assert failure(web.url("endless/a.root"), tmp_path, limits).found == "more than 1048576 bytes"


def test_a_full_disk_is_seen_before_the_first_byte(web: WebServer, tmp_path: Path) -> None:
    web.files["a.root"] = b"abc"
    limits = Limits(connect=1, answer=1, spare=shutil.disk_usage(tmp_path).total)
    assert "bytes free on the disk" in failure(web.url("a.root"), tmp_path, limits).found


def test_a_passing_failure_is_tried_again_and_a_lasting_one_not(web: WebServer, tmp_path: Path) -> None:
    web.files["a.root"] = b"abc"
    web.failures["a.root"] = 2
    limits = Limits(connect=1, answer=1, attempts=3, pause=0.01)
    with local(one(web.url("a.root")), tmp_path, limits) as path:
        assert path.read_bytes() == b"abc"
    web.asked.clear()
    failure(web.url("nothing.root"), tmp_path, limits)
    assert len(web.asked) == 1


def test_redirects_lead_to_the_file(web: WebServer, tmp_path: Path) -> None:
    web.files["real.root"] = b"abc"
    with local(one(web.url("moved/real.root")), tmp_path, QUICK) as path:
        assert (path.name, path.read_bytes()) == ("real.root", b"abc")


def test_secrets_go_to_the_server_and_nowhere_else(web: WebServer, tmp_path: Path) -> None:
    web.files["a b.root"] = b"abc"
    url = web.url("a%20b.root?token=hush").replace("//", "//me:secret@")
    source = one(url)
    with local(source, tmp_path, QUICK) as path:
        assert path.name == "a_b.root"
    assert web.asked == [("GET", "/a%20b.root?token=hush")]
    error = failure(url.replace("a%20b", "c"), tmp_path)
    for text in (source.name, repr(source), str(error), repr(error)):
        assert "secret" not in text
        assert "hush" not in text


def test_a_page_lists_what_a_pattern_matches(web: WebServer, tmp_path: Path) -> None:
    names = [
        "LS10.root",
        "LS2.root",
        "LS2.txt",
        ".hidden.root",
        "sub/LS1.root",
        "a b.root",
        "sub/deep/LS3.root",
    ]
    web.files |= {f"data/{name}": name.encode() for name in names}
    found = [source.name.partition("/data/")[2] for source in expand([web.url("data/*.root")])]
    assert found == ["LS2.root", "LS10.root", "a%20b.root"]
    below = [source.name.partition("/data/")[2] for source in expand([web.url("data/**/LS*.root")])]
    assert below == ["LS2.root", "LS10.root", "sub/LS1.root", "sub/deep/LS3.root"]
    assert len(expand([web.url("data/")])) == 4
    with local(expand([web.url("data/a*.root")])[0], tmp_path, QUICK) as path:
        assert path.read_bytes() == b"a b.root"


def test_a_page_that_is_not_there_is_wrong_usage_and_a_dead_server_is_not(web: WebServer) -> None:
    with pytest.raises(UsageError, match="HTTP 404"):
        expand([web.url("none/*.root")])
    web.files["data/a.txt"] = b""
    with pytest.raises(UsageError, match="no file matches"):
        expand([web.url("data/*.root")])
    with pytest.raises(SourceError, match="connection refused"):
        expand([f"http://127.0.0.1:{free_port()}/data/"], QUICK)


def test_the_stamp_of_a_file(web: WebServer) -> None:
    web.files["a.root"] = b"abc"
    web.tags["a.root"] = '"v1"'
    assert stamp(one(web.url("a.root")), QUICK) == (3, '"v1"')
    assert stamp(one(web.url("nohead/a.root")), QUICK) == (4, '"t"')
    assert stamp(one(web.url("chunked/whole.root")), QUICK) == (-1, "")
    with pytest.raises(SourceError, match="HTTP 404"):
        stamp(one(web.url("none.root")), QUICK)


@pytest.fixture
def own_certificate(tmp_path: Path) -> Path:
    """A certificate for the loopback interface, signed by itself, with its key, as in a grid proxy."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    path = tmp_path / "cert.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    )
    extra = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(tmp_path / "key.pem"),
        "-out",
        str(path),
    ]
    subprocess.run([*command.split(), *extra], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "key.pem").read_text())
    return path


def test_only_a_certificate_that_is_trusted_will_do(
    web: WebServer, tmp_path: Path, own_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with_tls(web, own_certificate)
    web.files["a.root"] = b"abc"
    assert failure(web.url("a.root"), scratch).found == "a certificate that is not trusted"
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    with local(one(web.url("a.root")), scratch, QUICK) as path:
        assert path.read_bytes() == b"abc"


def test_a_grid_proxy_is_shown_to_servers_that_ask(
    web: WebServer, tmp_path: Path, own_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with_tls(web, own_certificate, ask=True)
    web.files["a.root"] = b"abc"
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    failure(web.url("a.root"), scratch)
    monkeypatch.setenv("X509_USER_PROXY", str(tmp_path / "gone.pem"))
    failure(web.url("a.root"), scratch)
    monkeypatch.setenv("X509_USER_PROXY", str(own_certificate))
    with local(one(web.url("a.root")), scratch, QUICK) as path:
        assert path.read_bytes() == b"abc"
    (tmp_path / "none.pem").write_text("no certificate")
    monkeypatch.setenv("X509_USER_PROXY", str(tmp_path / "none.pem"))
    assert "a certificate of yours" in failure(web.url("a.root"), scratch).found


def test_https_does_not_turn_into_http(
    web: WebServer, tmp_path: Path, own_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plain = WebServer()
    plain.files["a.root"] = b"abc"
    with_tls(web, own_certificate)
    web.elsewhere = plain.url("a.root")
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    assert failure(web.url("away/a.root"), scratch).found == "a redirect from https to http"
    plain.end()


def test_an_error_of_the_reader_names_the_source_not_the_copy(web: WebServer, tmp_path: Path) -> None:
    web.files["a.root"] = b"abc"
    with pytest.raises(SourceError) as raised, local(one(web.url("a.root")), tmp_path, QUICK) as path:
        raise SourceError(path, Fault.TRUNCATED, "3 bytes", "a ROOT file")
    assert str(raised.value) == f"{web.url('a.root')}: TRUNCATED: found 3 bytes, expected a ROOT file"
    source = one(web.url("a.root"))
    with (
        pytest.raises(UsageError, match="expected a folder for copies"),
        local(source, Path(__file__), QUICK),
    ):
        pass
