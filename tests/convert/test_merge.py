"""What several sources say of one lumisection, and what is left when the last step fails."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.dataset import open_data_set
from caloscope.errors import CaloscopeError
from caloscope.geometry import view
from caloscope.records import Lumisection, MapRecord
from caloscope.simulate import write_lumisection
from caloscope.writers.dqm import Object, write_dqm
from caloscope.writers.histograms import Histogram2D

from ..readers.tree_making import Root
from .making import RUN, make, write

HCAL = load()["HCAL/digi"]
ON = view("HCAL", "2018")


def h2(values: object) -> Histogram2D:
    v = np.asarray(values, np.float32)
    return Histogram2D(
        title="t", x_title="", y_title="", x_range=(0, v.shape[1]), y_range=(0, v.shape[0]), values=v
    )


def plain(folder: Path, lumi: int, objects: dict[str, Object], *, snapshot: bool) -> None:
    folder.mkdir(exist_ok=True)
    name = f"DQM_V0001_Ecal_R{RUN:09d}" + (
        f".root.ls{lumi:08d}_hosta_pid1" if snapshot else f"_L{lumi:09d}.root"
    )
    write_dqm(folder / name, RUN, objects | {"Ecal/EventInfo/iLumiSection": lumi})


def per_lumi(folder: Path, lumi: int, counts: np.ndarray, events: int, *, snapshot: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    one = Lumisection("t", RUN, lumi, {HCAL.name: MapRecord(counts, events, cumulative=snapshot)})
    write_lumisection(folder, one, [(HCAL, ON)], began_at=1.5e9, snapshot=snapshot)


def test_a_snapshot_without_baseline_does_not_push_out_the_lumisection_itself(tmp_path: Path) -> None:
    one = np.ones(ON.shape, np.uint32)
    per_lumi(tmp_path / "per", 5, one, 100)
    for lumi in (5, 10):
        per_lumi(tmp_path / "snap", lumi, lumi * one, 100 * lumi, snapshot=True)
    found = []
    for order in (("snap", "per"), ("per", "snap")):
        output = tmp_path / f"{order[0]}.h5"
        make([tmp_path / each for each in order], output, maps=("HCAL/digi",))
        with open_data_set(output) as data:
            found.append((data.lumis.tolist(), data.spans("HCAL/digi").tolist()))
    assert found == [([5, 10], [1, 5])] * 2


def test_no_lumisection_is_counted_twice(tmp_path: Path) -> None:
    one = np.ones(ON.shape, np.uint32)
    for lumi in (6, 7):
        per_lumi(tmp_path / "s", lumi, one, 100)
    for lumi in (5, 10):
        per_lumi(tmp_path / "s", lumi, lumi * one, 100 * lumi, snapshot=True)
    make([tmp_path / "s"], tmp_path / "d.h5", maps=("HCAL/digi",))
    with open_data_set(tmp_path / "d.h5") as data:
        covered = [
            n
            for lumi, k in zip(data.lumis, data.spans("HCAL/digi"), strict=True)
            for n in range(lumi - k + 1, lumi + 1)
        ]
    assert len(covered) == len(set(covered))


def test_parts_that_happen_to_be_equal_are_added(tmp_path: Path) -> None:
    def element(path: str, name: str, axes: tuple[tuple[int, float, float], ...]) -> dict[str, Any]:
        return {"tree": "TH1Fs", "path": path, "class": "TH1F", "array": name, "axes": axes, "name": "h"}

    with Root() as root:
        for part in range(3):
            arrays = {"n": np.array([0, 100, 0], "f4"), "m": np.array([0, part, 7, 0], "f4")}
            elements = [
                element("Ecal/a/n", "n", ((1, 0.0, 1.0),)),
                element("Ecal/a/m", "m", ((2, 0.0, 1.0),)),
            ]
            sections = [{"run": RUN, "lumi": 1, "elements": elements}]
            root.write(tmp_path / f"{part}.root", "dqmio", arrays, sections=sections)
    make(sorted(tmp_path.glob("*.root")), tmp_path / "d.h5", maps=(), histograms=("Ecal/a/*",))
    with open_data_set(tmp_path / "d.h5") as data:
        assert data.counts("plain/Ecal.a.m", 0, 1).sum() == 24
        assert data.counts("plain/Ecal.a.n", 0, 1).sum() == 300


def test_snapshots_whose_binning_changes(tmp_path: Path) -> None:
    for lumi, bins in ((5, 3), (10, 3), (15, 4), (20, 4)):
        plain(tmp_path / "s", lumi, {"Ecal/X/h": h2(lumi * np.ones((2, bins)))}, snapshot=True)
    make([tmp_path / "s"], tmp_path / "d.h5", maps=(), histograms=("Ecal/X/h",))


def test_names_that_are_one_only_after_cleaning(tmp_path: Path) -> None:
    plain(tmp_path / "s", 1, {"Ecal/X/a b": h2([[1, 1]]), "Ecal/X/a_b": h2([[9, 9]])}, snapshot=False)
    plain(tmp_path / "s", 2, {"Ecal/X/a_b": h2([[9, 9]])}, snapshot=False)
    make([tmp_path / "s"], tmp_path / "d.h5", maps=(), histograms=("Ecal/X/*",))
    with open_data_set(tmp_path / "d.h5") as data:
        assert {int(c.sum()) for c in data.counts("plain/Ecal.X.a_b", 0, 2)} != {2, 18}


def test_a_full_disk_at_the_end_costs_no_work_done(tmp_path: Path) -> None:
    write(tmp_path / "spool", range(1, 4))
    (tmp_path / "data.h5").mkdir()  # the renaming at the end fails, as a full disk would
    with pytest.raises(CaloscopeError):
        make([tmp_path / "spool"], tmp_path / "data.h5")
    (tmp_path / "data.h5").rmdir()
    assert make([tmp_path / "spool"], tmp_path / "data.h5").resumed == 1
