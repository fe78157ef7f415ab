"""A replay that is killed with -9, again and again, records what one records that nobody disturbed."""

import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.faults import Fault
from caloscope.monitor import Intake, replay
from caloscope.store import Store

from ..pipeline.making import LABEL, MAP, RUN, Recorded, fill, recorded, trained
from .test_data_sets import written

LUMIS = (90, 30)
"""Lumisections of the two data sets."""

SCRIPT = """
import sys
from pathlib import Path
from caloscope import bundle as bundles
from caloscope.monitor import Intake, replay
from caloscope.store import Store
bundle, store, *paths = sys.argv[1:]
with Store(store) as opened:
    intake = Intake(opened, [bundles.load(Path(bundle))], "test")
    print("begun", flush=True)
    replay([Path(path) for path in paths], intake, together=0.02)
"""


def data(folder: Path) -> list[Path]:
    """Two data sets with faults in them."""
    faults = [Fault(MAP, (1, 4), "dead", onset=20, end=40), Fault(MAP, "TOY left", "factor", 0.7, onset=60)]
    paths = [folder / "first.h5", folder / "second.h5"]
    for path, run, lumis in zip(paths, (RUN, RUN + 1), LUMIS, strict=True):
        written(path, fill(lumis, faults, run=run))
    return paths


def undisturbed(folder: Path, paths: list[Path], *, together: float) -> Recorded:
    """What is recorded in one go."""
    with Store(str(folder / f"{together}.sqlite")) as store:
        intake = Intake(store, [bundles.load(folder / "toy.bundle")], LABEL)
        done = replay(paths, intake, together=together)
        assert (done.files, done.lumisections, done.results) == (2, sum(LUMIS), sum(LUMIS))
        assert [(row.status, row.lumis) for row in store.files()] == [("DONE", each) for each in LUMIS]
        return recorded(store)


@pytest.mark.timeout(120)
def test_kill_minus_nine_changes_nothing(tmp_path: Path) -> None:
    trained(tmp_path)
    paths, store = data(tmp_path), tmp_path / "killed.sqlite"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "toy.bundle"), str(store), *map(str, paths)]
    moments = np.random.default_rng().uniform(0.0, 0.25, 3)
    print("killed after seconds of work:", moments)  # a failing test must be repeatable
    for seconds in moments:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            time.sleep(seconds)
            process.kill()
    subprocess.run(command, check=True, capture_output=True)
    with Store(str(store), read_only=True) as opened:
        found, files = recorded(opened), opened.files()
    assert [(row.status, row.lumis) for row in files] == [("DONE", each) for each in LUMIS]
    assert found == undisturbed(tmp_path, paths, together=60.0)
    assert found == undisturbed(tmp_path, paths, together=0.0)


def test_what_was_scored_before_is_not_scored_again(tmp_path: Path) -> None:
    trained(tmp_path)
    paths = data(tmp_path)
    with Store(str(tmp_path / "store.sqlite")) as store:
        for expected in (sum(LUMIS), 0):
            intake = Intake(store, [bundles.load(tmp_path / "toy.bundle")], LABEL)
            done = replay(paths, intake)
            assert (done.lumisections, done.results, done.runs) == (sum(LUMIS), expected, {RUN, RUN + 1})
            assert not intake.is_waiting


def test_what_comes_before_damage_is_recorded(tmp_path: Path) -> None:
    """The rows are read ahead; those before a damaged one count all the same."""
    trained(tmp_path)
    path = tmp_path / "damaged.h5"
    written(path, fill(40))
    with h5py.File(path) as file:
        chunk = file["maps"][MAP]["counts"].id.get_chunk_info_by_coord((25, 0, 0))
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [bundles.load(tmp_path / "toy.bundle")], LABEL)
        done = replay([path], intake)
        (row,) = store.files()
        assert len(done.quarantined) == 1
        assert (row.status, row.lumis) == ("QUARANTINED", 25)
        assert len(store.results(LABEL, RUN)) == done.lumisections == 25
