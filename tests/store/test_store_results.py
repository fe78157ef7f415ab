from pathlib import Path

import numpy as np
import pytest

from caloscope.errors import StoreError
from caloscope.records import Code, LumiId, MapResult, Quality, Reason
from caloscope.store import Entry, Store, packed
from caloscope.store.arrays import unpack
from caloscope.store.packing import pack, pack_all

from .making import BUNDLE, LABEL, MAP, RUN, bundle, key, opened, scored, unknown


def test_a_result_comes_back_with_its_arrays(tmp_path: Path) -> None:
    sent = scored(7, {(1, 2): 0, (0, 0): 3})
    with opened(tmp_path / "s.db") as store:
        store.record([sent], [])
        row, arrays = store.result(sent.key), store.arrays(sent.key)
    assert row is not None
    assert (row.key, row.quality, row.reason, row.events, row.pileup) == (
        sent.key,
        Quality.BAD,
        None,
        1007,
        35.5,
    )
    assert (row.bad_cells, row.masked_cells, row.content, row.id) == (1, 1, "c7", LumiId(RUN, 7))
    assert set(arrays) == {"counts", "codes", "evidence", "direction", "expected"}
    assert sent.counts is not None
    assert sent.expected is not None
    np.testing.assert_array_equal(arrays["counts"], sent.counts)
    np.testing.assert_array_equal(arrays["codes"], sent.codes)
    np.testing.assert_allclose(arrays["expected"].astype(float), sent.expected, rtol=2**-12)
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "counts": "uint32",
        "codes": "int8",
        "evidence": "float32",
        "direction": "int8",
        "expected": "float32",
    }


def test_what_nobody_scored_is_unknown(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1), scored(3)])
        assert store.result(key(2)) is None
        assert store.quality(key(2)) is Quality.UNKNOWN
        assert store.quality(key(3)) is Quality.GOOD
        assert store.arrays(key(2)) == {}
        assert [row.lumi for row in store.flags(unknown=True)] == [2]


def test_the_same_result_twice_is_there_once(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1, {(0, 0): 0}), scored(2, {(0, 0): 0})])
        before, rows = store.last_change(), list(store.flags())
        store.record([scored(1), scored(2)])
        assert store.last_change() == before
        assert list(store.flags()) == rows
        assert [row.key.lumi for row in store.results(LABEL, RUN)] == [1, 2]


def test_other_content_under_the_same_key_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1)])
        with pytest.raises(
            StoreError, match=r"LS 1 EB/digi: found content 'other', expected the recorded 'c1'"
        ):
            store.record([scored(2), scored(1, content="other")])
        assert [row.key.lumi for row in store.results(LABEL, RUN)] == [1]


