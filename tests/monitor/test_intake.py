"""One file through reader, pipeline and ledger."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.errors import Fault, UsageError
from caloscope.geometry import view
from caloscope.monitor import Intake, write_outputs
from caloscope.records import Lumisection, Reason
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections, write_fill, write_lumisection
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, TEXT, fill, trained
from .files import HITS, drop, with_count

SECOND = "TOY/energy"
TWO_MAPS = f'''{TEXT}
[maps."{SECOND}"]
producer = "Toy"
noise = "overdispersed"
scope = "per_lumi"
histograms = ["Toy/Hits/energy"]
'''


def hdf5(path: Path, given: list[Lumisection]) -> Path:
    """A file of several lumisections."""
    with h5py.File(path, "w") as file:
        file.attrs["run"] = RUN
        file["lumi"] = [each.lumi for each in given]
        file["hits"] = np.stack([each.maps[MAP].counts for each in given])
    return path


def without_scalars(lumisection: Lumisection) -> Lumisection:
    """As an HDF5 file knows it."""
    record = replace(lumisection.maps[MAP], events=None, pileup=None)
    return replace(lumisection, maps={MAP: record})


def test_a_conflict_leaves_the_rest_of_the_file(tmp_path: Path) -> None:
    bundle, given = trained(tmp_path), [without_scalars(each) for each in fill(8)]
    record = given[3].maps[MAP]
    other = replace(given[3], maps={MAP: replace(record, counts=record.counts + np.uint32(1))})
    first = hdf5(tmp_path / "first.h5", [*given[:3], other])
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [bundle], LABEL)
        assert intake.take(first).error is None
        taken = intake.take(hdf5(tmp_path / "second.h5", given))
        assert taken.error is not None
        assert taken.error.fault is Fault.CONFLICT
        assert [lumi.lumi for lumi in taken.lumis] == [1, 2, 3, 5, 6, 7, 8]
        assert [result.key.lumi for result in taken.results] == [5, 6, 7, 8]
        assert [row.id.lumi for row in store.results(LABEL, RUN)] == list(range(1, 9))
        assert [(row.status, row.fault, row.lumis) for row in store.files()] == [
            ("DONE", None, 4),
            ("QUARANTINED", Fault.CONFLICT, 7),
        ]


def test_damage_in_the_middle_costs_nothing_else(tmp_path: Path) -> None:
    bundle, given = trained(tmp_path), [without_scalars(each) for each in fill(5)]
    path = hdf5(tmp_path / "some.h5", given)
    with h5py.File(path, "r+") as file:
        values = file["hits"][()].astype(np.float64)
        values[3, 0, 0] = np.nan
        del file["hits"]
        file["hits"] = values
    with Store(str(tmp_path / "store.sqlite")) as store:
        taken = Intake(store, [bundle], LABEL).take(path)
        assert taken.error is not None
        assert taken.error.fault is Fault.INVALID_COUNTS
        assert [row.id.lumi for row in store.results(LABEL, RUN)] == [1, 2, 3, 5]
        (row,) = store.files()
        assert (row.status, row.fault, row.lumis) == ("QUARANTINED", Fault.INVALID_COUNTS, 4)


def two_maps(folder: Path) -> tuple[list[Bundle], list[Lumisection]]:
    """Bundles for two maps of one producer, and lumisections that hold both."""
    specs = load(TWO_MAPS)
    on = view("TOY", "any", TWO_MAPS)
    detectors = healthy_maps([(spec, on) for spec in specs.values()], seed=1, stability=STEADY)
    good = list(lumisections(Fill(1, 20, seed=1), detectors))
    bundles = [
        training.train(good, spec, on, folder / f"{spec.slug}.bundle", calorimeter=TWO_MAPS)
        for spec in specs.values()
    ]
    return bundles, list(lumisections(Fill(RUN, 3, seed=1), detectors))


def test_a_conflict_in_one_map_does_not_hold_up_the_other(tmp_path: Path) -> None:
    bundles, given = two_maps(tmp_path)
    maps = [(bundle.spec, bundle.view) for bundle in bundles]
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (early,) = write_lumisection(
        first, replace(given[0], maps={MAP: given[0].maps[MAP]}), maps, began_at=1.7e9
    )
    record = given[0].maps[MAP]
    changed = replace(record, counts=record.counts + np.uint32(1))
    both = replace(given[0], maps={MAP: changed, SECOND: given[0].maps[SECOND]})
    (late,) = write_lumisection(second, both, maps, began_at=1.7e9)
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, bundles, LABEL)
        reasons = {result.key.map: result.reason for result in intake.take(early).results}
        assert reasons == {MAP: None, SECOND: Reason.MAP_MISSING}
        taken = intake.take(late)
        assert taken.error is not None
        assert "other counts for TOY/hits in 2:1" in str(taken.error)
        assert [(result.key.map, result.reason) for result in taken.results] == [(SECOND, None)]
        assert taken.runs == {RUN}
        assert [row.lumis for row in store.files()] == [1, 1]


def test_nothing_of_a_damaged_file_is_taken(tmp_path: Path) -> None:
    bundle = trained(tmp_path)
    path = drop(tmp_path, fill(1)[0], with_count(fill(1)[0], 0.5))
    with Store(str(tmp_path / "store.sqlite")) as store:
        taken = Intake(store, [bundle], LABEL).take(path)
        assert taken.error is not None
        assert f"found 0.5 in {HITS}, bin x=3 y=2" in str(taken.error)
        assert (taken.lumis, taken.results, store.labels()) == ((), (), [])


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        taken = Intake(store, [trained(tmp_path)], LABEL).take(tmp_path / "gone.root")
        assert taken.error is not None
        assert taken.error.fault is Fault.UNREADABLE
        assert taken.stamp == (0, 0)


def test_a_map_that_grows_in_every_file_is_scored_from_the_second_on(tmp_path: Path) -> None:
    text = TEXT.replace("per_lumi", "cumulative")
    spec, on = load(text)[MAP], view("TOY", "any", text)
    bundle = training.train(fill(40, run=1), spec, on, tmp_path / "grows.bundle", calorimeter=text)
    spool = tmp_path / "spool"
    spool.mkdir()
    write_fill(spool, fill(3), [(spec, on)])
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [bundle], LABEL)
        found = [result for path in sorted(spool.iterdir()) for result in intake.take(path).results]
    assert [each.reason for each in found] == [Reason.NO_BASELINE, None, None]
    for result, counted in zip(found[1:], fill(3)[1:], strict=True):
        assert result.span == 1
        assert result.counts is not None
        np.testing.assert_array_equal(result.counts, counted.maps[MAP].counts)


def test_bundles_of_two_geometries_are_refused(tmp_path: Path) -> None:
    bundle = trained(tmp_path)
    with Store(str(tmp_path / "store.sqlite")) as store:
        for given in ([], [bundle, replace(bundle, calorimeter=None)]):
            with pytest.raises(UsageError, match="expected one or more bundles of the same"):
                Intake(store, given, LABEL)


def test_an_output_that_cannot_be_written_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = fill(2)
    (tmp_path / "output" / f"DQM_V0001_ToyML_R{RUN:09d}.root").mkdir(parents=True)
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [trained(tmp_path)], LABEL)
        intake.take(drop(tmp_path, given[0]))
        assert write_outputs(store, LABEL, [RUN], tmp_path / "output") == []
        told = capsys.readouterr()
        assert (told.out + told.err).count("output not written") == 1
        (tmp_path / "output" / f"DQM_V0001_ToyML_R{RUN:09d}.root").rmdir()
        intake.take(drop(tmp_path, given[1]))
        assert len(write_outputs(store, LABEL, [RUN], tmp_path / "output")) == 1
