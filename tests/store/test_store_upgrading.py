"""A store of schema 4 becomes one of this version, when asked, whole or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from caloscope.cli import app
from caloscope.errors import Fault, StoreError
from caloscope.records import LumiId, LumiState
from caloscope.store import Checkpoint, Entry, FileRow, LumiRow, Store
from caloscope.store import upgrading as module
from caloscope.store.schema import UPGRADED
from caloscope.store.upgrading import upgrade

from .making import BUNDLE, LABEL, MAP, RUN, incident, key, opened, scored

SCHEMA = Path(__file__).with_name("schema4.sql").read_text("utf-8")
"""The tables as Caloscope made them with schema 4."""


def filled(path: Path) -> None:
    """A store with something in every table that there was."""
    with opened(path) as store:
        state = Checkpoint(LABEL, MAP, BUNDLE, RUN, 1, b"s")
        store.record([scored(n, {(1, 2): 0}) for n in (1, 2, 3)], [incident(1, 1, 3)], [state])
        store.note_file(FileRow("a.root", 10, 20, "QUARANTINED", Fault.EMPTY_FILE, "found 0 bytes"))
        store.note_file(FileRow("b.root", 10, 20, "DONE", lumis=3, seconds=0.5))
        store.add_mask(MAP, [(0, 0)], "anna", "dead")


def as_of_schema_4(path: Path, new: Path) -> None:
    """The same rows in tables of schema 4."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript(SCHEMA)
        old.execute("ATTACH ? AS new", (str(new),))
        tables = [row[0] for row in old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in (name for name in tables if not name.startswith("sqlite_")):
            names = ", ".join(f'"{row[1]}"' for row in old.execute(f"PRAGMA main.table_info({table})"))
            old.execute(f"INSERT INTO main.{table} SELECT {names} FROM new.{table}")
        old.execute("UPDATE main.meta SET value = '4'")
        old.commit()


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """A store of schema 4, and the same of this one."""
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    filled(new)
    as_of_schema_4(old, new)
    return old, new


def layout(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns and indexes of every table."""
    with closing(sqlite3.connect(path)) as raw:
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, list[tuple[object, ...]]] = {}
        for name in names:
            found[name] = [row[1:] for row in raw.execute(f"PRAGMA table_info({name})")]
            found[name] += sorted(row[1:] for row in raw.execute(f"PRAGMA index_list({name})"))
    return found


def told(path: Path) -> list[object]:
    """All that a store says of what there was in schema 4."""
    with Store(str(path), read_only=True) as store:
        results = [
            (row.key, row.quality, row.content, row.scored_at, row.pileup)
            for row in store.results(LABEL, RUN)
        ]
        files = [
            (row.path, row.status, row.fault, row.detail, row.lumis, row.noted_at) for row in store.files()
        ]
        arrays = {name: array.tolist() for name, array in store.arrays(key(2)).items()}
        books = [store.bundles(), store.masks(in_force=False), store.checkpoints(LABEL, MAP, BUNDLE)]
        return [results, files, arrays, list(store.flags()), store.incidents(), books, store.changes_since(0)]


def test_an_old_store_is_never_changed_unasked(paths: tuple[Path, Path]) -> None:
    old, _ = paths
    before = layout(old)
    for read_only in (True, False):
        with pytest.raises(StoreError) as caught:
            Store(str(old), read_only=read_only)
        assert "found a store of schema 4, expected schema 5: `caloscope store upgrade`" in str(caught.value)
    assert layout(old) == before


def test_nothing_is_lost(paths: tuple[Path, Path]) -> None:
    old, new = paths
    assert upgrade(str(old)) == ("4", "5")
    assert told(old) == told(new)
    assert layout(old) == layout(new)


def test_it_goes_on_as_a_store_of_this_version(paths: tuple[Path, Path]) -> None:
    old, _ = paths
    upgrade(f"sqlite:///{old}")
    lumi = LumiRow(LABEL, RUN, 4, LumiState.RAMP, "told")
    with Store(str(old)) as store:
        store.record_all([Entry([scored(4, {(1, 2): 0})], lumis=[lumi])])
        store.record([scored(3)], revised_from=LumiId(RUN, 3))
        assert store.lumis(LABEL, RUN) == [lumi]
        assert [row.lumi for row in store.flags()] == [1, 2, 4]
        first = store.results(LABEL, RUN)[0]
        assert (first.source, first.stages, first.version) == ("", {}, "")
        assert [(row.attempts, row.next_try, row.stages) for row in store.files()] == [(1, None, {})] * 2
        store.note_run(LABEL, RUN, at=1.0)
        assert store.thin(1, 1000) == 2


def test_a_second_time_nothing_happens(paths: tuple[Path, Path]) -> None:
    old, _ = paths
    upgrade(str(old))
    before = layout(old)
    assert upgrade(str(old)) == ("5", "5")
    assert layout(old) == before


def test_after_an_error_the_store_is_as_it_was(
    paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = paths
    before = layout(old)
    with closing(sqlite3.connect(old)) as raw:
        raw.execute("CREATE VIEW runs AS SELECT 1")  # the last step cannot make its table
    with pytest.raises(StoreError, match=r"old\.db: could not be upgraded: .*runs"):
        upgrade(str(old))
    assert layout(old) == before
    with closing(sqlite3.connect(old)) as raw:
        raw.execute("DROP VIEW runs")
    assert upgrade(str(old)) == ("4", "5")


def test_what_is_no_store_or_too_old_is_refused(tmp_path: Path, paths: tuple[Path, Path]) -> None:
    old, _ = paths
    with pytest.raises(StoreError, match="found no such file"):
        upgrade(str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="found an empty database"):
        upgrade(str(tmp_path / "empty.db"))
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE meta (a)")
    with pytest.raises(StoreError, match="found another database"):
        upgrade(str(tmp_path / "other.db"))
    with closing(sqlite3.connect(old)) as raw:
        raw.execute("UPDATE meta SET value = '3'")
        raw.commit()
    with pytest.raises(StoreError, match="found a store of schema 3, expected one of 4, 5"):
        upgrade(str(old))


def test_every_old_schema_that_is_promised_has_its_step() -> None:
    assert set(module._STEPS) == set(UPGRADED)


def said(*words: str | Path) -> list[str]:
    """Lines of a command that must go well."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output.splitlines()


def test_the_commands(paths: tuple[Path, Path]) -> None:
    old, _ = paths
    assert said("store", "upgrade", "--store", old) == ["schema 4 is now schema 5"]
    assert said("store", "upgrade", "--store", old) == ["schema 5: nothing to do"]
    thin = said("store", "thin", "--store", old, "--keep-lumis", "1", "--every", "100", "--changes", "1")
    assert thin == ["1 score map deleted", "5 changes forgotten"]
    assert len(said("flags", "--store", old)) == 4
