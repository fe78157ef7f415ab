"""The gate: in which conditions a map is judged, and what is due in the others all the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.pipeline import Gate, Pipeline
from caloscope.pipeline.checkpoint import decode_step
from caloscope.pipeline.gate import cells_of, closed, learned_in, of_view
from caloscope.pipeline.told import LABEL as BY_LABEL
from caloscope.pipeline.told import TABLE, merged
from caloscope.records import (
    Code,
    Conditions,
    Incident,
    LumiId,
    Lumisection,
    LumiState,
    MapResult,
    Quality,
    Reason,
)
from caloscope.store import LumiRow, Store

from .making import DEAD, LABEL, MAP, RUN, fill, trained

CELL = (2, 4)
"""Right of the middle; `LEFT` is left of it."""

LEFT = "TOY left"
STATES = [state for state in LumiState if state not in (LumiState.COLLISIONS, LumiState.UNTOLD)]
REASONS = {
    LumiState.RAMP: Reason.RAMP,
    LumiState.NO_BEAM: Reason.NO_BEAM,
    LumiState.COSMICS: Reason.COSMICS,
    LumiState.HEAVY_IONS: Reason.HEAVY_IONS,
    LumiState.SPECIAL: Reason.SPECIAL,
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


@dataclass(frozen=True, repr=False)
class Taken:
    """What came of lumisections: the newest results by lumisection, incidents, conditions, states kept."""

    results: Mapping[int, MapResult]
    incidents: Sequence[Incident]
    rows: Sequence[LumiRow]
    memory: Mapping[str, object]
    evidence: Mapping[str, object]


def taken(
    path: Path,
    bundle: Bundle,
    arrivals: Sequence[Lumisection],
    gate: Gate | None = None,
    label: str = LABEL,
) -> Taken:
    with Store(str(path / f"{label}.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], label, gate)
        results = {result.key.lumi: result for each in arrivals for result in pipeline.score(each)}
        pipeline.commit()
        _, state = decode_step(store.checkpoints(label, MAP, bundle.hash)[-1].blob, bundle.view)
        assert state is not None
        return Taken(
            results,
            [each for each in store.incidents(label=label) if not each.standing],
            store.lumis(label, RUN),
            {name: array.tolist() for name, array in state.memory.items()},
            {name: array.tolist() for name, array in state.evidence.arrays().items()},
        )


def told(given: Sequence[Lumisection], first: int, last: int, said: Conditions) -> list[Lumisection]:
    """The same, of some of which a source tells this."""
    return [replace(each, conditions=said) if first <= each.lumi <= last else each for each in given]


def said(state: LumiState = LumiState.UNTOLD, *off: str, detail: str = "") -> Conditions:
    return Conditions(state, frozenset(off), source="Info", detail=detail)


@pytest.mark.parametrize("state", STATES)
def test_a_map_is_unknown_in_conditions_that_its_bundle_did_not_learn(
    tmp_path: Path, bundle: Bundle, state: LumiState
) -> None:
    found = taken(tmp_path, bundle, told(fill(8), 4, 6, said(state, detail="squeeze")))
    assert [found.results[lumi].reason for lumi in (3, 4, 5, 6, 7)] == [None, *[REASONS[state]] * 3, None]
    assert {found.results[lumi].quality for lumi in (4, 5, 6)} == {Quality.UNKNOWN}
    words = str(state).replace("_", " ").lower()
    assert found.results[4].detail == f"{words}, as Info says: squeeze"
    assert set(np.unique(found.results[4].codes[bundle.view.exists])) == {Code.UNKNOWN, Code.MASKED_BAD}
    assert [(row.state, row.origin) for row in found.rows][2:5] == [
        (LumiState.COLLISIONS, "maps"),
        (state, "told"),
        (state, "told"),
    ]


@pytest.mark.parametrize("state", [LumiState.COLLISIONS, LumiState.UNTOLD])
def test_a_map_is_judged_in_stable_collisions_and_where_nobody_tells(
    tmp_path: Path, bundle: Bundle, state: LumiState
) -> None:
    found = taken(tmp_path, bundle, told(fill(6), 1, 6, said(state)))
    assert {result.quality for result in found.results.values()} == {Quality.GOOD}
    assert {row.state for row in found.rows} == {LumiState.COLLISIONS}


def test_a_gate_may_accept_other_states_and_none_else(tmp_path: Path, bundle: Bundle) -> None:
    gate = Gate(accept={MAP: frozenset({LumiState.SPECIAL})})
    given = told(told(fill(6), 1, 3, said(LumiState.SPECIAL)), 4, 6, said(LumiState.COLLISIONS))
    found = taken(tmp_path, bundle, given, gate)
    assert [found.results[lumi].reason for lumi in range(1, 7)] == [None] * 3 + [Reason.OUT_OF_RANGE] * 3


def test_a_bundle_says_in_which_states_it_learned(bundle: Bundle) -> None:
    def learned(told: object) -> frozenset[LumiState]:
        card = bundle.card.model_copy(update={"training": {**bundle.card.training, "conditions": told}})
        return learned_in(replace(bundle, card=card))

    assert learned_in(bundle) == {LumiState.COLLISIONS}
    assert learned(["COSMICS"]) == {LumiState.COSMICS}
    assert learned(["COSMICS", "SPECIAL"]) == {LumiState.COSMICS, LumiState.SPECIAL}
    assert learned("HEAVY_IONS") == {LumiState.HEAVY_IONS}
    for odd in ([], ["HOLIDAYS"], 7, None, [["COSMICS"]]):
        assert learned(odd) == {LumiState.COLLISIONS}


@pytest.mark.parametrize(
    ("label", "reason"),
    [("Cosmics", Reason.COSMICS), ("HIMinimumBias7", Reason.HEAVY_IONS), ("ZeroBias", None)],
)
def test_the_name_of_a_dataset_tells_what_it_is(
    tmp_path: Path, bundle: Bundle, label: str, reason: Reason | None
) -> None:
    found = taken(tmp_path, bundle, fill(3), label=label)
    assert {result.reason for result in found.results.values()} == {reason}
    assert {row.origin for row in found.rows} == {"label" if reason else "maps"}


def test_files_count_more_than_the_label_and_the_table_more_than_both(tmp_path: Path, bundle: Bundle) -> None:
    scan = Conditions(LumiState.SPECIAL, detail="scan")
    gate = Gate(table=lambda lumi: scan if lumi.lumi >= 5 else None)
    given = told(fill(6), 3, 6, said(LumiState.COLLISIONS))
    found = taken(tmp_path, bundle, given, gate, label="Cosmics")
    reasons = [found.results[lumi].reason for lumi in range(1, 7)]
    assert reasons == [Reason.COSMICS] * 2 + [None] * 2 + [Reason.SPECIAL] * 2
    assert found.results[5].detail == "special, as the conditions table says: scan"


def test_statements_are_merged_whatever_order_they_came_in() -> None:
    statements = {
        "Info": Conditions(LumiState.COLLISIONS, frozenset({"EB+"}), "key 1", 7320, "Info"),
        "Hcal": Conditions(LumiState.RAMP, frozenset({"HO"}), source="Hcal", detail="squeeze"),
        BY_LABEL: Conditions(LumiState.COSMICS, source=BY_LABEL),
    }
    turned = dict(reversed(list(statements.items())))
    expected = Conditions(LumiState.RAMP, frozenset({"EB+", "HO"}), "key 1", 7320, "Hcal", "squeeze")
    assert merged(statements) == merged(turned) == expected
    table = Conditions(LumiState.COLLISIONS, source=TABLE)
    assert merged({**statements, TABLE: table}).state is LumiState.COLLISIONS
    assert merged({BY_LABEL: statements[BY_LABEL]}).state is LumiState.COSMICS
    assert merged({}) == Conditions()


@pytest.mark.parametrize(
    ("name", "partition", "is_part"),
    [
        ("EB", "EB+", True),
        ("EB", "EB-", True),
        ("EB", "EE-", False),
        ("EE-", "EE-", True),
        ("EE+", "EE-", False),
        ("HCAL", "HBHEa", True),
        ("HCAL", "HF", True),
        ("HCAL", "HO", False),
        ("HO", "HO", True),
        ("HO", "HBHEa", False),
        ("EB", "DT0", False),
    ],
)
def test_partitions_are_parts_of_views(name: str, partition: str, is_part: bool) -> None:
    seen = view(name, "2018")
    assert of_view(partition, seen) is is_part
    shut = closed(Conditions(off=frozenset({partition})), frozenset({LumiState.COLLISIONS}), seen)
    assert (shut is not None) is is_part
    assert shut is None or shut.reason is Reason.POWER_OFF


def test_a_partition_has_its_cells_and_all_where_nobody_knows_them() -> None:
    barrel, hcal = view("EB", "2018"), view("HCAL", "2018")
    plus, minus = cells_of("EB+", barrel), cells_of("EB-", barrel)
    assert not (plus & minus).any()
    assert np.array_equal(plus | minus, barrel.exists)
    assert np.array_equal(cells_of("HBHEa", hcal), hcal.exists)
    assert 0 < np.count_nonzero(cells_of("HF", hcal)) < np.count_nonzero(hcal.exists)


def without_power(lumisection: Lumisection, *partitions: str, bundle: Bundle) -> Lumisection:
    """Nothing in these partitions, as it is where they have no voltage."""
    record = lumisection.maps[MAP]
    counts = record.counts.copy()
    for partition in partitions:
        counts[cells_of(partition, bundle.view)] = 0
    return replace(lumisection, maps={MAP: replace(record, counts=counts)})


def test_a_part_without_voltage_is_no_fault(tmp_path: Path, bundle: Bundle) -> None:
    given = [without_power(each, LEFT, bundle=bundle) if each.lumi > 3 else each for each in fill(8)]
    found = taken(tmp_path, bundle, told(given, 4, 8, said(LumiState.COLLISIONS, LEFT)))
    assert [found.results[lumi].reason for lumi in range(3, 9)] == [None] + [Reason.POWER_OFF] * 5
    assert found.results[4].detail == "TOY left off, as Info says"
    assert not found.incidents
    untold = taken(tmp_path, bundle, given, label="untold")
    assert [each.hardware for each in untold.incidents] == [LEFT]


@pytest.mark.parametrize("off", [LEFT, "TOY"])
def test_a_map_without_voltage_may_be_empty(tmp_path: Path, bundle: Bundle, off: str) -> None:
    given = [without_power(each, "TOY", bundle=bundle) if each.lumi > 3 else each for each in fill(6)]
    found = taken(tmp_path, bundle, told(given, 4, 6, said(LumiState.COLLISIONS, off)))
    assert {found.results[lumi].quality for lumi in (4, 5, 6)} == {Quality.UNKNOWN}
    assert not found.incidents


@pytest.mark.parametrize("state", STATES)
def test_a_cell_that_is_absent_is_found_whatever_the_conditions(
    tmp_path: Path, bundle: Bundle, state: LumiState
) -> None:
    given = told(fill(8, [Fault(MAP, CELL, "dead", onset=5)]), 3, 8, said(state))
    found = taken(tmp_path, bundle, given)
    (incident,) = found.incidents
    assert (incident.cells, incident.opened.lumi, incident.reason) == ((CELL,), 5, Reason.ABSENT)
    result = found.results[5]
    assert (result.quality, result.codes[CELL], result.codes[0, 0]) == (Quality.BAD, Code.BAD, Code.UNKNOWN)


def test_beside_a_part_without_voltage_an_absent_cell_is_found(tmp_path: Path, bundle: Bundle) -> None:
    """However much of the map has no voltage: what is left of it tells what is due there."""
    given = fill(8, [Fault(MAP, CELL, "dead", onset=5)])
    given = [without_power(each, LEFT, bundle=bundle) for each in given]
    found = taken(tmp_path, bundle, told(given, 1, 8, said(LumiState.COLLISIONS, LEFT)))
    (incident,) = found.incidents
    assert (incident.cells, incident.opened.lumi) == ((CELL,), 5)


def test_what_is_refused_leaves_no_trace_in_what_is_remembered(tmp_path: Path, bundle: Bundle) -> None:
    """Twice the counts in a special run: neither the detector nor the evidence learn anything from it."""
    given = fill(8)
    wild = [
        replace(each, maps={MAP: replace(each.maps[MAP], counts=each.maps[MAP].counts * np.uint32(2))})
        if each.lumi > 4
        else each
        for each in given
    ]
    refused = taken(tmp_path, bundle, told(wild, 5, 8, said(LumiState.SPECIAL)))
    before = taken(tmp_path, bundle, given[:4], label="before")
    assert refused.memory == before.memory
    assert refused.evidence == before.evidence
    accepted = taken(tmp_path, bundle, told(wild, 5, 8, said(LumiState.COLLISIONS)), label="accepted")
    assert accepted.evidence != before.evidence


def test_raised_thresholds_take_more_evidence(tmp_path: Path, bundle: Bundle) -> None:
    """A cell that lost a third is found at once; with thresholds raised beyond all evidence never."""
    given = fill(12, [Fault(MAP, CELL, "factor", 0.6, onset=4)])
    usual = taken(tmp_path, bundle, given, label="usual")
    assert [each.cells for each in usual.incidents] == [(CELL,)]
    raised = taken(tmp_path, bundle, given, Gate(raised={MAP: 1e6}), label="raised")
    assert not raised.incidents
    other = taken(tmp_path, bundle, given, Gate(raised={"EB/digi": 1e6}), label="other")
    assert [each.opened for each in other.incidents] == [each.opened for each in usual.incidents]
    assert not any(Reason.THRESHOLDS_RAISED in each.degraded for each in other.results.values())


def test_a_verdict_says_that_its_thresholds_were_raised(tmp_path: Path, bundle: Bundle) -> None:
    """In the lumisections that rest on them: what nobody judged, or is absent beyond doubt, does not."""
    given = told(fill(8), 4, 5, said(LumiState.SPECIAL))
    found = taken(tmp_path, bundle, given, Gate(raised={MAP: 20.0})).results
    raised = {lumi: Reason.THRESHOLDS_RAISED in each.degraded for lumi, each in found.items()}
    assert raised == {lumi: lumi not in (4, 5) for lumi in range(1, 9)}
    assert {found[lumi].detail for lumi in (1, 8)} == {"thresholds raised by 20 nats"}
    with Store(str(tmp_path / f"{LABEL}.sqlite"), read_only=True) as store:
        kept = store.results(LABEL, RUN, first=8)[0]
    assert (kept.degraded, kept.detail) == (found[8].degraded, found[8].detail)


def test_lowered_thresholds_stay_above_nothing(tmp_path: Path, bundle: Bundle) -> None:
    found = taken(tmp_path, bundle, fill(6), Gate(raised={MAP: -1e6}))
    assert found.results.keys() == {1, 2, 3, 4, 5, 6}


def test_retuned_conditions_score_again_what_can_be_and_thresholds_do_not(
    tmp_path: Path, bundle: Bundle
) -> None:
    given = fill(30)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in given:
            pipeline.score(each)
        pipeline.commit()
        scan = Conditions(LumiState.SPECIAL, detail="scan")
        scanned = Gate(table=lambda lumi: scan if 25 <= lumi.lumi <= 26 else None)
        results = pipeline.retune(scanned)
        pipeline.commit()
        assert pipeline.retune(scanned) == []
        reasons = {row.id.lumi: row.reason for row in store.results(LABEL, RUN)}
        assert [lumi for lumi, reason in reasons.items() if reason is Reason.SPECIAL] == [25, 26]
        assert {row.lumi for row in store.lumis(LABEL, RUN) if row.state is LumiState.SPECIAL} == {25, 26}
        assert min(result.key.lumi for result in results) == 25
        assert pipeline.retune(Gate(raised={MAP: 5.0})) != []  # the scan is not in this one any more
        pipeline.commit()
        assert {row.reason for row in store.results(LABEL, RUN)} == {None}
        assert pipeline.retune(Gate(raised={MAP: 9.0})) == []


def test_a_cell_that_never_counted_is_not_due(tmp_path: Path, bundle: Bundle) -> None:
    found = taken(tmp_path, bundle, told(fill(4), 1, 4, said(LumiState.HEAVY_IONS)))
    assert not found.incidents
    assert {result.codes[DEAD] for result in found.results.values()} == {Code.MASKED_BAD}


def test_a_map_without_beam_shows_so_itself(tmp_path: Path, bundle: Bundle) -> None:
    """Nobody tells; a handful of counts and no pileup say it."""
    given = fill(6)
    record = given[5].maps[MAP]
    none = replace(record, counts=record.counts * np.uint32(0), events=3, pileup=None)
    found = taken(tmp_path, bundle, [*given[:5], replace(given[5], maps={MAP: none})])
    assert found.results[6].quality is Quality.UNKNOWN
    assert [(row.state, row.origin) for row in found.rows][-1] == (LumiState.NO_BEAM, "maps")


def test_a_lumisection_of_which_nothing_is_known_has_no_state(tmp_path: Path, bundle: Bundle) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        assert (
            pipeline.take(Lumisection(LABEL, RUN, 5, {}, conditions=Conditions(fill=7320, source="Info")))
            == []
        )
        (row,) = store.lumis(LABEL, RUN)
        assert (row.id, row.state, row.origin, row.fill) == (
            LumiId(RUN, 5),
            LumiState.UNTOLD,
            "assumed",
            7320,
        )
