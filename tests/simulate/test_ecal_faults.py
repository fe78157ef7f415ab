"""Faults that act on what comes before the counts: seeds, whole readouts, crystals."""

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.faults.active import Active, Schedule
from caloscope.faults.clock import Clock
from caloscope.faults.effect import outcome, reach, truth
from caloscope.faults.fault import Fault, Kind, Mechanism
from caloscope.geometry.ecal_endcap import crystals as endcap_crystals
from caloscope.geometry.readout import lost_with_seeds
from caloscope.records import Cell, LumiId
from caloscope.simulate.ecal.detector import ecal
from caloscope.simulate.ecal.faults import Parts, drawn_digis, expected_digis
from caloscope.simulate.stability import STEADY
from tests.simulate.ecal_making import LUMIS, Array, at, on, stack, steady, working

CELLS: dict[str, tuple[Cell, ...]] = {
    "EB": ((20, 30), (20, 31), (25, 71), (0, 5)),
    "EE+": ((4, 10), (5, 10), (12, 18)),
}
CELLS["EE-"] = CELLS["EE+"]

WAYS: list[tuple[Kind, float | None, Mechanism]] = [
    ("dead", None, "crystals"),
    ("factor", 0.8, "crystals"),
    ("dead", None, "readouts"),
    ("factor", 0.5, "readouts"),
    ("dead", None, "trigger"),
    ("factor", 0.4, "trigger"),
    ("noisy", 0.2, "trigger"),
    ("dead", None, "high-voltage"),
    ("factor", 0.9, "high-voltage"),
    ("drift", 0.05, "high-voltage"),
    ("drift", -0.05, "crystals"),
    ("full-readout", None, "channels"),
    ("factor", 0.5, "channels"),
    ("hot", 1.5, "channels"),
]


def broken(name: str, kind: Kind, amount: float | None, mechanism: Mechanism, number: int = 1) -> Active:
    cells = CELLS[name.split("/", maxsplit=1)[0]]
    return working(Fault(name, cells, kind, amount, mechanism=mechanism), name, number, days=4.0)


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi", "EB/rechit", "EE-/rechit"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[2]}")
def test_cells_out_of_reach_count_exactly_the_same(
    name: str, way: tuple[Kind, float | None, Mechanism]
) -> None:
    active = broken(name, *way)
    reached = active.cells.copy()
    if active.fault.mechanism in ("trigger", "high-voltage"):
        reached |= lost_with_seeds(on(name), active.cells) > 0.0
    changed = False
    for lumi in range(1, 11):
        healthy, faulty = steady(name).draw(at(lumi)), steady(name).draw(at(lumi), [active])
        np.testing.assert_array_equal(faulty[~reached], healthy[~reached])
        changed |= bool((faulty[active.cells] != healthy[active.cells]).any())
        np.testing.assert_array_equal(faulty, steady(name).draw(at(lumi), [active]))
    assert changed
    means = steady(name).expected(at()), steady(name).expected(at(), [active])
    np.testing.assert_allclose(means[1][~reached], means[0][~reached])


def check_mean(name: str, faults: list[Active]) -> tuple[Array, Array]:
    """Expected and drawn means agree within their errors; answers with both factors, faulty over healthy."""
    counts = np.array([steady(name).draw(at(lumi), faults) for lumi in range(1, LUMIS + 1)])
    healthy, expected = steady(name).expected(at()), steady(name).expected(at(), faults)
    error = counts.std(axis=0, ddof=1) / np.sqrt(LUMIS)
    assert (np.abs(counts.mean(axis=0) - expected) <= 5.0 * np.maximum(error, 0.15)).all()
    alive = np.where(healthy > 0.0, healthy, 1.0)
    return expected / alive, counts.mean(axis=0) / np.maximum(stack(name).mean(axis=0), 1e-9)