def test_a_missing_map_that_comes_after_all_takes_its_place(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([unknown(1, Reason.MAP_MISSING, content="")])
        store.record([unknown(1, Reason.MAP_MISSING, content="")])
        store.record([scored(1, {(0, 1): 0})])
        assert [(row.quality, row.content) for row in store.results(LABEL, RUN)] == [(Quality.BAD, "c1")]
        assert [row.kind for row in store.changes_since(0)] == ["result", "result"]
        assert len(list(store.flags())) == 1


def test_a_result_of_an_unregistered_bundle_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        with pytest.raises(StoreError, match="'b9', expected a registered bundle"):
            store.record([scored(1, name="b9")])
        assert store.labels() == []


def test_bundles_are_known_by_their_hash(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.register_bundle(bundle())
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        assert store.bundles() == [bundle(), bundle("b2", "EE+/digi", "EE+")]
        with pytest.raises(StoreError, match="expected the one registered"):
            store.register_bundle(bundle("b2", "EE-/digi", "EE-"))


def test_labels_runs_latest_and_ranges(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        assert store.latest() is None
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        store.record([scored(lumi) for lumi in (3, 1, 2)])
        store.record([scored(9, run=RUN - 1), scored(1, label="Express", run=RUN + 1)])
        store.record([scored(2, map_name="EE+/digi", name="b2")])
        assert store.labels() == ["Express", LABEL]
        assert store.runs(LABEL) == [RUN - 1, RUN]
        assert store.latest() == ("Express", RUN + 1, 1)
        assert store.latest(LABEL) == (LABEL, RUN, 3)
        assert store.latest("nothing") is None
        found = [(row.key.lumi, row.key.map) for row in store.results(LABEL, RUN, first=2)]
        assert found == [(2, MAP), (2, "EE+/digi"), (3, MAP)]
        assert [row.key.lumi for row in store.results(LABEL, RUN, map=MAP, bundle=BUNDLE, last=2)] == [1, 2]


def test_changes_name_what_was_recorded(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1)])
        first = store.last_change()
        store.record([scored(2)])
        (change,) = store.changes_since(first)
        assert (change.kind, change.label, change.run, change.lumi, change.map) == (
            "result",
            LABEL,
            RUN,
            2,
            MAP,
        )
        assert change.id > first
        assert len(store.changes_since(0, limit=1)) == 1


def test_every_array_survives_packing() -> None:
    plain = scored(1)
    full = MapResult(
        key=plain.key,
        quality=Quality.GOOD,
        reason=None,
        counts=np.array([[0, 255], [65536, 2**32 - 1]], dtype=np.uint32),
        codes=np.array([[-1, 0], [4, 5]], dtype=np.int8),
        evidence=np.array([[np.inf, -np.inf], [np.nan, 1e-40]], dtype=np.float32),
        score=np.array([[0.1, 1 / 3], [7, 8]], dtype=np.float32),
        reconstruction=np.array([[0.1, 1 / 3], [7, 8]], dtype=np.float32),
        never_alive=np.array([[True, False], [False, True]]),
    )
    found = unpack(pack(full))
    for name in ("counts", "codes", "score", "reconstruction", "never_alive"):
        np.testing.assert_array_equal(found[name], getattr(full, name))
    assert full.evidence is not None
    np.testing.assert_allclose(found["evidence"].astype(float), full.evidence, rtol=2**-12, atol=1e-41)
    assert list(unpack(pack(full), "codes")) == ["codes"]
    assert unpack(pack(full), "expected") == {}


def test_results_packed_together_are_as_if_packed_alone() -> None:
    """Other shapes, other cells, other arrays, something outside the cells: none disturbs its neighbours."""
    hollow = [scored(lumi, {(0, 0): -1, (2, 3): -1}) for lumi in (1, 2)]
    assert hollow[1].expected is not None
    hollow[1].expected[2, 3] = -0.0
    assert hollow[0].evidence is not None
    hollow[0].evidence[0, 0] = np.nan
    tall = scored(4, shape=(3, 5, 2), never_alive=np.ones((3, 5, 2), np.bool_))
    bare = MapResult(key(7), Quality.UNKNOWN, Reason.WARM_UP, None, np.full((4, 6), Code.ABSENT, np.int8))
    given = [scored(1), scored(2), *hollow, tall, scored(5), unknown(6), bare]
    for result, blob in zip(given, pack_all(given), strict=True):
        together, alone = unpack(blob), unpack(pack(result))
        assert together.keys() == alone.keys()
        for name, array in together.items():
            whole = getattr(result, name)
            assert (array.dtype, array.shape) == (whole.dtype, whole.shape)
            np.testing.assert_array_equal(array, alone[name])
            np.testing.assert_allclose(array.astype(float), whole, rtol=2**-12)


def test_a_map_without_cells_or_counts_takes_little(tmp_path: Path) -> None:
    empty = MapResult(key(1), Quality.UNKNOWN, Reason.WARM_UP, None, np.full((90, 90), -1, np.int8))
    assert len(pack(empty)) < 200
    np.testing.assert_array_equal(unpack(pack(empty))["codes"], empty.codes)


def test_entries_are_recorded_together_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record_all([Entry(packed([scored(1), scored(2)])), Entry([scored(3)])])
        with pytest.raises(StoreError, match="expected the recorded"):
            store.record_all([Entry([scored(4), scored(5)]), Entry([scored(3, content="other")])])
        assert [row.key.lumi for row in store.results(LABEL, RUN)] == [1, 2, 3]
        store.record_all(
            [Entry([scored(4)]), Entry([scored(2, {(0, 0): 0}), scored(3)], revised_from=LumiId(RUN, 2))]
        )
        assert [(row.lumi, row.code) for row in store.flags()] == [(2, 0)]
        assert store.contents(LABEL, RUN, MAP, BUNDLE) == {lumi: (f"c{lumi}", None) for lumi in range(1, 5)}
        assert store.contents(LABEL, RUN + 1, MAP, BUNDLE) == {}


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:3], lambda b: b[:-9], lambda b: b"X" + b, lambda b: b[:12] + b[13:]]
)
def test_damaged_arrays_are_reported(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(StoreError, match="damaged"):
        unpack(spoil(pack(scored(1))))


def test_an_unknown_result_carries_its_reason(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([unknown(1, Reason.FEW_EVENTS)])
        row = store.result(key(1))
        assert row is not None
        assert (row.quality, row.reason) == (Quality.UNKNOWN, Reason.FEW_EVENTS)
        assert (store.arrays(key(1))["codes"] == Code.UNKNOWN).all()


def test_a_store_opened_for_reading_refuses_to_write(tmp_path: Path) -> None:
    opened(tmp_path / "s.db").close()
    with (
        Store(str(tmp_path / "s.db"), read_only=True) as store,
        pytest.raises(StoreError, match="reading only"),
    ):
        store.record([scored(1)])
