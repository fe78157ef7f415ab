"""A whole detector while conditions change: no detector incident, and the one of conditions says why.

Each with sources that tell and with none. A real fault inside is found wherever the gate is open.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.incidents.conditions import ConditionsIncident, conditions_incidents
from caloscope.pipeline import Pipeline
from caloscope.pipeline.gate import cells_of
from caloscope.records import Conditions, Incident, Lumisection, LumiState, MapRecord, Quality, Reason
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections
from caloscope.simulate.fill import conditions
from caloscope.store import Store

NAMES = ("EB/digi", "EE+/digi", "HCAL/digi")
MAPS = [(load()[name], view(load()[name].view, "2018")) for name in NAMES]
LABEL, RUN, STEP = "ZeroBias", 10, 12
TOWER = Fault("EB/digi", (10, 20), "dead", onset=16)
HALF = Fault("EB/digi", "EB+07", "dead", onset=16)
FAULTS = {"tower": TOWER, "supermodule": HALF}
told_or_not = pytest.mark.parametrize("tells", [True, False], ids=["told", "untold"])


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Learned in three fills in which pileup falls."""
    folder = tmp_path_factory.mktemp("bundles")
    detectors = healthy_maps(MAPS, seed=1, stability=STEADY)
    fills = [Fill(run, 40, seed=4 + run, lifetime=130.0, pileup=58.0 - 4 * run) for run in (1, 2, 3)]
    good = [each for one in fills for each in lumisections(one, detectors)]
    return [training.train(good, spec, on, folder / f"{spec.slug}.bundle") for spec, on in MAPS]


def fill(lumis: int, faults: Sequence[Fault] = (), *, run: int = RUN, **changes: object) -> list[Lumisection]:
    """A run at a steady luminosity, but for what is changed."""
    usual: dict[str, object] = {"lifetime": 1500.0, "pileup": 50.0, "seed": 9, **changes}
    given = Fill(run, lumis, **usual)  # type: ignore[arg-type]
    return list(lumisections(given, healthy_maps(MAPS, seed=1, stability=STEADY), list(faults)))


def at_level(lumis: int, levels: Mapping[str, float], since: int, *, run: int = RUN) -> list[Lumisection]:
    """A run in which luminosity makes other counts than pileup lets expect: each map in its own way."""
    detectors = healthy_maps(MAPS, seed=1, stability=STEADY)
    return [
        Lumisection(
            LABEL,
            at.run,
            at.lumi,
            {
                name: MapRecord(
                    one.draw(replace(at, activity=levels[name] if at.lumi >= since else 1.0), ()),
                    at.events,
                    at.measured,
                )
                for name, one in detectors.items()
            },
        )
        for at in conditions(Fill(run, lumis, seed=9, lifetime=1500.0, pileup=50.0))
    ]


@dataclass(frozen=True, repr=False)
class Found:
    """What is on record, by map the number of lumisections with each reason (or quality, where judged)."""

    detector: list[Incident]
    conditions: list[ConditionsIncident]
    reasons: dict[str, Counter[str]]
    states: Counter[str]

    def everywhere(self) -> dict[str, int]:
        """The same of all maps, which must agree."""
        first, *others = self.reasons.values()
        assert all(other == first for other in others), self.reasons
        return dict(first)


