"""The same store in PostgreSQL; `CALOSCOPE_TEST_POSTGRESQL` is the URL of a database to make a schema in."""

import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url

from caloscope.errors import StoreError
from caloscope.records import Cell, LumiId, Reason
from caloscope.store import Checkpoint, FileRow, Store

from .making import BUNDLE, LABEL, MAP, RUN, bundle, incident, key, scored, unknown


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an empty schema, dropped at the end."""
    given = os.environ.get("CALOSCOPE_TEST_POSTGRESQL")
    if not given:
        pytest.skip("CALOSCOPE_TEST_POSTGRESQL does not name a PostgreSQL database")
    schema = f"caloscope_{uuid.uuid4().hex}"
    engine = create_engine(given, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    located = make_url(given).update_query_dict({"options": f"-csearch_path={schema}"})
    yield located.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


def test_postgresql_gives_the_same_answers(url: str) -> None:
    bad: dict[Cell, int] = {(0, 0): 0, (1, 1): 3}
    with pytest.raises(StoreError, match="found an empty database"):
        Store(url, read_only=True)
    with Store(url) as store:
        store.register_bundle(bundle())
        store.record([unknown(1, Reason.MAP_MISSING, content="")])
        for lumi in range(1, 31):
            state = Checkpoint(LABEL, MAP, BUNDLE, RUN, lumi, b"s")
            store.record([scored(lumi, bad)], [incident(1, 2, lumi, factor=None)], [state])
        store.record([scored(29), scored(30)], [incident(1, 2, 28, closed=29)], (), LumiId(RUN, 29))
        store.note_file(FileRow("a.root", 2**40, 1_700_000_000_000_000_000, "DONE"))
        mask = store.add_mask(MAP, [(0, 0)], "anna", "dead")
    with Store(url, read_only=True) as store:
        assert store.latest() == (LABEL, RUN, 30)
        assert [row.lumi for row in store.flags()] == [n for n in range(1, 29) for _ in bad]
        assert store.incidents() == [incident(1, 2, 28, closed=29)]
        assert len(store.checkpoints(LABEL, MAP, BUNDLE)) == 20
        assert store.arrays(key(30))["codes"].shape == (4, 6)
        assert store.file("a.root", 2**40, 1_700_000_000_000_000_000) is not None
        assert store.masks(MAP) == [mask]
        assert [change.id for change in store.changes_since(0)] == list(range(1, store.last_change() + 1))
        with pytest.raises(StoreError, match="reading only"):
            store.revoke_mask(mask.id)
