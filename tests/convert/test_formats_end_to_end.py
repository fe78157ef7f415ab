"""The same counts in every format that CMS has them in give the same data set; real ROOT wrote the files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.readers import folder_making as folders
from tests.readers import formats
from tests.readers import tree_making as trees
from tests.readers.formats import EVENTS, RUN, hcal_table
from tests.readers.making import ECAL
from tests.readers.making import EVENTS as ECAL_EVENTS
from tests.readers.making import PILEUP as ECAL_PILEUP

from ..running import caloscope
from .making import make
from .test_convert import arrays
from .writing import (
    HCAL_MAPS,
    barrel,
    hcal,
    hcal_counts,
    plane,
    require,
    rows,
    started_trees,
    told,
    write_file,
)
from .writing import write_dqmio as write_trees

TABLE = hcal_table()
FORMATS = [
    *("DQM ROOT", "By Lumi Section", "DQMIO, split 0", "DQMIO, split 99", "DIALS parquet", "DIALS JSON"),
    *("ML4DQM HDF5", "legacy CSV", "data set"),
]
FOLDER = "DQMData/Run {run}/Hcal/Run summary"


@pytest.fixture(scope="module")
def root() -> Iterator[folders.Root]:
    yield from folders.started_root()


@pytest.fixture(scope="module")
def root_of_trees() -> Iterator[trees.Root]:
    yield from started_trees()


def written(name: str, to: Path, root: folders.Root, root_of_trees: trees.Root) -> list[Path]:
    """The table in a format."""
    lumis = {at: {path: each for (lumi, path), each in TABLE.items() if lumi == at} for at in (3, 1, 2)}
    if name == "DQM ROOT":
        named = {lumi: to / f"DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root" for lumi in lumis}
        return [write_file(root, path, lumis[lumi]) for lumi, path in named.items()]
    if name == "By Lumi Section":
        path = to / f"DQM_V0001_Hcal_R{RUN:09d}.root"
        sections = {lumi: f"By Lumi Section {lumi}-{lumi}" for lumi in lumis}
        root.write(path, [each for lumi in lumis for each in told(lumis[lumi], section=sections[lumi])])
        return [path]
    if name.startswith("DQMIO"):
        return [write_trees(root_of_trees, to / "a.root", lumis, split=int(name.rsplit(maxsplit=1)[-1]))]
    if name == "data set":
        make(formats.write_folders(to, TABLE), to / "first.h5", maps=HCAL_MAPS)
        return [to / "first.h5"]
    writers: dict[str, Callable[[Path, formats.Table], Path]] = {
        "DIALS parquet": formats.write_parquet,
        "DIALS JSON": formats.write_json,
        "ML4DQM HDF5": formats.write_ml4dqm,
        "legacy CSV": formats.write_csv,
    }
    return [writers[name](to / "source", TABLE)]


@pytest.mark.parametrize("name", FORMATS)
def test_equal_data_sets_of_every_format(
    root: folders.Root, root_of_trees: trees.Root, tmp_path: Path, name: str
) -> None:
    sources = written(name, tmp_path, root, root_of_trees)
    report = make(sources, tmp_path / "data.h5", maps=HCAL_MAPS)
    assert (report.maps, report.bad, report.dropped) == (dict.fromkeys(HCAL_MAPS, 3), (), ())
    found = arrays(tmp_path / "data.h5")
    assert found["runs"].tolist() == [RUN] * 3
    assert found["lumis"].tolist() == [1, 2, 3]
    depths = [f"Hcal/DigiTask/Occupancy/depth/depth{depth}" for depth in range(1, 8)]
    counts = [np.array([TABLE[lumi, depth].values for depth in depths], np.uint32) for lumi in (1, 2, 3)]
    require(found, "HCAL/digi", rows(counts, events=EVENTS))
    require(found, "HO/digi", rows([each[3] for each in counts], events=EVENTS))


def test_the_command_line_does_the_same(root: folders.Root, tmp_path: Path) -> None:
    things = hcal(hcal_counts(900, seed=1))
    path = write_file(root, tmp_path / "DQM_V0001_Hcal_R000306138_L000000004.root", things)
    words = ("convert", path, "--map", "HCAL/digi", "--label", "ZeroBias", "--workers", "2", "-o")
    assert "1 lumisections of 1 run" in caloscope(*words, tmp_path / "data.h5")
    require(arrays(tmp_path / "data.h5"), "HCAL/digi", rows([hcal_counts(900, seed=1)], events=[900]))


def contents(classname: str, seed: int) -> NDArray[Any]:
    """Counts up to the largest that a class and a data set can hold, with overflows."""
    largest = {"C": 127, "S": 32_767, "I": 2**31 - 1, "L": 2**32 - 1, "F": 2**24, "D": 2**32 - 1}
    shape = (4, 5, 6)[3 - int(classname[2]) :]
    found = np.random.default_rng(seed).integers(0, largest[classname[3]], shape, endpoint=True)
    found.flat[found.size // 2] = largest[classname[3]]
    return found.astype(folders.dtype_of(classname))


def test_every_class_of_counts(root: folders.Root, tmp_path: Path) -> None:
    given = {(lumi, name): contents(name, lumi) for lumi in (1, 2) for name in folders.PLAIN}
    for lumi in (1, 2):
        objects = [
            folders.told(name, given[lumi, name], name, FOLDER.format(run=RUN)) for name in folders.PLAIN
        ]
        root.write(tmp_path / f"DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root", objects)
    for as_float in (False, True):
        make([tmp_path], tmp_path / "data.h5", maps=(), histograms=("Hcal/TH*",), as_float=as_float)
        found = arrays(tmp_path / "data.h5")
        assert len([key for key in found if key.endswith("counts")]) == 18
        for name in folders.PLAIN:
            expected = [np.atleast_2d(folders.inside(given[lumi, name])) for lumi in (1, 2)]
            dtype = np.float32 if as_float else np.uint32
            require(found, f"plain/Hcal.{name}", rows([each.astype(dtype) for each in expected]))
        (tmp_path / "data.h5").unlink()


def test_means_of_profiles(root: folders.Root, tmp_path: Path) -> None:
    on = [folders.axis(5, 0.0, 5.0), folders.axis(4, 0.0, 4.0)]
    points = np.random.default_rng(1).uniform([0, 0, -9], [5, 4, 9], (12, 3)).tolist()
    common = {"folder": FOLDER.format(run=RUN)}
    objects = [
        {**common, "class": "TProfile", "name": "p", "axes": on[:1], "points": [p[::2] for p in points]},
        {**common, "class": "TProfile2D", "name": "p2", "axes": on, "points": points},
    ]
    truth = root.write(tmp_path / "DQM_V0001_Hcal_R000306138_L000000001.root", objects)
    make([tmp_path], tmp_path / "data.h5", maps=(), histograms=("Hcal/p*",), as_float=True)
    found = arrays(tmp_path / "data.h5")
    for name, shape in (("p", (7,)), ("p2", (6, 7))):
        means = folders.inside(np.array(truth[name], np.float64).reshape(shape)).astype(np.float32)
        assert np.isnan(means).any() == (name == "p2")
        require(found, f"plain/Hcal.{name}", rows([np.atleast_2d(means)]))


@pytest.mark.parametrize("classname", ["TH2F", "TH2S"])
def test_crystals_make_towers_and_supercrystals(root: folders.Root, tmp_path: Path, classname: str) -> None:
    rng = np.random.default_rng(3)
    shapes = zip(ECAL, ((170, 360), (100, 100), (100, 100)), strict=True)
    crystals = {name: rng.integers(0, 99, shape) for name, shape in shapes}
    objects = told({ECAL_EVENTS: 500, ECAL_PILEUP: 41.25}, run=320002)
    histograms = {"EcalBarrel/EBOccupancyTask/EBOT digi occupancy": barrel(crystals["EB/digi"])} | {
        f"EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE {side}": plane(
            crystals[f"EE{side}/digi"], (0, 100), (0, 100)
        )
        for side in "-+"
    }
    objects += told(histograms, run=320002, classname=classname)
    root.write(tmp_path / "DQM_V0001_Ecal_R000320002_L000000009.root", objects)
    make([tmp_path], tmp_path / "data.h5", maps=ECAL)
    found = arrays(tmp_path / "data.h5")
    for name, values in crystals.items():
        y, x = values.shape
        sums = values.reshape(y // 5, 5, x // 5, 5).sum(axis=(1, 3))
        assert sums.shape == ((34, 72) if name == "EB/digi" else (20, 20))
        require(found, name, rows([sums.astype(np.uint32)], events=[500], pileup=[41.25]))


def test_depth_of_ho_and_both_names_of_the_producer(root: folders.Root, tmp_path: Path) -> None:
    run, every = 355456, {4: "Hcal", 7: "HcalAll"}
    given = {
        lumi: np.concatenate([hcal_counts(800 + lumi, lumi), hcal_counts(50, lumi)[:1]]) for lumi in every
    }
    for lumi, top in every.items():
        things = hcal(given[lumi], top, [*range(1, 8), "HO"])
        write_file(root, tmp_path / f"DQM_V0001_{top}_R{run:09d}_L{lumi:09d}.root", things, run=run)
    make([tmp_path], tmp_path / "data.h5", maps=HCAL_MAPS)
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [4, 7]
    require(found, "HCAL/digi", rows([given[lumi][:7] for lumi in every], events=[804, 807]))
    require(found, "HO/digi", rows([given[lumi][7] for lumi in every], events=[804, 807]))