@pytest.mark.parametrize("name", ["EB/digi", "EE+/rechit"])
@pytest.mark.parametrize("way", WAYS[:11], ids=lambda way: f"{way[0]}-{way[2]}")
def test_expected_is_the_mean_with_the_fault(name: str, way: tuple[Kind, float | None, Mechanism]) -> None:
    check_mean(name, [broken(name, *way)])


def test_expected_is_the_mean_with_several_faults_on_the_same_cells() -> None:
    ways: list[tuple[Kind, float | None, Mechanism]] = [
        ("factor", 0.9, "channels"),
        ("factor", 0.8, "crystals"),
        ("factor", 0.7, "readouts"),
        ("factor", 0.6, "readouts"),
        ("factor", 0.5, "high-voltage"),
    ]
    active = [broken("EB/digi", *way, number=number) for number, way in enumerate(ways, start=1)]
    factor, _ = check_mean("EB/digi", active)
    assert 0.9 * 0.8 * 0.7 * 0.6 * 0.5 < factor[20, 30] < 0.9 * 0.8 * 0.7 * 0.6


def test_a_readout_with_a_strip_lost_gives_20_digis() -> None:
    blocks = steady("EB/digi").blocks
    active = broken("EB/digi", "factor", 0.8, "crystals")
    rng = np.random.default_rng(1)
    numbers = rng.poisson(1.0, (4, 34, 72))
    parts = Parts(numbers, np.zeros((34, 72), np.int64))
    found = drawn_digis(blocks, parts, parts, [active], (1,))
    whole = blocks.live == 25
    assert (found[whole & active.cells] % 20 == 0).all()
    np.testing.assert_array_equal(
        (found * 25)[whole & active.cells], (blocks.digis(numbers) * 20)[whole & active.cells]
    )


def test_lost_readouts_keep_the_fano_factor_and_lost_digis_do_not() -> None:
    name = "EB/digi"
    area = on(name).regions[5].members
    fanos = {}
    for mechanism in ("readouts", "channels"):
        fault = Fault(name, on(name).regions[5].name, "factor", 0.5, mechanism=mechanism)
        active = working(fault, name)
        mean = steady(name).expected(at(), [active])[area]
        counts = np.array([steady(name).draw(at(lumi), [active])[area] for lumi in range(1, LUMIS + 1)])
        fanos[mechanism] = np.median(np.mean((counts - mean) ** 2, axis=0) / mean)
    mean = steady(name).expected(at())[area]
    healthy = np.median(np.mean((stack(name)[:, area] - mean) ** 2, axis=0) / mean)
    assert fanos["readouts"] == pytest.approx(healthy, rel=0.1)
    assert fanos["channels"] == pytest.approx(1.0 + (healthy - 1.0) / 2, rel=0.1)


def test_a_dead_trigger_primitive_depresses_the_towers_around() -> None:
    fault = Fault("EB/digi", (17, 40), "dead", mechanism="trigger")
    factor, _ = check_mean("EB/digi", [working(fault, "EB/digi")])
    assert 0.80 < factor[17, 40] < 0.93
    around = [factor[17, 39], factor[17, 41], factor[16, 40], factor[18, 41]]
    assert all(0.92 < each < 0.975 for each in around)
    assert factor[17, 44] == pytest.approx(1.0)


def test_high_voltage_of_a_supermodule_takes_seeds_and_single_digis() -> None:
    region = on("EB/digi").regions[7]
    fault = Fault("EB/digi", region.name, "factor", 0.8, mechanism="high-voltage")
    factor, _ = check_mean("EB/digi", [working(fault, "EB/digi")])
    inner = np.median(factor[region.members])
    assert 0.8 < inner < 0.87
    alive = steady("EB/digi").rate > 0.0
    assert (factor[~region.members & alive] > 0.85).all()


def test_a_fault_of_half_strength_does_half() -> None:
    fault = Fault("EB/digi", (17, 40), "dead", mechanism="readouts")
    factor, _ = check_mean("EB/digi", [working(fault, "EB/digi", strength=0.5)])
    assert factor[17, 40] == pytest.approx(0.5)


