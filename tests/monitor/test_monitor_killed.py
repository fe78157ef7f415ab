"""A monitor that is killed with -9, again and again, records what one records that nobody disturbed."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope import bundle as bundles
from caloscope.faults import Fault
from caloscope.monitor import Intake, monitor, write_outputs
from caloscope.records import Lumisection
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, fill, recorded, trained
from .files import drop
from .spooling import Site, prepared, until

KILLS = 3
WAITING = 45
"""Files that are there before the first monitor starts: it is killed while it catches up."""

PACE = 0.25


def eventful() -> list[Lumisection]:
    """Two runs, in which a cell dies for a while and half the map sags; some lumisections come late."""
    faults = [Fault(MAP, (1, 4), "dead", onset=8, end=20), Fault(MAP, "TOY left", "factor", 0.7, onset=25)]
    first = fill(40, faults)
    second = fill(20, faults, run=RUN + 1)
    return [*first[:33], *first[36:], *second[:13], *first[33:36], *second[13:]]


def dropped(site: Site, lumisections: list[Lumisection], pace: float) -> None:
    """Files come in this order; their names say nothing of it."""
    for lumisection in lumisections:
        drop(site.spool, lumisection)
        time.sleep(pace)


def undisturbed(folder: Path, bundle: Path) -> Site:
    """The site after all files were taken in order, and nobody disturbed."""
    folder.mkdir()
    site = prepared(folder, bundle)
    dropped(site, eventful(), 0.0)
    with Store(str(site.store)) as store:
        intake = Intake(store, [bundles.load(bundle)], LABEL)
        taken = [intake.take(path) for path in sorted(site.spool.iterdir())]
        write_outputs(store, LABEL, {run for each in taken for run in each.runs}, site.output)
    return site


@pytest.mark.timeout(180)
def test_kill_minus_nine_changes_nothing(tmp_path: Path) -> None:
    trained(tmp_path)
    expected = undisturbed(tmp_path / "undisturbed", tmp_path / "toy.bundle")
    folder = tmp_path / "killed"
    folder.mkdir()
    site, lumisections = prepared(folder, tmp_path / "toy.bundle"), eventful()
    dropped(site, lumisections[:WAITING], 0.0)
    producer = threading.Thread(target=dropped, args=(site, lumisections[WAITING:], PACE))
    rng = np.random.default_rng()
    moments = rng.uniform(0.0, 0.2, KILLS)
    print("killed after seconds of work:", moments)  # a failing test must be repeatable
    producer.start()
    for lives, seconds in enumerate(moments):
        with site.monitor() as process:
            until(lambda lives=lives: len(site.lines("watching")) > lives, process)  # type: ignore[misc]
            time.sleep(seconds)
            process.kill()
            assert process.wait() == -9
    producer.join()
    with site.monitor() as process:
        until(lambda: len(site.lines("watching")) == KILLS + 1 and _all_noted(site), process)
        process.terminate()
        assert process.wait(20) == 0
    assert site.told("flags", "--unknown") == expected.told("flags", "--unknown")
    assert site.told("incidents") == expected.told("incidents")
    assert _everything(site) == _everything(expected)
    _same_outputs(site, expected)


def _all_noted(site: Site) -> bool:
    return len(site.files()) == len(eventful())


def _everything(site: Site) -> object:
    with Store(str(site.store), read_only=True) as store:
        assert not store.files("QUARANTINED")
        return recorded(store)


def _same_outputs(site: Site, expected: Site) -> None:
    names = sorted(path.name for path in expected.output.iterdir())
    assert len(names) == 2
    assert names == sorted(path.name for path in site.output.iterdir() if not path.name.startswith("."))
    for name in names:
        with uproot.open(site.output / name) as file, uproot.open(expected.output / name) as other:
            kinds = {
                key: kind for key, kind in file.classnames().items() if kind.startswith(("TH2", "TProfile"))
            }
            assert file.file.fEND == (site.output / name).stat().st_size
            assert kinds
            for key in kinds:
                assert np.array_equal(file[key].values(), other[key].values(), equal_nan=True), key


def stopped_when(what: Callable[[], object], stop: threading.Event) -> None:
    """Wait until something is so, or for too long, and stop."""
    try:
        until(what)
    finally:
        stop.set()


def test_what_was_left_open_is_finished_after_a_crash(tmp_path: Path) -> None:
    """Killed when the results of a file are in the store, and neither its output nor its row is."""
    trained(tmp_path)
    site = prepared(tmp_path, tmp_path / "toy.bundle")
    for lumisection in fill(3):
        drop(site.spool, lumisection)
    bundle = bundles.load(site.bundle)
    with Store(str(site.store)) as store:
        intake = Intake(store, [bundle], LABEL)
        for path in sorted(site.spool.iterdir()):
            intake.score(path)
    stop = threading.Event()
    with Store(str(site.store)) as store:
        assert store.files() == []
        intake = Intake(store, [bundle], LABEL)
        thread = threading.Thread(target=stopped_when, args=(lambda: len(site.files()) == 3, stop))
        thread.start()
        assert monitor(site.spool, intake, store, stop, label=LABEL, output_dir=site.output) == 3
        thread.join()
        assert {(row.status, row.lumis) for row in store.files()} == {("DONE", 1)}
    assert [path.name for path in site.output.iterdir()] == [f"DQM_V0001_ToyML_R{RUN:09d}.root"]
