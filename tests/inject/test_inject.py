"""Faults put into data sets: where and when they should be, the rest untouched, the truth beside."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import DataSet, MapInfo, Row, map_info, open_data_set, write
from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.faults.lines import read_truth
from caloscope.geometry import view
from caloscope.inject import inject, views_of
from caloscope.records import MapRecord

EE, HCAL, PLAIN = "EE+/digi", "HCAL/digi", "plain/a.b"
RUNS = (320_001, 320_005)
LUMIS = 10
CELL, CHANNEL = (10, 4), (0, 10, 40)
EVENTS = 400


def info(name: str) -> MapInfo:
    return map_info(load()[name], view(load()[name].view, "2018"))


def rate(name: str) -> np.ndarray:
    on = view(load()[name].view, "2018")
    highest = 0.9 if name == HCAL else 3.0
    made = np.where(on.exists, np.random.default_rng(1).uniform(highest / 3, highest, on.shape), 0.0)
    if name == HCAL:
        made[0, :, :13] = made[0, :, -13:] = 1.0  # the forward calorimeter counts every event
        made *= on.exists
    return made


def record(name: str, run: int, lumi: int, *, events: int | None = EVENTS) -> MapRecord:
    """Counts as a lumisection has them, with a pileup that falls and no events where none are told."""
    rng = np.random.default_rng([run, lumi])
    number = EVENTS + 10 * lumi
    drawn = rng.binomial(number, rate(name)) if name == HCAL else rng.poisson(rate(name) * number)
    return MapRecord(drawn.astype(np.uint32), None if events is None else number, 50.0 - lumi)


def source(
    path: Path, names: Sequence[str] = (EE, HCAL), *, events: int | None = EVENTS, **told: Any
) -> Path:
    """A data set of two runs; lumisection 4 is missing everywhere, HCAL in lumisection 2."""
    rows = [
        Row(run, lumi, 1e9 + lumi, {
            name: record(name, run, lumi, events=events) for name in names if not (name == HCAL and lumi == 2)
        })
        for run in RUNS for lumi in range(1, LUMIS + 1) if lumi != 4
    ]  # fmt: skip
    write(
        path, rows, len(rows), [info(name) for name in names],
        **({"label": "ZeroBias", "era": "2018", "provenance": {"command": "a test"}} | told),
    )  # fmt: skip
    return path


def done(path: Path, *faults: Fault, seed: int = 1, into: str = "bad.h5", **more: Any) -> Path:
    inject(path, faults, path.with_name(into), seed=seed, **more)
    return path.with_name(into)


def all_counts(path: Path, name: str) -> np.ndarray:
    with open_data_set(path) as found:
        return found.counts(name, 0, len(found))


def ids(found: DataSet) -> list[tuple[int, int]]:
    return list(zip(found.runs.tolist(), found.lumis.tolist(), strict=True))


def test_only_the_faulty_cell_changes_and_only_while_the_fault_is_there(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5")
    bad = done(good, Fault(EE, CELL, "dead", onset=8, end=13, name="dead for a while"))
    one, other = all_counts(good, EE), all_counts(bad, EE)
    with open_data_set(bad) as found:
        places = ids(found)
        # The clock goes on through the runs: 13 is lumisection 3 of the second.
        faulty = [(run == RUNS[0] and lumi >= 8) or (run == RUNS[1] and lumi < 3) for run, lumi in places]
        assert found.faulty(EE).tolist() == faulty
        factor, fault = found.truth(EE, 0, len(found))
        assert found.truth_maps == (EE,)
        told = read_truth("\n".join(found.faults))
        assert [(each.number, each.name, each.cells) for each in told] == [(1, "dead for a while", (CELL,))]
        assert told[0].strengths == ((RUNS[0], 8, 10, 1.0), (RUNS[1], 1, 2, 1.0))
    changed = np.zeros(one.shape, bool)
    changed[np.flatnonzero(faulty), *CELL] = True
    assert (one[changed] > 0).all()
    assert not other[changed].any()
    np.testing.assert_array_equal(one[~changed], other[~changed])
    np.testing.assert_array_equal(fault, changed)
    np.testing.assert_array_equal(factor, np.where(changed, 0, 1))
    np.testing.assert_array_equal(all_counts(good, HCAL), all_counts(bad, HCAL))


def test_everything_else_of_the_data_set_stays(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5")
    bad = done(good, Fault(EE, CELL, "factor", 0.5))
    with open_data_set(good) as one, open_data_set(bad) as other:
        assert ids(one) == ids(other)
        assert (one.label, one.era, dict(one.maps)) == (other.label, other.era, dict(other.maps))
        np.testing.assert_array_equal(one.began_at, other.began_at)
        for name in one.maps:
            for column in (DataSet.present, DataSet.events, DataSet.pileup, DataSet.spans):
                np.testing.assert_array_equal(column(one, name), column(other, name))
        told = other.provenance
        assert told["before"] == {"command": "a test"}
        assert told["sources"][0]["checksum"].startswith("sha256:")
        assert told["seed"] == 1
        assert not other.simulated


def test_simulated_stays_simulated(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5", (EE,), simulated=True)
    with open_data_set(done(good, Fault(EE, CELL, "dead"))) as found:
        assert found.simulated


def test_the_same_seed_gives_the_same_file_and_another_seed_other_counts(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5")
    fault = Fault("*/digi", "all", "factor", 0.8)
    one, two, three = (
        done(good, fault, seed=seed, into=f"{name}.h5") for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one.read_bytes() == two.read_bytes()
    assert (all_counts(one, EE) != all_counts(three, EE)).any()
    # What is drawn in one map has nothing to do with the others.
    alone = done(good, fault, maps=["EE*"], into="d.h5")
    np.testing.assert_array_equal(all_counts(one, EE), all_counts(alone, EE))
    np.testing.assert_array_equal(all_counts(good, HCAL), all_counts(alone, HCAL))


def test_what_is_expected_follows_pileup_and_events(tmp_path: Path) -> None:
    """A hot cell gains what a cell of its rate counts, though the sums of the maps differ twofold."""
    rows = []
    for lumi in range(1, 201):
        rng = np.random.default_rng(lumi)
        scale = 2.0 - lumi / 200.0
        rows.append(
            Row(1, lumi, None, {EE: MapRecord(rng.poisson(rate(EE) * 100 * scale).astype(np.uint32), 100)})
        )
    write(tmp_path / "good.h5", rows, 200, [info(EE)], label="l", era="2018", provenance={})
    bad = done(tmp_path / "good.h5", Fault(EE, CELL, "hot", 3.0))
    gained = (all_counts(bad, EE).astype(int) - all_counts(tmp_path / "good.h5", EE))[:, *CELL]
    wanted = 2.0 * rate(EE)[CELL] * 100 * (2.0 - np.arange(1, 201) / 200.0)
    pull = (gained - wanted) / np.sqrt(wanted)
    assert abs(pull.mean()) < 4 / np.sqrt(200) + 0.1
    assert 0.7 < pull.std() < 1.3
    with open_data_set(bad) as found:
        np.testing.assert_allclose(found.truth(EE, 0, 200)[0][:, *CELL], 3.0, rtol=1e-5)


def test_no_cell_counts_more_than_it_can(tmp_path: Path) -> None:
    bad = done(source(tmp_path / "good.h5"), Fault(HCAL, "all", "hot", 50.0), Fault(EE, "all", "hot", 50.0))
    with open_data_set(bad) as found:
        for name, most in ((EE, 25), (HCAL, 1)):
            events = found.events(name)[found.present(name)]
            counts = found.counts(name, 0, len(found))[found.present(name)]
            assert (counts.max(axis=tuple(range(1, counts.ndim))) <= most * events).all()


def test_without_events_the_forward_calorimeter_tells_or_nobody_does(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5", events=None)
    bad = done(good, Fault(HCAL, CHANNEL, "stuck"))
    with open_data_set(bad) as found:
        row = int(np.flatnonzero(found.faulty(HCAL))[0])
        assert found.counts(HCAL, row, row + 1)[0][CHANNEL] == EVENTS + 10 * found.lumis[row]
    assert done(good, Fault(EE, CELL, "factor", 0.5), into="thin.h5").is_file()
    for kind in ("hot", "stuck", "noisy"):
        with pytest.raises(UsageError, match="events of lumisection 320001:1 are not known"):
            done(good, Fault(EE, CELL, kind), into="hot.h5")
    assert not (tmp_path / "hot.h5").exists()


def test_faults_on_faults(tmp_path: Path) -> None:
    """Factors multiply, numbers follow, lines are joined."""
    good = source(tmp_path / "good.h5", (EE,))
    first = done(good, Fault(EE, CELL, "factor", 0.5), Fault(EE, (10, 5), "dead"), into="first.h5")
    second = done(
        first,
        Fault(EE, CELL, "factor", 0.5),
        Fault(EE, (10, 5), "hot"),
        Fault(EE, (10, 6), "dead"),
        into="b.h5",
    )
    with open_data_set(second) as found:
        factor, fault = found.truth(EE, 0, len(found))
        assert {tuple(row) for row in fault[:, 10, 4:7].tolist()} == {(3, 2, 5)}  # what is dead cannot be hot
        np.testing.assert_allclose(factor[:, 10, 4], 0.25, rtol=1e-5)
        assert not factor[:, 10, 5:7].any()
        assert [json.loads(line)["number"] for line in found.faults] == [1, 2, 3, 4, 5]
    counted, healthy = all_counts(second, EE)[:, *CELL].sum(), all_counts(good, EE)[:, *CELL].sum()
    assert counted / healthy == pytest.approx(0.25, abs=0.03)


def test_a_fault_that_was_there_does_not_spoil_what_is_expected(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5", (EE,))
    first = done(good, Fault(EE, CELL, "factor", 0.2, end=11), into="first.h5")
    second = done(first, Fault(EE, CELL, "hot", 3.0, onset=11), into="second.h5")
    with open_data_set(second) as found:
        later = found.runs == RUNS[1]
        factor = found.truth(EE, 0, len(found))[0][:, *CELL]
        np.testing.assert_allclose(factor, np.where(later, 3.0, 0.2), rtol=1e-5)
    gained = all_counts(second, EE)[later][:, *CELL].sum() / all_counts(good, EE)[later][:, *CELL].sum()
    assert gained == pytest.approx(3.0, rel=0.06)


def test_a_dead_cell_that_gets_noisy(tmp_path: Path) -> None:
    """It counts where it never did: the factor is infinite, then nothing again."""
    rows = [Row(1, lumi, None, {EE: record(EE, 1, lumi)}) for lumi in range(1, 6)]
    for row in rows:
        row.maps[EE].counts[CELL] = 0  # type: ignore[union-attr]
    write(tmp_path / "good.h5", rows, 5, [info(EE)], label="l", era="2018", provenance={})
    first = done(tmp_path / "good.h5", Fault(EE, CELL, "noisy", 0.1), into="first.h5")
    second = done(
        first, Fault(EE, CELL, "factor", 0.5, onset=3), Fault(EE, CELL, "dead", onset=5), into="b.h5"
    )
    with open_data_set(second) as found:
        factor, fault = (each[:, *CELL] for each in found.truth(EE, 0, 5))
        assert factor.tolist() == [np.inf, np.inf, np.inf, np.inf, 0.0]
        assert fault.tolist() == [1, 1, 2, 2, 3]
        counts = found.counts(EE, 0, 5)[:, *CELL]
    assert (counts[:4] > 0).all()
    assert counts[4] == 0
    assert counts[2:4].mean() / counts[:2].mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("fault", "maps", "says"),
    [
        (Fault("EB/digi", (9, 50), "dead"), None, "found faults of EB/digi, expected some of EE"),
        (Fault(EE, (0, 0), "dead"), None, "expected one that exists"),
        (Fault(EE, CELL, "dead"), ["EB*"], "no map 'EB\\*'"),
        (Fault(EE, CELL, "dead"), ["HCAL*"], "expected some of HCAL/digi"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, fault: Fault, maps: list[str] | None, says: str
) -> None:
    good = source(tmp_path / "good.h5")
    with pytest.raises(UsageError, match=says):
        done(good, fault, maps=maps)
    assert [path.name for path in tmp_path.iterdir()] == ["good.h5"]


def test_the_source_is_not_overwritten(tmp_path: Path) -> None:
    good = source(tmp_path / "good.h5")
    before = good.read_bytes()
    for name in ("good.h5", "other.h5"):
        if name == "other.h5":
            (tmp_path / name).hardlink_to(good)
        with pytest.raises(UsageError, match="is the source itself"):
            done(good, Fault(EE, CELL, "dead"), into=name)
    assert good.read_bytes() == before


def test_another_geometry_is_refused(tmp_path: Path) -> None:
    other = replace(info(EE), geometry="0123456789abcdef")
    rows = [Row(1, 1, None, {EE: record(EE, 1, 1)})]
    write(tmp_path / "good.h5", rows, 1, [other], label="l", era="2018", provenance={})
    with pytest.raises(UsageError, match="geometry 0123456789abcdef"):
        views_of(tmp_path / "good.h5")


def test_real_numbers_and_plain_histograms_are_no_targets(tmp_path: Path) -> None:
    on = view("EE+", "2018")
    real = map_info(load()["EE-/digi"], view("EE-", "2018"), "float")
    plain = MapInfo(PLAIN, "plain", "a.b", "", "", "", "counts", (4,))
    rows = [
        Row(1, 1, None, {
            EE: record(EE, 1, 1),
            "EE-/digi": MapRecord(np.ones(on.shape, np.float32)),
            PLAIN: MapRecord(np.arange(4, dtype=np.uint32)),
        })
    ]  # fmt: skip
    write(tmp_path / "good.h5", rows, 1, [info(EE), real, plain], label="l", era="2018", provenance={})
    assert list(views_of(tmp_path / "good.h5")) == [EE]
    with pytest.raises(UsageError, match="EE-/digi holds real numbers"):
        views_of(tmp_path / "good.h5", ["EE-/digi"])
    bad = done(tmp_path / "good.h5", Fault("*", (10, 4), "dead"))
    with open_data_set(bad) as found:
        assert found.truth_maps == (EE,)
        np.testing.assert_array_equal(found.counts("EE-/digi", 0, 1)[0], 1)
        np.testing.assert_array_equal(found.counts(PLAIN, 0, 1)[0], np.arange(4))


def test_too_many_faults_for_the_truth(tmp_path: Path) -> None:
    first = done(source(tmp_path / "good.h5", (EE,)), Fault(EE, CELL, "dead"), into="first.h5")
    with h5py.File(first, "r+") as file:
        file[f"truth/{EE}/fault"][0, *CELL] = 32_767
    with pytest.raises(UsageError, match="expected 32767 in all"):
        done(first, Fault(EE, CELL, "dead"))


def test_progress_is_told(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    done(source(tmp_path / "good.h5"), Fault("*", "all", "dead"), tell=lambda *at: heard.append(at))
    assert heard[-1] == (54, 54)
