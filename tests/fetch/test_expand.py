"""What names stand for on a disk, and what is refused."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.errors import Fault, SourceError, UsageError
from caloscope.fetch import Source, checksum, expand, local, stamp
from caloscope.fetch.copying import local_name
from caloscope.fetch.index import page_entries
from caloscope.fetch.patterns import Walk, natural
from caloscope.fetch.server import Entry


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files, and the present one."""
    for name in (
        "run/LS10.root",
        "run/LS2.root",
        "run/LS02.root",
        "run/.LS3.root.abc.tmp",
        "run/notes.txt",
        "run/sub/LS4.root",
        "run/sub/.secret/LS5.root",
        "other/LS1.root",
        "odd[1]*.root",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*texts: str) -> list[str]:
    """The names of the sources."""
    return [source.name for source in expand(texts)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run/notes.txt", ["run/notes.txt"]),
        ("run", ["run/LS02.root", "run/LS2.root", "run/LS10.root", "run/notes.txt"]),
        ("run/*.root", ["run/LS02.root", "run/LS2.root", "run/LS10.root"]),
        ("run/LS?.root", ["run/LS2.root"]),
        ("run/LS[12]*.root", ["run/LS2.root", "run/LS10.root"]),
        ("*/LS1.root", ["other/LS1.root"]),
        ("**/LS[1-4].root", ["other/LS1.root", "run/LS2.root", "run/sub/LS4.root"]),
        ("run/**", ["run/LS02.root", "run/LS2.root", "run/LS10.root", "run/notes.txt", "run/sub/LS4.root"]),
        ("run/s*", ["run/sub/LS4.root"]),
        ("run/sub/.s*/*", ["run/sub/.secret/LS5.root"]),
        ("odd[1]*.root", ["odd[1]*.root"]),
    ],
)
def test_files_folders_and_patterns(tree: Path, text: str, found: list[str]) -> None:
    assert names(text) == found
    assert names(f"{tree}/{text}") == [f"{tree}/{name}" for name in found]
    assert [source.path for source in expand([f"file://{tree}/{text}".replace("[1]*", "%5B1%5D%2A")])] == [
        tree / name for name in found
    ]


def test_the_order_is_kept_and_what_is_named_twice_is_given_once(tree: Path) -> None:
    assert names("run/notes.txt", "run", "./run/LS2.root", f"{tree}/other/../run/LS2.root", "other") == [
        "run/notes.txt",
        "run/LS02.root",
        "run/LS2.root",
        "run/LS10.root",
        "other/LS1.root",
    ]
    url = "root://host//a.root"
    assert names(url, url, url + "?x=1") == [url, url]


def test_lists_hold_what_a_command_line_may(tree: Path) -> None:
    (tree / "inner.txt").write_text("other\n")
    (tree / "list.txt").write_bytes(
        b"\xef\xbb\xbf# files\r\n\r\n  run/LS*.root \r\n@inner.txt\nroot://h//x.root\n"
    )
    assert names("@list.txt") == [
        "run/LS02.root",
        "run/LS2.root",
        "run/LS10.root",
        "other/LS1.root",
        "root://h//x.root",
    ]


