"""`caloscope info` on everything that it may be pointed at."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from caloscope import dataset
from caloscope.cli.info import info
from caloscope.cli.info.words import cell, plain, size
from caloscope.dataset import MapInfo, Row
from caloscope.errors import CaloscopeError, Fault, SourceError, StoreError, UsageError
from caloscope.geometry import view
from caloscope.records import BinRange, LumiId, MapRecord

from .readers.making import EB_PATH, RUN, counts, histograms, write_ecal
from .running import caloscope

app = typer.Typer()
app.command()(info)
Told = Callable[..., str]


@pytest.fixture(params=[80, 120])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the command prints on a terminal of that width; errors are raised."""
    monkeypatch.setenv("COLUMNS", str(request.param))

    def tell(*words: str | Path) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert all(len(line) <= request.param for line in done.stdout.splitlines())
        return done.stdout

    return tell


def as_json(*words: str | Path) -> Any:
    done = CliRunner().invoke(app, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout, parse_constant=pytest.fail)


def refused(kind: type[CaloscopeError], *words: str | Path) -> str:
    with pytest.raises(kind) as caught:
        CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def squeezed(text: str) -> str:
    """Without the spaces and lines into which a table breaks long words."""
    return "".join(text.split())


@pytest.fixture
def data_set(tmp_path: Path) -> Path:
    on = view("EE+", "2018")
    axes = tuple(BinRange(axis.title, axis.bins, axis.low, axis.high) for axis in (on.y, on.x))
    endcap = MapInfo("EE+/digi", "EE+", "digi", "overdispersed", "Ecal", on.version, "counts", on.shape, axes)
    plain_ = MapInfo("plain/a.b", "plain", "a.b", "", "", "", "float", (3,), (BinRange("x", 3, 0, 1),))
    rows = [
        Row(RUN, lumi, None, {
            "EE+/digi": MapRecord(np.ones(on.shape, np.uint32), 500, None),
            "plain/a.b": MapRecord(np.ones(3, np.float32), axes=plain_.axes),
        })
        for lumi in (1, 2, 6)
    ]  # fmt: skip
    dropped = [{"map": "EE+/digi", "why": "FEW_EVENTS", "count": 2, "lumisections": {str(RUN): [[3, 4]]}}]
    path = tmp_path / "data.h5"
    provenance: Any = {"version": "0.1.0", "sources": [{"name": "a.root"}], "dropped": dropped}
    dataset.write(path, rows, 3, [endcap, plain_], label="ZeroBias", era="2018", provenance=provenance)
    return path


def test_a_source(told: Told, tmp_path: Path) -> None:
    path = write_ecal(tmp_path)
    text = told(path)
    lumis = f"{RUN}: LS 12-12 (1)"
    for wanted in ("DQM ROOT", "1 in 1 run", lumis, "EB/digi", "per LS", "3 histograms", "41.25"):
        assert wanted in text, wanted
    for wanted in (EB_PATH[:20], "72 x 34", "0..360, -85..85"):
        assert wanted in text, wanted
    few = told(path, "--grep", "*/EBOccupancyTask/*")
    assert "1 histogram" in few
    assert "0 histograms" in told(path, "--grep", "*/ebOccupancyTask/*")


def test_a_source_as_json(tmp_path: Path) -> None:
    found = as_json(write_ecal(tmp_path))
    assert found["kind"] == "file"
    held = found["contents"]
    assert held["runs"] == [{"run": RUN, "first": 12, "last": 12, "number": 1}]
    entry = next(entry for entry in held["entries"] if entry["path"] == EB_PATH)
    assert [axis["bins"] for axis in entry["axes"]] == [72, 34]
    assert next(feed for feed in held["maps"] if feed["name"] == "EB/digi")["scope"] == "per_lumi"


def test_names_in_a_file_are_no_markup(told: Told, tmp_path: Path) -> None:
    (one,) = histograms("EB/digi", counts("EB/digi")).values()
    path = write_ecal(tmp_path, {"EcalBarrel/[bold red]x[b]": one})
    text = told(path)
    assert "[boldred]x[b]" in squeezed(text)
    assert cell("a\x1b[31m\nb[red]").plain == "a [31m b[red]"


def test_long_lists_are_cut_unless_all_are_asked_for(told: Told, tmp_path: Path) -> None:
    (one,) = histograms("EB/digi", counts("EB/digi")).values()
    path = write_ecal(tmp_path, {f"EcalBarrel/many/h{number:03d}": one for number in range(60)})
    assert "and 23 more: --grep PATTERN chooses among them, --all shows all" in " ".join(told(path).split())
    everything = told(path, "--all")
    assert "h059" in everything
    assert "more:" not in everything


