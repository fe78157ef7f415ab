from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caloscope import geometry
from caloscope.records import Cell, Direction, LumiId, MapResult, Quality, Reason
from caloscope.store import BundleRow, FlagRow, Store
from caloscope.store.masked_then import masked_then
from caloscope.store.schema import flags

from .making import LABEL, MAP, RUN, SHAPE, bundle, incident, opened, scored, unknown


def naive(results: list[MapResult]) -> list[FlagRow]:
    """Rows straight from the arrays."""
    rows: list[FlagRow] = []
    for result in sorted(results, key=lambda each: each.key):
        label, run, lumi, map_name, _ = result.key
        if result.quality is Quality.UNKNOWN:
            rows.append(FlagRow(label, run, lumi, map_name, None, None, None, 2, None, "", result.reason))
            continue
        assert result.evidence is not None
        assert result.direction is not None
        for y, x in np.ndindex(*result.codes.shape):
            code, way = int(result.codes[y, x]), int(result.direction[y, x])
            never = code == 3 and result.never_alive is not None and bool(result.never_alive[y, x])
            if code in (0, 3):
                reason = Reason.NEVER_ALIVE if never else result.flag_reason
                word = "low" if never else {-1: "low", 0: "", 1: "high"}[way]
                evidence = float(result.evidence[y, x])
                rows.append(FlagRow(label, run, lumi, map_name, None, y, x, code, evidence, word, reason))
    return rows


def intervals(store: Store) -> int:
    with store._read() as connection:
        return len(connection.execute(flags.select()).all())


