import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from caloscope.errors import StoreError
from caloscope.store import Store
from caloscope.store.engines import one_line
from caloscope.store.schema import metadata

from .making import bundle, key, opened, scored


def refused(url: str, *, read_only: bool = True) -> str:
    """The one line with which opening is refused."""
    with pytest.raises(StoreError) as caught:
        Store(url, read_only=read_only)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert "found no such file" in refused(f"sqlite:///{path}")
    assert list(tmp_path.iterdir()) == []
    assert "found no folder" in refused(str(tmp_path / "nowhere" / "s.db"), read_only=False)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_database_is_refused_unchanged(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "a@b.db"
    path.write_text("this is a letter, not a database\n" * 100)
    before = path.read_bytes()
    assert "not a database" in refused(str(path), read_only=read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("read_only", [True, False])
def test_the_database_of_somebody_else_is_refused(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE meta (a)")
    assert "found another database" in refused(str(path), read_only=read_only)


def test_an_empty_file_becomes_a_store_only_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.touch()
    assert "found an empty database" in refused(str(path))
    with Store(str(path)) as store:
        assert store.bundles() == []


@pytest.mark.parametrize("read_only", [True, False])
def test_another_schema_is_refused(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "s.db"
    opened(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE meta SET value = '99'")
        raw.commit()
    said = refused(str(path), read_only=read_only)
    assert "found a store of schema 99, expected schema 5" in said
    assert "replay the data into a new store" in said
    assert "\n" not in said


def test_a_store_is_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store, store._read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout", "secure_delete")
        }
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 1,
        "busy_timeout": 30000,
        "secure_delete": 0,
    }


def test_paths_with_odd_characters(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20e"
    folder.mkdir()
    opened(folder / "s é.db").close()
    with Store(str(folder / "s é.db"), read_only=True) as store:
        assert store.bundles() == [bundle()]
    assert (folder / "s é.db").is_file()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+nosuchdriver://anna:hunter2@db.example/store",
        "postgresql://anna:hunter2@127.0.0.1:1/store",
        "postgresql://anna:hun@ter2@127.0.0.1:1/store",
        "postgresql://anna:hunter2/x@127.0.0.1:1/store",
        "postgresql://anna:pw@127.0.0.1:hunter2/store",
        "://anna:hunter2@x",
        "postgresql://127.0.0.1:1/store?user=anna&password=hunter2",
        "mysql+pymysql://anna:hunter2@127.0.0.1:1/store",
    ],
)
def test_a_password_never_shows(url: str) -> None:
    line = refused(url)
    assert "hunter" not in line
    assert "ter2" not in line


def test_what_a_driver_says_shows_no_password() -> None:
    whole = make_url("postgresql://anna:hunter2@db/s?password=hunter3")
    assert one_line(ValueError("no hunter2 nor hunter3\nhunter2"), whole) == "no *** nor ***"
    torn = make_url("postgresql://anna:hun@ter2@db/s")
    assert "ter2" not in one_line(ValueError("no host ter2@db"), torn)


def test_options_in_an_sqlite_url_are_refused(tmp_path: Path) -> None:
    assert "found options" in refused(f"sqlite:///{tmp_path / 's.db'}?mode=ro", read_only=False)


def test_a_url_and_a_path_are_the_same_store(tmp_path: Path) -> None:
    opened(tmp_path / "s.db").close()
    with Store(f"sqlite:///{tmp_path / 's.db'}", read_only=True) as store:
        assert store.bundles() == [bundle()]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_in_a_folder_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    opened(tmp_path / "s.db").close()
    tmp_path.chmod(0o555)
    try:
        with Store(str(tmp_path / "s.db"), read_only=True) as store:
            assert store.bundles() == [bundle()]
    finally:
        tmp_path.chmod(0o755)


def test_a_url_without_a_file_is_refused() -> None:
    assert "without a file" in refused("sqlite://", read_only=False)
    assert "without a file" in refused("sqlite:///:memory:", read_only=False)


def test_the_tables_are_valid_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    text = "".join(str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables)
    indexes = [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for index in table.indexes
    ]
    assert "id BIGSERIAL NOT NULL" in text
    assert "BYTEA" in text
    assert "AUTOINCREMENT" not in text
    assert len(indexes) == 4
    for only in ("settled IS NULL", "settled = 0"):
        assert any(f"WHERE {only}" in index for index in indexes)


def test_a_store_lives_on_when_opened_again(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1)])
    with Store(str(tmp_path / "s.db")) as store:
        store.record([scored(2)])
        assert store.result(key(1)) is not None
        assert store.last_change() == 2