def test_a_folder(told: Told, tmp_path: Path, data_set: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_ecal(folder).rename(tmp_path / f"DQM_V0001_Ecal_R{RUN:09d}_L{number:09d}.root")
        folder.rmdir()
    (tmp_path / "note.txt").write_text("hello")
    text = told(tmp_path)
    for wanted in ("4", "DQM ROOT", "data set", "1 file cannot be read", "The first of them", "EB/digi"):
        assert wanted in text, wanted
    assert f"{RUN}: LS 1-6" in text
    found = as_json(tmp_path)
    assert found["summary"]["groups"]["DQM ROOT"]["files"] == 2
    assert found["summary"]["groups"]["data set"]["runs"] == {str(RUN): [1, 6]}
    assert found["first"]["lumis"] == 1
    assert "DQM ROOT" in told(f"{tmp_path}/*.root")


def test_a_folder_of_many_files_is_looked_into_in_part(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("caloscope.cli.info.folder.MOST_FILES", 1)
    write_ecal(tmp_path)
    write_ecal(tmp_path, name=f"DQM_V0001_Ecal_R{RUN + 1:09d}.root")
    assert "1 files were not looked into: --all looks into all" in told(tmp_path)
    assert "not looked into" not in told(tmp_path, "--all")


def test_a_folder_of_data_sets(told: Told, data_set: Path) -> None:
    text = told(data_set.parent)
    assert "ZeroBias" in text


def test_a_data_set(told: Told, data_set: Path) -> None:
    text = told(data_set)
    for wanted in ("ZeroBias", "2018", "3 rows in 1 run, 3 missing between", "EE+/digi", "20 x 20", "counts",
                   "500", "plain/a.b", "3-5", "FEW_EVENTS", "Caloscope 0.1.0"):  # fmt: skip
        assert wanted in text, wanted
    assert "plain/a.b" not in told(data_set, "--grep", "EE*")


def test_a_data_set_as_json(data_set: Path) -> None:
    found = as_json(data_set)
    assert found["kind"] == "data set"
    said = found["facts"]
    assert said["runs"] == [{"run": RUN, "first": 1, "last": 6, "number": 3, "gaps": [[3, 5]]}]
    assert said["left_out"] == [{"map": "EE+/digi", "why": "FEW_EVENTS", "times": 2, "runs": [RUN]}]
    assert said["maps"][0]["info"]["shape"] == [20, 20]


def test_pictures_of_a_data_set(data_set: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert as_json(data_set, "--plot", page, "--grep", "EE*")["kind"] == "data set"
    html = page.read_text("utf-8")
    assert html.count('<section class="map"') == 1
    assert "data.h5" in html
    assert "no folder" in refused(UsageError, data_set, "--plot", tmp_path / "none" / "page.html")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle, and the store into which it scored twelve lumisections."""
    folder = tmp_path_factory.mktemp("replayed")
    good, bundle, store = (folder / name for name in ("good", "EEp.bundle", "s.sqlite"))
    caloscope("simulate", "--map", "EE+/digi", "--lumis", "12", "--run", "320001", "-o", good)
    caloscope("train", good, "--map", "EE+/digi", "-o", bundle)
    caloscope("replay", good, "--bundle", bundle, "--store", store, "--label", "ZeroBias")
    return bundle, store


def test_a_bundle_and_a_store(told: Told, replayed: tuple[Path, Path]) -> None:
    bundle, store = replayed
    card = as_json(bundle)
    assert (card["kind"], card["card"]["map"]) == ("bundle", "EE+/digi")
    assert "reference" in told(bundle)
    for address in (store, f"sqlite:///{store}"):
        found = as_json(address)
        assert found["labels"][0]["label"] == "ZeroBias"
        (run,) = found["labels"][0]["newest_runs"]
        assert (run["run"], run["first"], run["last"], run["results"]) == (320001, 1, 12, 12)
        assert found["bundles"][0]["hash"] == card["hash"]
        assert found["bytes"] > 0
        text = told(address)
        for wanted in ("ZeroBias", "320001", "EE+/digi", "12 DONE"):
            assert wanted in text, wanted
    assert "--plot found a store, expected a data set" in refused(UsageError, store, "--plot", "x.html")
    assert "--grep found a bundle" in refused(UsageError, bundle, "--grep", "x")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.EMPTY_FILE),
        (b"hello", Fault.UNKNOWN_FORMAT),
        (b"\x89HDF\r\n\x1a\nrest", Fault.TRUNCATED),
        (b"root\0\0\xf0\0", Fault.TRUNCATED),
    ],
)
def test_a_damaged_file_is_one_line(content: bytes, fault: Fault, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(content)
    assert f"{path}: {fault}" in refused(SourceError, path)


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert "no such file" in refused(UsageError, tmp_path / "none")
    assert "a folder without files" in refused(UsageError, tmp_path)
    (tmp_path / "s.sqlite").write_bytes(b"SQLite format 3\0" + b"\0" * 84)
    refused(StoreError, tmp_path / "s.sqlite")
    line = refused(StoreError, "postgresql://me:secret@localhost:1/x")
    assert "secret" not in line


def test_a_certification_file(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    path.write_text('{"315257": [[1, 88], [91, 92]], "315259": [[1, 1]]}')
    for wanted in ("certification JSON", "2, 315257 to 315259", "91"):
        assert wanted in told(path)
    assert as_json(path)["lumisections"] == 91


def test_words() -> None:
    assert [size(count) for count in (0, 1023, 1024, 5 * 2**30)] == ["0 B", "1023 B", "1.0 KiB", "5.0 GiB"]
    assert plain({"a": float("nan"), 3: LumiId(1, 2), "b": (1.5, Path("x"))}) == {
        "a": None,
        "3": {"run": 1, "lumi": 2},
        "b": [1.5, "x"],
    }