def test_a_flag_that_lasts_is_one_interval(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        sent = [scored(lumi, {(1, 2): 0, (3, 5): 3} if lumi < 7 else {(1, 2): 0}) for lumi in range(1, 11)]
        for result in sent:
            store.record([result])
        assert intervals(store) == 2
        assert list(store.flags()) == naive(sent)


def test_gaps_and_unknown_lumisections_end_an_interval_and_are_never_flagged(tmp_path: Path) -> None:
    bad: dict[Cell, int] = {(1, 2): 0}
    sent = [
        scored(1, bad),
        scored(2, bad),
        unknown(3),
        scored(4, bad),
        scored(6, bad),
        scored(1, bad, run=RUN + 1),
    ]
    with opened(tmp_path / "s.db") as store:
        for result in sent:
            store.record([result])
        assert intervals(store) == 4
        assert list(store.flags()) == [row for row in naive(sent) if row.code != 2]
        missing = [row for row in store.flags(unknown=True) if row.code == 2]
        assert [(row.lumi, row.y, row.reason) for row in missing] == [
            (3, None, Reason.WARM_UP),
            (5, None, Reason.NOT_SCORED),
        ]


def test_a_change_of_code_reason_or_direction_begins_an_interval(tmp_path: Path) -> None:
    cell = (2, 2)
    sent = [
        scored(1, {cell: 0}),
        scored(2, {cell: 3}),
        scored(3, {cell: 3}, direction=1),
        scored(4, {cell: 3}, direction=1, flag_reason=Reason.EMPTY_MAP),
    ]
    with opened(tmp_path / "s.db") as store:
        store.record(sent)
        assert intervals(store) == 4
        assert list(store.flags()) == naive(sent)


def test_cells_never_alive_say_so_and_are_low(tmp_path: Path) -> None:
    never = np.zeros(SHAPE, dtype=bool)
    never[0, 1] = True
    sent = [scored(lumi, {(0, 1): 3, (0, 2): 3}, never_alive=never, direction=1) for lumi in (1, 2)]
    with opened(tmp_path / "s.db") as store:
        store.record(sent)
        rows = list(store.flags())
    assert rows == naive(sent)
    found = [(row.x, row.reason, row.direction) for row in rows[:2]]
    assert found == [(1, Reason.NEVER_ALIVE, "low"), (2, Reason.EVIDENCE, "high")]


def test_results_out_of_order_expand_as_if_in_order(tmp_path: Path) -> None:
    bad: dict[Cell, int] = {(1, 2): 0}
    sent = [scored(lumi, bad) for lumi in (1, 3, 2, 5, 4)]
    with opened(tmp_path / "s.db") as store:
        for result in sent:
            store.record([result])
        assert list(store.flags()) == naive(sent)


def test_flags_of_one_run_map_label_or_bundle(tmp_path: Path) -> None:
    bad: dict[Cell, int] = {(0, 0): 0}
    with opened(tmp_path / "s.db") as store:
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        store.record([scored(1, bad), scored(1, bad, run=RUN + 1), scored(1, bad, label="A")])
        store.record([scored(1, bad, map_name="EE+/digi", name="b2")])
        everything = [(row.label, row.run, row.map) for row in store.flags()]
        assert everything == [
            ("A", RUN, MAP),
            (LABEL, RUN, MAP),
            (LABEL, RUN, "EE+/digi"),
            (LABEL, RUN + 1, MAP),
        ]
        assert [row.run for row in store.flags(run=RUN + 1)] == [RUN + 1]
        assert [row.map for row in store.flags(map="EE+/digi")] == ["EE+/digi"]
        assert [row.map for row in store.flags(bundle="b2")] == ["EE+/digi"]
        assert [row.label for row in store.flags(label="A")] == ["A"]


def test_depth_is_physical(tmp_path: Path) -> None:
    view = geometry.view("HCAL", "2018")
    with Store(str(tmp_path / "s.db")) as store:
        store.register_bundle(BundleRow("h", "h", "HCAL/digi", "reference", "HCAL", "2018", "binomial"))
        cell = tuple(int(index) for index in np.argwhere(view.exists)[-1])
        store.record([scored(1, {cell: 0}, map_name="HCAL/digi", name="h", shape=view.shape)])
        (row,) = store.flags()
    assert (row.depth, row.y, row.x) == (view.depth_of(cell), cell[1], cell[2])
    assert row.depth == cell[0] + 1


def test_a_slow_reader_of_flags_holds_up_nobody(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi, {(0, 0): 0}) for lumi in range(1, 101)])
        rows = store.flags()
        assert next(rows).lumi == 1
        store.record([scored(lumi) for lumi in range(50, 101)], revised_from=LumiId(RUN, 50))
        # What was revised meanwhile keeps the answer that was asked for, or loses only its evidence.
        assert [row.lumi for row in rows] == list(range(2, 101))
        assert [row.lumi for row in store.flags()] == list(range(1, 50))


Lumi = st.one_of(
    st.none(),  # a gap
    st.just("unknown"),
    st.dictionaries(
        st.tuples(st.integers(0, 1), st.integers(0, 2)), st.sampled_from([0, 0, 3, 4]), max_size=4
    ),
)


def results_of(steps: list[object], start: int, content: str) -> list[MapResult]:
    """Results of the lumisections from `start` on; half of the masked ones were never alive."""
    never = np.zeros(SHAPE, dtype=bool)
    never[0] = True
    made: list[MapResult] = []
    for lumi, step in enumerate(steps, start):
        if step == "unknown":
            made.append(unknown(lumi, content=content))
        elif isinstance(step, dict):
            made.append(
                scored(lumi, step, content=content, never_alive=never, direction=1 - lumi // 4 % 2 * 2)
            )
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(Lumi, min_size=1, max_size=14), again=st.lists(Lumi, max_size=8), data=st.data())
def test_flags_are_those_of_a_naive_expansion(
    tmp_path_factory: pytest.TempPathFactory, first: list[object], again: list[object], data: st.DataObject
) -> None:
    start = data.draw(st.integers(1, len(first)), label="revised from")
    before, after = results_of(first, 1, "a"), results_of(again, start, "b")
    with opened(tmp_path_factory.mktemp("flags") / "s.db") as store:
        for result in before:
            store.record([result])
            store.record([result])
        assert list(store.flags()) == [row for row in naive(before) if row.code != 2]
        if after:
            store.record(after, revised_from=LumiId(RUN, start))
            replaced = {each.key for each in after}
            before = [each for each in before if each.key not in replaced]
        every = naive([*before, *after])
        assert list(store.flags()) == [row for row in every if row.code != 2]
        recorded = [row for row in store.flags(unknown=True) if row.reason is not Reason.NOT_SCORED]
        assert recorded == every
        gaps = [row.lumi for row in store.flags(unknown=True) if row.reason is Reason.NOT_SCORED]
        lumis = {each.key.lumi for each in [*before, *after]}
        assert gaps == sorted(set(range(min(lumis, default=0), max(lumis, default=-1) + 1)) - lumis)


