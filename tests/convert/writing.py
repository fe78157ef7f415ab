"""Sources for conversions as CMS and real ROOT write them, and what came out of them."""

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.convert import Report
from caloscope.readers.shelf import Histogram
from caloscope.writers.scalars import scalar_text
from tests.readers import folder_making as folders
from tests.readers import tree_making as trees
from tests.readers.formats import RUN, plane

__all__ = ["RUN", "plane"]

Things = Mapping[str, Histogram | int | float | str]
"""Histograms and scalars by path, `<top folder>/<path>/<name>`."""

Counts = NDArray[np.uint32]

HCAL_MAPS = ("HCAL/digi", "HO/digi")


def started_trees() -> Iterator[trees.Root]:
    """Real ROOT for the tests of a module, which are skipped where the package is not here."""
    if importlib.util.find_spec("ROOT") is None:
        pytest.skip("the package root is not here")
    with trees.Root() as process:
        yield process


def barrel(values: NDArray[Any]) -> Histogram:
    """A histogram of ECAL's barrel, in towers or crystals."""
    return plane(values, (0, 360), (-85, 85))


def hcal_counts(events: int, seed: int) -> Counts:
    """Digis of HCAL, depth by depth; HF counts every event."""
    counts = np.random.default_rng(seed).binomial(events, 0.3, (7, 72, 84))
    for columns in (slice(0, 13), slice(71, 84)):
        counts[:, ::2, columns], counts[:, 1::2, columns] = events, 0
    return counts.astype(np.uint32)


def hcal(counts: Counts, top: str = "Hcal", depths: Collection[int | str] = range(1, 8)) -> Things:
    """Planes of digis, one a depth."""
    return {
        f"{top}/DigiTask/Occupancy/depth/depth{depth}": plane(values, (0, 84), (0.5, 72.5))
        for depth, values in zip(depths, counts, strict=True)
    }


def told(
    things: Things, *, run: int = RUN, section: str = "Run summary", classname: str = "TH2F"
) -> list[dict[str, Any]]:
    """Histograms and scalars in the folders of a DQM file, for ROOT to write; 77 in all overflows."""
    found = []
    for path, value in things.items():
        top, _, rest = path.partition("/")
        parent, _, name = rest.rpartition("/")
        folder = "/".join(filter(None, (f"DQMData/Run {run}", top, section, parent)))
        if isinstance(value, Histogram):
            full = np.pad(value.values, 1, constant_values=77)
            axes = [folders.axis(each.bins, each.low, each.high) for each in value.axes]
            found.append(folders.told(classname, full, name, folder, axes=axes))
        else:
            found.append({"class": "TObjString", "name": scalar_text(name, value), "folder": folder})
    return found


def write_file(root: folders.Root, path: Path, things: Things, *, run: int = RUN, **more: Any) -> Path:
    """A DQM file of folders, written by ROOT."""
    path.parent.mkdir(exist_ok=True)
    root.write(path, told(things, run=run, **more))
    return path


def write_snapshot(root: folders.Root, folder: Path, lumi: int, things: Things, *, run: int = RUN) -> Path:
    """What the online system leaves every 10 to 15 lumisections, written by ROOT."""
    name = f"DQM_V0001_Hcal_R{run:09d}.root.ls{lumi:08d}_hostdqm-c2d07-29_pid00012345"
    return write_file(root, folder / name, things, run=run)


def write_dqmio(
    root: trees.Root,
    path: Path,
    lumis: Mapping[int, Mapping[str, Any]],
    *,
    run: int = RUN,
    classname: str = "TH2F",
    **more: Any,
) -> Path:
    """A DQMIO file, written by ROOT; by lumisection what it holds, 77 in all overflows.

    Values are those of `Things`, or elements as `tree_making` has them.
    """
    arrays: dict[str, NDArray[Any]] = {}
    sections: list[dict[str, Any]] = []
    for lumi, things in lumis.items():
        elements = []
        for name, value in things.items():
            if isinstance(value, Histogram):
                array = f"a{len(arrays)}"
                arrays[array] = np.pad(value.values, 1, constant_values=77).astype(trees.DTYPES[classname[3]])
                axes = [(each.bins, each.low, each.high) for each in value.axes]
                elements.append(trees.element(name, classname, array, axes=axes))
            elif isinstance(value, dict):
                elements.append({**value, "path": name})
            else:
                tree = "Ints" if isinstance(value, int) else "Floats"
                elements.append({"tree": tree, "path": name, "value": value})
        sections.append({"run": run, "lumi": lumi, "elements": elements})
    path.parent.mkdir(exist_ok=True)
    return root.write(path, "dqmio", arrays, sections=sections, **more)


def dropped(report: Report) -> dict[tuple[str, str], dict[int, str]]:
    """What was left out: by map and reason the lumisections of each run, as ranges."""
    return {
        (drop.map, str(drop.why)): {run: str(lumis) for run, lumis in drop.lumis.items()}
        for drop in report.dropped
    }


def rows(counts: Collection[Counts], **more: Any) -> dict[str, Any]:
    """One map's arrays in a data set, whose other numbers are those given or else not known."""
    number = len(counts)
    given = {"events": [-1] * number, "pileup": [np.nan] * number, "spans": [1] * number, **more}
    return {"counts": np.stack(list(counts)), "present": np.ones(number, bool)} | {
        name: np.asarray(values) for name, values in given.items()
    }


def require(found: Mapping[str, Any], name: str, expected: Mapping[str, Any]) -> None:
    """Asserts that one map's arrays are what they should be, bit by bit."""
    for key, array in expected.items():
        own = found[f"{name} {key}"]
        assert own.dtype.kind == array.dtype.kind or key != "counts", (name, key)
        np.testing.assert_array_equal(own, array, err_msg=f"{name} {key}")