def test_links_are_followed_but_not_in_circles(tree: Path) -> None:
    (tree / "run/again").symlink_to(tree / "run")
    (tree / "run/gone.root").symlink_to(tree / "nothing.root")
    os.mkfifo(tree / "run/pipe.root")
    found = names("run/**/*.root")
    assert found == ["run/LS02.root", "run/LS2.root", "run/LS10.root", "run/gone.root", "run/sub/LS4.root"]
    assert "run/again/LS2.root" in names("run/a*/*.root")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        names("run/pipe.root")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 characters in a name"),
        ("a\0b", "a NUL in a name"),
        ("x" * 20_000, "20000 characters in a name"),
        ("none.root", "no such file or folder"),
        ("run/LS2.root/x", "no such file or folder"),
        ("x" * 300, "file name too long"),
        ("none/*.root", "no file matches"),
        ("run/*.h5", "no file matches"),
        ("empty", "a folder without files"),
        ("@none.txt", "no such file"),
        ("@run", "is a directory"),
        ("@bytes", "not UTF-8 text"),
        ("@loop", "lists in lists more than 8 deep"),
        ("s3://bucket/a.root", "scheme 's3' is not known"),
        ("root://host/a.root", r"expected root://host\[:port\]//path"),
        ("root:////a.root", r"expected root://host\[:port\]//path"),
        ("https:///a.root", "no server or no path"),
        ("https://host:99999/a.root", "expected an address"),
        ("https://[bad/a.root", "expected an address"),
        ("https://host/a%00.root", "a NUL in a name"),
        ("https://host/a\n.root", "cannot be printed"),
        ("file://elsewhere/a.root", "a file of another machine"),
        ("file:///a%00.root", "a NUL in a name"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(tree: Path, text: str, message: str) -> None:
    (tree / "empty").mkdir()
    (tree / "bytes").write_bytes(b"\xff\xfe\x00")
    (tree / "loop").write_text("@loop\n")
    with pytest.raises(UsageError, match=message) as raised:
        expand([text])
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_no_name_holds_a_secret_or_breaks_a_line(tree: Path) -> None:
    (source,) = expand(["https://me:secret@host/a.root?token=hush#part"])
    assert source == Source("https://host/a.root", "https://me:secret@host/a.root?token=hush")
    assert "secret" not in repr(source)
    assert "hush" not in repr(source)
    with pytest.raises(UsageError) as raised:
        expand(["ftp://me:secret@host/a.root?token=hush"])
    assert "secret" not in str(raised.value)
    assert "hush" not in str(raised.value)
    (tree / "a\nb\udcff.root").write_bytes(b"")
    (odd,) = expand(["a*.root"])
    assert odd.name == "a\\nb\\udcff.root"
    assert odd.path == Path("a\nb\udcff.root")


def test_sources_go_to_worker_processes(tree: Path) -> None:
    for source in expand(["run", "root://host//a.root"]):
        assert pickle.loads(pickle.dumps(source)) == source


@pytest.mark.parametrize(
    ("url", "package"), [("root://h//a.root", "XRootD"), ("https://h/a.root", "aiohttp")]
)
def test_a_package_that_is_not_installed_is_named(url: str, package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from caloscope.fetch import expand\n"
        "from caloscope.errors import UsageError\n"
        f"try: expand([{url!r}])\nexcept UsageError as error: print(error)\n"
        "expand([sys.executable])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert package in done.stdout
    assert "pip install 'caloscope[remote]'" in done.stdout


def test_no_heavy_package_is_loaded_for_local_files() -> None:
    code = "import sys, caloscope.fetch as f; f.expand([sys.executable]); print([m for m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"aiohttp", "fsspec", "XRootD"} & set(eval(done.stdout))


def test_a_local_source_is_its_own_file(tree: Path) -> None:
    (source,) = expand(["run/LS2.root"])
    with local(source, tree / "scratch") as path:
        assert path == Path("run/LS2.root")
    assert not (tree / "scratch").exists()
    size, tag = stamp(source)
    assert (size, tag) == (12, f"mtime:{path.stat().st_mtime_ns}")
    path.unlink()
    with pytest.raises(SourceError, match="UNREACHABLE: found no such file"):
        stamp(source)
    with pytest.raises(SourceError, match="UNREADABLE: found no such file"):
        checksum(path)


def test_the_checksum_is_the_one_everybody_computes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert checksum(path) == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/DQM_V0001_Hcal_R000306138_L000012.root", "DQM_V0001_Hcal_R000306138_L000012.root"),
        ("/a/x.root.ls00000012_host.cern.ch_pid0001", "x.root.ls00000012_host.cern.ch_pid0001"),
        ("/a/../..", "unnamed"),
        ("/", "unnamed"),
        ("/a/.hidden", "hidden"),
        ("/a/b c\n;$(rm)\\x.root", "b_c____rm__x.root"),
        (
            "/" + "R000355456" + "x" * 500 + "_LS0012.root",
            "R000355456" + "x" * 70 + "_" + "x" * 107 + "_LS0012.root",
        ),
    ],
)
def test_a_copy_has_a_safe_name_that_still_tells_the_lumisection(path: str, name: str) -> None:
    assert local_name(path) == name
    assert len(name) <= 200


@given(st.lists(st.text(st.sampled_from("LS019-²"), max_size=6)))
def test_natural_order_sorts_anything(texts: list[str]) -> None:
    assert sorted(texts, key=natural) == sorted(sorted(texts), key=natural)
    numbers = [f"LS{n}" for n in range(120)]
    assert sorted(sorted(numbers), key=natural) == numbers


def test_a_tree_without_end_is_refused() -> None:
    walk = Walk(lambda folder: [Entry("again", True), Entry("LS1.root", False)])
    with pytest.raises(UsageError, match="folders more than 32 deep"):
        list(walk.find("/", ("**", "*.root")))
    wide = Walk(lambda folder: (Entry(f"{n}", True) for n in range(1001)))
    with pytest.raises(UsageError, match="more than 1000000 names"):
        list(wide.find("/", ("*", "*", "*.root")))


def test_names_from_a_server_that_are_paths_are_left_out() -> None:
    bad = ["..", ".", "", "a/b.root", "../x.root", "a\0.root"]
    walk = Walk(lambda folder: [Entry(name, False) for name in [*bad, "good.root"]])
    assert list(walk.find("/d", ("*",))) == [("/d/good.root", False)]
    links = ["..%2f..%2fetc", "a%00b", "/d/ok.root", ""]
    page = "<a>none</a>".join(f'<a href="{link}">x</a>' for link in links)
    entries = page_entries(page, "https://h/d/")
    assert Entry("ok.root", False) in entries
    assert list(Walk(lambda folder: entries).find("/d", ("*",))) == [("/d/ok.root", False)]


def test_an_error_of_the_copy_names_the_source(tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    path.write_bytes(b"")
    source = Source("a.root", None, path)
    with pytest.raises(SourceError, match="TRUNCATED: found little"), local(source, tmp_path) as found:
        raise SourceError(found, Fault.TRUNCATED, "little", "more")