def test_flags_of_some_lumisections_and_without_masked_cells(tmp_path: Path) -> None:
    sent = [scored(lumi, {(1, 2): 0, (3, 5): 3}) for lumi in (1, 2, 4)]
    why = replace(unknown(3), detail="squeeze")
    with opened(tmp_path / "s.db") as store:
        store.record([*sent[:2], why, sent[2]])
        assert list(store.flags(lumis={2, 4}.__contains__)) == [
            row for row in naive(sent) if row.lumi in (2, 4)
        ]
        assert [(row.lumi, row.x) for row in store.flags(lumis=range(3).__contains__, masked=False)] == [
            (1, 2),
            (2, 2),
        ]
        told = list(store.flags(lumis={3, 4}.__contains__, masked=False, unknown=True))
        assert [(row.lumi, row.code, row.detail) for row in told] == [(3, 2, "squeeze"), (4, 0, "")]


def test_incidents_are_as_masked_as_they_were_then(tmp_path: Path) -> None:
    """One cell masked from LS 4 on, until the mask is revoked at LS 6; the other never."""
    masked = {(1, 2): [0, 0, 0, 3, 3, 0], (2, 4): [0] * 6}
    first = replace(incident(1, 1, 6), cells=((1, 2),))
    other = replace(incident(2, 2, 6), cells=((2, 4),))
    high = replace(incident(3, 1, 6), cells=((1, 2),), direction=Direction.HIGH, masked=True)
    found = [first, other, high]

    def told(store: Store, lumi: int) -> list[bool]:
        return [each.masked for each in store.as_then(found, LumiId(RUN, lumi))]

    with opened(tmp_path / "s.db") as store:
        for lumi in range(1, 7):
            bad: dict[Cell, int] = {cell: codes[lumi - 1] for cell, codes in masked.items()}
            store.record([scored(lumi, bad)], found if lumi == 6 else [])
        assert told(store, 4) == [False, False, True], "no mask was ever set"
        store.add_mask(MAP, [(1, 2)], "anna", "noise")
        assert [told(store, lumi)[0] for lumi in range(1, 7)] == [False, False, False, True, True, False]
        assert told(store, 4)[1:] == [False, True], "the high one has no flag of its own"
        store.record([unknown(7)])
        assert told(store, 7)[0] is False
        assert store.as_then([replace(first, opened=LumiId(RUN, 4), masked=False)], LumiId(RUN, 1))[0].masked
        later = [replace(first, closed=LumiId(RUN, 8), masked=True)]
        assert store.as_then(later, LumiId(RUN + 1, 1)) == later


def test_of_an_incident_its_own_cells_alone_are_looked_at() -> None:
    """In a bad night there are hundreds, and thousands of flags: all with all would take a minute."""

    class Asked(dict[tuple[tuple[str, str, str], Cell], list[Any]]):
        """No flags, and which were asked for."""

        keys_asked: list[Cell]

        def get(self, key: Any, default: Any = None) -> Any:
            self.keys_asked.append(key[1])
            return super().get(key, default)

    flags, cells = Asked(), ((1, 2), (2, 4))
    flags.keys_asked = []
    assert masked_then(replace(incident(1, 1, 6), cells=cells, masked=True), flags, LumiId(RUN, 3))
    assert flags.keys_asked == list(cells)
