"""Online snapshots through the real monitor, and the same after a kill or in a replay."""

import re
import shutil
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.errors import UsageError
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.monitor import Intake, in_time_order, replay
from caloscope.readers import read
from caloscope.records import Lumisection, Quality, Reason
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections, write_fill
from caloscope.store import ResultRow, Store

from ..pipeline.making import LABEL, MAP, RUN, TEXT, fill, recorded
from .spooling import Site, prepared, until

GROWING = TEXT.replace(
    'events = ["Toy/Info/Events"]',
    'events = ["Toy/Info/Events"]\nevents_accumulating = ["Toy/EventInfo/processedEvents"]',
).replace('hdf5 = "hits"', 'hdf5 = "hits"\naccumulating = ["Toy/Hits/hits"]')
CELL = (1, 4)
EVERY = 5
DEAD = range(22, 48)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle learned from lumisections, for a producer whose snapshots grow."""
    folder = tmp_path_factory.mktemp("snapshots") / "toy.bundle"
    spec, on = load(GROWING)[MAP], view("TOY", "any", GROWING)
    training.train(fill(40, run=1), spec, on, folder, calorimeter=GROWING)
    return folder


def written(folder: Path, given: list[Lumisection]) -> list[Path]:
    """Snapshots of a run, in order."""
    folder.mkdir(parents=True)
    write_fill(folder, given, [(load(GROWING)[MAP], view("TOY", "any", GROWING))], snapshots=EVERY)
    return sorted(folder.iterdir())


@pytest.fixture
def snapshots(tmp_path: Path) -> list[Path]:
    """A run in which a cell is dead for a while, and the beginning of the next."""
    fault = Fault(MAP, CELL, "dead", onset=DEAD.start, end=DEAD.stop)
    first = written(tmp_path / "made" / "first", fill(70, [fault]))
    return [*first, *written(tmp_path / "made" / "second", fill(15, run=RUN + 1))]


def arrive(site: Site, paths: list[Path]) -> None:
    """Files appear under their names when they are whole."""
    for path in paths:
        hidden = site.spool / f".{path.name}"
        shutil.copyfile(path, hidden)
        hidden.rename(site.spool / path.name)


def in_order(path: Path, bundle: Path, arrivals: list[Path]) -> object:
    """What is recorded when they come one by one, and nobody disturbs."""
    with Store(str(path)) as store:
        intake = Intake(store, [bundles.load(bundle)], LABEL)
        for each in arrivals:
            assert intake.take(each).error is None
        return recorded(store)


def rows(path: Path, run: int = RUN) -> dict[int, ResultRow]:
    with Store(str(path), read_only=True) as store:
        return {row.key.lumi: row for row in store.results(LABEL, run)}


@pytest.mark.timeout(120)
def test_a_monitor_that_is_killed_finds_the_fault_in_the_snapshots(
    tmp_path: Path, bundle: Path, snapshots: list[Path]
) -> None:
    """One snapshot never comes, one comes late, and between two the monitor is killed with -9."""
    lost, late = snapshots[2], snapshots[6]
    arrivals = [path for path in snapshots if path not in (lost, late)]
    site = prepared(tmp_path, bundle)
    with site.monitor() as process:
        arrive(site, arrivals[:5])
        until(lambda: len(site.files()) >= 4, process)
        process.kill()
        assert process.wait() == -9
    arrive(site, arrivals[5:9])
    with site.monitor() as process:
        until(lambda: len(site.files()) == 9, process)
        arrive(site, [late, *arrivals[9:]])
        until(lambda: len(site.files()) == len(snapshots) - 1, process)
        process.terminate()
        assert process.wait(20) == 0
    whole = [path for path in snapshots if path != lost]
    expected = in_order(tmp_path / "in-order.sqlite", bundle, whole)
    with Store(str(site.store), read_only=True) as store:
        assert not store.files("QUARANTINED")
        assert recorded(store) == expected
        (incident,) = [each for each in store.incidents(label=LABEL) if not each.standing]
    _the_fault_was_found(site.store)
    assert (incident.cells, incident.opened.lumi, incident.onset.lumi) == ((CELL,), 25, 21)
    assert (incident.last.lumi, incident.closed) == (50, (RUN, 55))
    assert len({line.split("run=")[1] for line in site.lines("scored", "NO_BASELINE")}) >= 2
    assert not site.lines("output not written")
    assert sorted(path.name for path in site.output.iterdir()) == [
        f"DQM_V0001_ToyML_R{run:09d}.root" for run in (RUN, RUN + 1)
    ]


def _the_fault_was_found(store: Path) -> None:
    found = rows(store)
    assert sorted(found) == [lumi for lumi in range(EVERY, 71, EVERY) if lumi != 15]
    assert {lumi: row.span for lumi, row in found.items() if row.span != EVERY} == {5: 1, 20: 10}
    unknown = {lumi: row.reason for lumi, row in found.items() if row.quality is Quality.UNKNOWN}
    assert unknown == {5: Reason.NO_BASELINE}
    assert [lumi for lumi, row in found.items() if row.quality is Quality.BAD] == [25, 30, 35, 40, 45, 50]
    assert rows(store, RUN + 1)[5].reason is Reason.NO_BASELINE
    assert rows(store, RUN + 1)[10].quality is Quality.GOOD
    assert {row.events for lumi, row in found.items() if lumi != EVERY} != {None}


def test_a_replay_of_the_folder_says_the_same_whatever_files_are_called(
    tmp_path: Path, bundle: Path, snapshots: list[Path]
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    for number, path in enumerate(reversed(snapshots)):
        shutil.copyfile(path, folder / f"{number:03d}_{path.name}")
    with Store(str(tmp_path / "replay.sqlite")) as store:
        intake = Intake(store, [bundles.load(bundle)], LABEL)
        done = replay(in_time_order(folder.iterdir(), intake), intake)
        assert (done.files, done.results, done.quarantined) == (len(snapshots), len(snapshots), [])
        found = recorded(store)
    assert found == in_order(tmp_path / "in-order.sqlite", bundle, snapshots)


def test_they_are_not_learned_from_before_they_are_converted(tmp_path: Path, snapshots: list[Path]) -> None:
    spec, on = load(GROWING)[MAP], view("TOY", "any", GROWING)
    given = read(snapshots[1], [spec], label=LABEL, views=lambda name, era: view(name, era, GROWING))
    expected = (
        f"{snapshots[1]}: found counts of {MAP} that grow through the run, expected those of lumisections"
    )
    with pytest.raises(UsageError, match=f"^{re.escape(expected)}: run `caloscope convert` on it first$"):
        training.train(given, spec, on, tmp_path / "grows.bundle", calorimeter=GROWING)
    assert not (tmp_path / "grows.bundle").exists()


def test_hcal_is_differenced_and_ecal_is_not(tmp_path: Path) -> None:
    """The real geometry: HCAL's snapshots tell 10 lumisections, ECAL's the last."""
    era, names = "2018", ("HCAL/digi", "EE+/digi")
    maps = [(load()[name], view(load()[name].view, era)) for name in names]
    detectors = healthy_maps(maps, seed=1, stability=STEADY)
    good = list(lumisections(Fill(run=1, lumis=25, seed=4), detectors))
    loaded: list[Bundle] = [
        training.train(good, spec, on, tmp_path / f"{spec.slug}.bundle") for spec, on in maps
    ]
    cells = {"HCAL/digi": (0, 20, 50), "EE+/digi": (14, 10)}
    faults = [Fault(name, cell, "dead", onset=14) for name, cell in cells.items()]
    spool = tmp_path / "spool"
    spool.mkdir()
    write_fill(spool, lumisections(Fill(run=2, lumis=40, seed=5), detectors, faults), maps, snapshots=10)
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, loaded, LABEL)
        replay(in_time_order(spool.iterdir(), intake), intake)
        found = {(row.key.map, row.key.lumi): row for row in store.results(LABEL, 2)}
        opened = {each.map: each for each in store.incidents(label=LABEL) if not each.standing}
    assert {name: [found[name, lumi].span for lumi in (10, 20, 30, 40)] for name in names} == {
        "HCAL/digi": [1, 10, 10, 10],
        "EE+/digi": [1, 1, 1, 1],
    }
    assert found["HCAL/digi", 10].reason is Reason.NO_BASELINE
    assert found["EE+/digi", 10].quality is Quality.GOOD
    hcal = opened["HCAL/digi"]
    assert (hcal.cells, hcal.opened.lumi, hcal.onset.lumi) == ((cells["HCAL/digi"],), 20, 11)
    assert opened["EE+/digi"].cells == (cells["EE+/digi"],)
