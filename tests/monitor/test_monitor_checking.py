"""What `--check` finds in a store that is there, and what it says of bundles and conditions."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.config.monitoring_text import read_monitoring
from caloscope.errors import StoreError
from caloscope.monitor.alone import alone
from caloscope.monitor.checking import findings
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import decode, encode
from caloscope.pipeline.timeline import KEPT
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, fill, seen, trained

TEXT = f"""
[monitor]
spool = "spool"
store = "store.sqlite"
bundles = ["toy.bundle"]
label = "{LABEL}"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of as many lumisections as can be scored again, and one more."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "spool").mkdir()
    bundle = trained(folder)
    with Store(str(folder / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in fill(KEPT + 1):
            pipeline.score(each)
        pipeline.commit()
    return folder


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "site")


def found(site: Path, text: str = TEXT) -> list[tuple[str, str, str]]:
    """What a check finds."""
    (site / "monitor.toml").write_text(text, "utf-8")
    return [(each.verdict, each.what, each.told) for each in findings(read_monitoring(site / "monitor.toml"))]


def of(what: str, site: Path, text: str = TEXT) -> list[tuple[str, str]]:
    """What it says of one thing."""
    return [(verdict, told) for verdict, about, told in found(site, text) if about == what]


def blobs(site: Path) -> list[tuple[int, bytes]]:
    """The checkpoints in the store, oldest first."""
    with sqlite3.connect(site / "store.sqlite") as store:
        return list(store.execute("SELECT rowid, blob FROM checkpoints ORDER BY run, lumi"))


def test_a_check_says_from_where_each_bundle_goes_on(site: Path) -> None:
    assert of("checkpoints", site) == [("ok", f"toy.bundle: {MAP} goes on from {RUN}:{KEPT + 1}")]
    anew = [("ok", f"toy.bundle: {MAP} starts anew")]
    assert of("checkpoints", site, TEXT.replace(f'"{LABEL}"', '"other"')) == anew
    for path in site.glob("store.sqlite*"):
        path.unlink()
    assert of("checkpoints", site) == anew
    (site / "store.sqlite").write_text("no store")
    assert of("checkpoints", site) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (-1, f"{MAP} in {RUN}:{KEPT + 1}: a checkpoint cannot be read: "),
        (0, f"{MAP}: found no state in the oldest checkpoint ({RUN}:2), expected one to go on from"),
    ],
)
def test_checkpoints_that_a_monitor_would_not_go_on_from_are_bad(site: Path, place: int, words: str) -> None:
    row, blob = blobs(site)[place]
    with sqlite3.connect(site / "store.sqlite") as store:
        damaged = blob[:-20] if place else encode(decode(blob, seen())[0], None)
        store.execute("UPDATE checkpoints SET blob = ? WHERE rowid = ?", (damaged, row))
    ((verdict, told),) = of("checkpoints", site)
    assert (verdict, told.startswith(f"toy.bundle: {words}")) == ("bad", True), told
    bundle = bundles.load(site / "toy.bundle")
    with Store(str(site / "store.sqlite")) as store, pytest.raises(StoreError) as refused:
        Pipeline(store, [bundle], LABEL)
    assert told == f"toy.bundle: {refused.value}"


def test_conditions_in_the_store_that_cannot_be_read_are_bad(site: Path) -> None:
    with sqlite3.connect(site / "store.sqlite") as store:
        store.execute("UPDATE lumis SET book = '{'")
    (told,) = [told for verdict, told in of("checkpoints", site) if verdict == "bad"]
    assert "expected what the pipeline wrote" in told


def test_a_check_notes_a_monitor_that_writes_into_the_store_and_leaves_no_lock(site: Path) -> None:
    assert of("monitor", site) == []
    assert not [path.name for path in site.iterdir() if "-monitor" in path.name]
    with Store(str(site / "store.sqlite")) as store, alone(store):
        ((verdict, told),) = of("monitor", site)
        assert verdict == "note"
        assert told.startswith(f"{site}/store.sqlite: another one writes into it")
    assert of("monitor", site) == []


def test_a_bundle_that_is_given_twice_is_noted(site: Path) -> None:
    shutil.copytree(site / "toy.bundle", site / "again.bundle")
    text = TEXT.replace('"toy.bundle"', '"toy.bundle", "again.bundle"')
    first, second, twice = of("bundle", site, text)
    assert (first[0], second[0], twice[0]) == ("ok", "ok", "note")
    assert twice[1].startswith("again.bundle: the same bundle as toy.bundle (hash ")
    assert len(of("checkpoints", site, text)) == 1


def test_partitions_that_are_part_of_no_view_are_noted(site: Path) -> None:
    text = TEXT + '[conditions]\nfile = "conditions.csv"\n'
    (site / "conditions.csv").write_text("run,off\n1,TOY left\n", "utf-8")
    assert [verdict for verdict, _ in of("conditions", site, text)] == ["ok", "note"]
    (site / "conditions.csv").write_text("run,off\n1,TOY\n2,TOY;EB+ TOY\n3,\x1b[1m\n", "utf-8")
    assert of("conditions", site, text)[1:] == [
        ("note", f"{site}/conditions.csv: found \\x1b[1m, EB+ in the column off, expected parts of TOY")
    ]
    (site / "conditions.csv").write_text("run,off\n1,TOY\n", "utf-8")
    assert [verdict for verdict, _ in of("conditions", site, text)] == ["ok"]


def test_a_store_beyond_the_runs_that_are_taken_is_told(site: Path) -> None:
    assert of("runs", site) == []
    found_ = f"found run {RUN} in the store, runs from 1 to {RUN - 1} are taken"
    assert of("runs", site, f"{TEXT}last_run = {RUN - 1}\n") == [("note", found_)]