def test_expected_digis_without_faults_are_the_healthy_ones() -> None:
    healthy = steady("EE+/digi")
    mean = healthy.parts(at())
    np.testing.assert_allclose(expected_digis(healthy.blocks, mean, []), healthy.expected(at()))


def test_nothing_breaks_without_events() -> None:
    for way in WAYS:
        assert not steady("EB/digi").draw(at(events=0), [broken("EB/digi", *way)]).any()


def test_a_response_that_grows_without_end_stops_at_what_the_crystals_can_count() -> None:
    healthy, faults = (
        steady("EB/digi"),
        [working(Fault("EB/digi", (20, 30), "drift", 0.9, mechanism="high-voltage"), "EB/digi", days=8.0)],
    )
    most = 25 * at().events
    assert healthy.expected(at(), faults)[20, 30] == most
    assert healthy.draw(at(), faults)[20, 30] == most


def test_a_pattern_with_one_tower_far_above_the_others_stops_there_too() -> None:
    pattern = np.ones(on("EB/digi").shape)
    pattern[20, 30] = 1e6
    healthy = ecal(load()["EB/digi"], on("EB/digi"), 1, STEADY, pattern)
    most = 25 * at().events
    assert healthy.expected(at())[20, 30] == most
    assert healthy.draw(at())[20, 30] == most


def test_no_tower_has_more_rec_hits_than_digis_whatever_is_wrong() -> None:
    faults = [
        Fault("EB/*", "EB+07", "factor", 0.5),
        Fault("EB/*", "EB-02", "hot", 2.0),
        Fault("EB/*", "EB+10", "factor", 0.7, mechanism="high-voltage"),
    ]
    clock = Clock.of([LumiId(1, 1)])
    for lumi in range(1, 4):
        drawn = [
            steady(name).draw(at(lumi), Schedule(faults, name, on(name), clock).at(LumiId(1, 1))).astype(int)
            for name in ("EB/digi", "EB/rechit")
        ]
        assert (drawn[1] <= drawn[0]).all()
        assert (drawn[0] != steady("EB/digi").draw(at(lumi))).sum() > 190


def test_high_voltage_does_to_counts_what_it_does_to_seeds_and_digis() -> None:
    mean = steady("EB/digi").expected(at())
    low = working(Fault("EB/digi", "EB+07", "factor", 0.6, mechanism="high-voltage"), "EB/digi")
    simulated = steady("EB/digi").expected(at(), [low]) / np.maximum(mean, 1.0)
    injected = outcome(mean, [low], on("EB/digi"), 25.0 * at().events) / np.maximum(mean, 1.0)
    living = mean > 20.0
    np.testing.assert_allclose(injected[living], simulated[living], atol=0.03)
    found = truth(mean, steady("EB/digi").expected(at(), [low]), [low], on("EB/digi"))
    assert found is not None
    assert not (found.fault != 0)[~reach(low, on("EB/digi"))].any()
    assert (found.fault < 0).sum() > 40


@pytest.mark.parametrize("kind", ["stuck", "garbage", "hot"])
def test_a_cell_at_the_rim_counts_no_more_than_it_has_crystals(kind: Kind) -> None:
    rim = (8, 8)
    part = int(endcap_crystals().reshape(20, 5, 20, 5).sum(axis=(1, 3))[rim])
    assert 0 < part < 25
    amount = 900.0 if kind == "hot" else None
    wrong = working(Fault("EE+/digi", rim, kind, amount), "EE+/digi")
    most = part * at().events
    drawn = [steady("EE+/digi").draw(at(lumi), [wrong])[rim] for lumi in range(1, 20)]
    assert max(drawn) <= most
    assert steady("EE+/digi").expected(at(), [wrong])[rim] <= most
    assert max(drawn) > 0.8 * most