def taken(path: Path, bundles: list[Bundle], given: Sequence[Lumisection], run: int = RUN) -> Found:
    """Each producer's file for itself, as they come; what is told comes in a third."""
    with Store(str(path / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in given:
            for part in files(each):
                pipeline.score(part)
        pipeline.commit()
        rows, results = store.lumis(LABEL, run), store.results(LABEL, run)
        reasons = {
            name: Counter(str(row.reason or row.quality) for row in results if row.key.map == name)
            for name in NAMES
        }
        return Found(
            [each for each in store.incidents(label=LABEL) if not each.standing],
            conditions_incidents(rows),
            reasons,
            Counter(f"{row.state} {row.origin}" for row in rows),
        )


def files(lumisection: Lumisection) -> list[Lumisection]:
    """ECAL's, HCAL's, and what is told."""
    ecal = {name: record for name, record in lumisection.maps.items() if name.startswith("E")}
    hcal = {name: record for name, record in lumisection.maps.items() if name.startswith("H")}
    parts = [replace(lumisection, maps=maps, conditions=None) for maps in (ecal, hcal)]
    return parts if lumisection.conditions is None else [*parts, replace(lumisection, maps={})]


def prescaled(factor: float, faults: Sequence[Fault] = (), *, tells: bool) -> list[Lumisection]:
    """Another prescale from lumisection `STEP` on."""
    before = fill(30, faults, tells=tells)[: STEP - 1]
    after = fill(30, faults, events=round(500 * factor), tells=tells)[STEP - 1 :]
    if not tells:
        return before + after
    return before + [replace(each, conditions=column(each, 1)) for each in after]


def column(lumisection: Lumisection, number: int) -> Conditions:
    assert lumisection.conditions is not None
    return replace(lumisection.conditions, trigger=f"column {number}")


def is_found(fault: str, found: Found) -> bool:
    """Whether the fault is what was found, and all of it."""
    hardware = {each.hardware for each in found.detector if each.map == "EB/digi"}
    cells = {cell for each in found.detector for cell in each.cells}
    expected = {(10, 20)} if fault == "tower" else members("EB+07")
    return bool(hardware) and expected <= cells and len(cells) <= len(expected) + 2


def members(partition: str) -> set[tuple[int, ...]]:
    return {tuple(cell) for cell in np.argwhere(cells_of(partition, MAPS[0][1])).tolist()}


@told_or_not
@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_prescale_step_is_no_fault(
    tmp_path: Path, bundles: list[Bundle], factor: float, *, tells: bool
) -> None:
    found = taken(tmp_path, bundles, prescaled(factor, tells=tells))
    assert found.everywhere() == {"GOOD": 30}
    assert not found.detector
    (step,) = found.conditions
    assert (step.cause, step.opened) == ("TRIGGER", STEP)
    assert ("column 0 -> column 1" in step.detail) is tells
    assert f"events {factor - 1:+.0%}"[:8] in step.detail


@told_or_not
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_map_that_changes_with_the_trigger_learns_its_level_anew(
    tmp_path: Path, bundles: list[Bundle], factor: float, *, tells: bool
) -> None:
    """Another trigger takes other events, in which one map has more or less than before."""
    given = prescaled(1.2, tells=tells)
    found = taken(tmp_path, bundles, [scaled(e, factor) if e.lumi >= STEP else e for e in given])
    assert not found.detector
    (step,) = found.conditions
    assert (step.cause, step.opened) == ("TRIGGER", STEP)
    assert step.maps["EB/digi"] == pytest.approx(factor - 1.0, abs=0.04)


def test_without_a_step_the_same_change_is_a_fault(tmp_path: Path, bundles: list[Bundle]) -> None:
    given = [scaled(each, 0.7) if each.lumi >= STEP else each for each in fill(20)]
    found = taken(tmp_path, bundles, given)
    assert {each.hardware for each in found.detector} == {"EB (whole map)"}
    assert not found.conditions


def scaled(lumisection: Lumisection, factor: float) -> Lumisection:
    """With a share of the barrel's counts, or with more."""
    rng = np.random.default_rng(lumisection.lumi)
    record = lumisection.maps["EB/digi"]
    counts = record.counts.astype(np.int64)
    changed = rng.binomial(counts, factor) if factor < 1 else counts + rng.binomial(counts, factor - 1)
    return replace(
        lumisection,
        maps={**lumisection.maps, "EB/digi": replace(record, counts=changed.astype(np.uint32))},
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_after_a_prescale_step(tmp_path: Path, bundles: list[Bundle], fault: str) -> None:
    found = taken(tmp_path, bundles, prescaled(0.8, [FAULTS[fault]], tells=False))
    assert is_found(fault, found), found.detector
    assert [each.cause for each in found.conditions] == ["TRIGGER"]


def test_another_filling_scheme_in_the_next_run_is_no_fault(tmp_path: Path, bundles: list[Bundle]) -> None:
    """Fewer bunches with more in each: what comes from beside the bunches changes, map by map."""
    scheme = {"EB/digi": 1.1, "EE+/digi": 1.09, "HCAL/digi": 1.08}
    given = [*fill(12), *at_level(25, scheme, 1, run=RUN + 1)]
    found = taken(tmp_path, bundles, given, run=RUN + 1)
    assert found.everywhere() == {"GOOD": 25}
    assert not found.detector
    (shift,) = found.conditions
    assert (shift.cause, shift.opened) == ("SHIFT", 1)


@told_or_not
def test_a_dump_in_the_middle_of_a_lumisection_is_no_fault(
    tmp_path: Path, bundles: list[Bundle], *, tells: bool
) -> None:
    given = fill(25, dump=True, tells=tells)
    found = taken(tmp_path, bundles, given)
    assert not found.detector
    assert all("BAD" not in reasons for reasons in found.reasons.values())
    (dump,) = [each for each in found.conditions if each.cause == "STATE"]
    assert (dump.last, dump.is_open) == (25, True)
    assert dump.detail.startswith("no beam")
    assert found.states["NO_BEAM told" if tells else "NO_BEAM maps"] == 26 - dump.opened
    for reasons in found.reasons.values():
        unknown = sum(number for reason, number in reasons.items() if reason != "GOOD")
        assert unknown >= 26 - dump.opened
        assert not tells or reasons["NO_BEAM"] == 26 - dump.opened


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_before_a_dump_stays_found(tmp_path: Path, bundles: list[Bundle], fault: str) -> None:
    early = replace(FAULTS[fault], onset=8)
    found = taken(tmp_path, bundles, fill(25, [early], dump=True, tells=True))
    assert is_found(fault, found), found.detector
    assert min(each.opened.lumi for each in found.detector) <= 10


OFF_FROM, OFF_TO = 8, 20
"""Lumisections in which the voltage of half of the barrel is not what it should be."""


def ramped(faults: Sequence[Fault] = (), *, tells: bool) -> list[Lumisection]:
    """The voltage of EB+ goes down over some lumisections, is off, and comes back."""
    return [lowered(each, tells=tells) for each in fill(28, faults)]


def lowered(lumisection: Lumisection, *, tells: bool) -> Lumisection:
    if not OFF_FROM <= lumisection.lumi < OFF_TO:
        said = Conditions(LumiState.COLLISIONS, source="Info") if tells else None
        return replace(lumisection, conditions=said)
    distance = min(lumisection.lumi - OFF_FROM, OFF_TO - 1 - lumisection.lumi)
    share = max(0.0, 0.7 - 0.3 * distance)
    record = lumisection.maps["EB/digi"]
    rng = np.random.default_rng(lumisection.lumi)
    thin = rng.binomial(record.counts.astype(np.int64), share).astype(np.uint32)
    counts = np.where(cells_of("EB+", MAPS[0][1]), thin, record.counts).astype(np.uint32)
    off = Conditions(LumiState.COLLISIONS, frozenset({"EB+"}), source="Info")
    maps = {**lumisection.maps, "EB/digi": replace(record, counts=counts)}
    return replace(lumisection, maps=maps, conditions=off if tells else None)


def test_a_ramp_of_the_voltage_is_no_fault_where_somebody_tells(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    found = taken(tmp_path, bundles, ramped(tells=True))
    assert not found.detector
    assert found.reasons["EB/digi"] == {"GOOD": 16, "POWER_OFF": 12}
    assert found.reasons["HCAL/digi"] == {"GOOD": 28}
    (off,) = found.conditions
    assert (off.cause, off.opened, off.closed) == ("POWER", OFF_FROM, OFF_TO)
    assert off.detail == "EB+ without voltage: as Info says"


def test_where_nobody_tells_a_half_that_goes_off_is_a_fault_of_that_half(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    """Nobody said so: somebody must look."""
    found = taken(tmp_path, bundles, ramped(tells=False))
    assert {(each.map, each.hardware) for each in found.detector} == {("EB/digi", "EB+")}
    assert not found.conditions


def test_a_dead_supermodule_beside_a_half_without_voltage_is_found(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    dead = Fault("EB/digi", "EB-03", "dead", onset=12)
    found = taken(tmp_path, bundles, ramped([dead], tells=True))
    assert {each.hardware for each in found.detector} == {"EB-03"}
    assert {each.opened.lumi for each in found.detector} == {12}


@told_or_not
def test_a_cosmics_run_is_no_fault(tmp_path: Path, bundles: list[Bundle], *, tells: bool) -> None:
    found = taken(tmp_path, bundles, fill(15, beam="none", tells=tells))
    assert not found.detector
    assert all(not {"GOOD", "BAD"} & set(reasons) for reasons in found.reasons.values())
    (cosmics,) = found.conditions
    assert (cosmics.cause, cosmics.opened, cosmics.is_open) == ("STATE", 1, True)
    assert cosmics.detail.startswith("cosmics" if tells else "no beam")
    if tells:
        assert found.everywhere() == {"COSMICS": 15}


@told_or_not
def test_heavy_ions_are_no_fault(tmp_path: Path, bundles: list[Bundle], *, tells: bool) -> None:
    found = taken(tmp_path, bundles, fill(15, beam="ions", tells=tells))
    assert not found.detector
    assert all(not {"GOOD", "BAD"} & set(reasons) for reasons in found.reasons.values())
    if tells:
        assert found.everywhere() == {"HEAVY_IONS": 15}


@told_or_not
def test_beams_that_come_up_are_no_fault(tmp_path: Path, bundles: list[Bundle], *, tells: bool) -> None:
    found = taken(tmp_path, bundles, fill(25, ramp=8, tells=tells))
    assert not found.detector
    assert all("BAD" not in reasons for reasons in found.reasons.values())
    assert all(reasons["GOOD"] >= 10 for reasons in found.reasons.values())
    if tells:
        assert all(reasons["RAMP"] + reasons["NO_BEAM"] == 8 for reasons in found.reasons.values())


@pytest.mark.parametrize("shift", [0.8, 1.2])
def test_a_shift_of_all_maps_is_one_of_conditions(
    tmp_path: Path, bundles: list[Bundle], shift: float
) -> None:
    found = taken(tmp_path, bundles, at_level(25, dict.fromkeys(NAMES, shift), STEP))
    assert not found.detector
    (together,) = found.conditions
    assert (together.cause, together.opened) == ("SHIFT", STEP)
    assert together.shift == pytest.approx(shift - 1.0, abs=0.05)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_while_all_maps_are_shifted(
    tmp_path: Path, bundles: list[Bundle], fault: str
) -> None:
    given = [broken(each, fault) for each in at_level(25, dict.fromkeys(NAMES, 0.8), STEP)]
    found = taken(tmp_path, bundles, given)
    assert is_found(fault, found), found.detector
    assert [each.cause for each in found.conditions] == ["SHIFT"]


def broken(lumisection: Lumisection, fault: str) -> Lumisection:
    """Without the counts of what the fault takes."""
    if lumisection.lumi < 16:
        return lumisection
    record = lumisection.maps["EB/digi"]
    counts = record.counts.copy()
    for cell in {(10, 20)} if fault == "tower" else members("EB+07"):
        counts[cell] = 0
    return replace(lumisection, maps={**lumisection.maps, "EB/digi": replace(record, counts=counts)})


def test_all_of_it_is_the_same_whoever_comes_first(tmp_path: Path, bundles: list[Bundle]) -> None:
    """HCAL before ECAL, and what is told before both."""
    given = [scaled(each, 0.9) if each.lumi >= STEP else each for each in prescaled(1.2, tells=True)]
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = taken(tmp_path / "one", bundles, given)
    with Store(str(tmp_path / "other" / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in given:
            for part in reversed(files(each)):
                pipeline.score(part)
        pipeline.commit()
        assert conditions_incidents(store.lumis(LABEL, RUN)) == one.conditions
        qualities = {row.quality for row in store.results(LABEL, RUN)}
        assert qualities == {Quality.GOOD}
        assert not [row for row in store.results(LABEL, RUN) if row.reason in (Reason.LATE,)]
