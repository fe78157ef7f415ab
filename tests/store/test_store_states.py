"""The state of a bundle in the store: what is in commissioning can be left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from caloscope.store import BundleRow, Store

from ..running import caloscope
from .making import LABEL, MAP, RUN, bundle, incident, scored

SILENT = replace(bundle("b" * 8), state="commissioning", state_by="anna", state_reason="new", state_at=7.5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two bundles of one map, one of them in commissioning; both flag, both have an incident."""
    opened = Store(str(tmp_path / "s.db"))
    for row in (bundle(), SILENT):
        opened.register_bundle(row)
    opened.record([scored(1, {(0, 0): 0})], [incident(1, 1, 1)])
    opened.record(
        [scored(1, {(1, 1): 0}, name=SILENT.hash)], [replace(incident(2, 1, 1), bundle=SILENT.hash)]
    )
    return opened


def test_it_comes_back(store: Store) -> None:
    with store:
        found = {row.hash: row for row in store.bundles()}
        assert found[SILENT.hash] == SILENT
        assert not found[SILENT.hash].speaks
        other = found[bundle().hash]
        assert (other.state, other.state_by, other.state_reason, other.state_at) == ("active", "", "", None)
        assert other.speaks


def test_what_is_in_commissioning_can_be_left_out(store: Store) -> None:
    with store:
        assert {each.id for each in store.incidents()} == {"i1", "i2"}
        assert [each.id for each in store.incidents(commissioning=False)] == ["i1"]
        assert len(list(store.flags())) == 2
        assert [(row.y, row.x) for row in store.flags(commissioning=False)] == [(0, 0)]
        assert len(store.results(LABEL, RUN, map=MAP)) == 2


def test_a_new_state_is_a_change(store: Store) -> None:
    with store:
        before = store.last_change()
        store.register_bundle(SILENT)
        assert store.last_change() == before
        store.register_bundle(replace(SILENT, state="active", state_by="bert"))
        (change,) = store.changes_since(before)
        assert (change.kind, change.map) == ("bundle", MAP)
        told = {"by": "anna", "reason": "old", "at": 9.0}
        assert store.note_state(SILENT.hash, "retired", **told)  # type: ignore[arg-type]  # of its fields
        assert store.note_state(SILENT.hash, "retired", **told)  # type: ignore[arg-type]  # of its fields
        assert len(store.changes_since(before)) == 2
        (row,) = [row for row in store.bundles() if row.hash == SILENT.hash]
        assert (row.state, row.state_by, row.state_reason, row.state_at) == ("retired", "anna", "old", 9.0)
        assert row.speaks
        assert not store.note_state("unknown", "retired", by="", reason="", at=None)


def test_a_row_says_active_by_default() -> None:
    assert BundleRow("h", "n", "m", "d", "v", "e", "binomial").state == "active"


def test_the_commands_leave_it_out_unless_asked(store: Store, tmp_path: Path) -> None:
    store.close()
    for command, least in (("flags", 2), ("incidents", 0)):
        plain = caloscope(command, "--store", tmp_path / "s.db")
        asked = caloscope(command, "--store", tmp_path / "s.db", "--commissioning")
        assert len(asked.splitlines()) == len(plain.splitlines()) + 1
        assert len(plain.splitlines()) >= least
