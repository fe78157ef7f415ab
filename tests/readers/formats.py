"""The same histograms of a few lumisections, written in every format that can hold them."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.readers.shelf import BinAxis, Histogram, Place
from caloscope.writers.dqm import Histogram2D, write_dqm

from .tree_making import Root, element

RUN = 306138
EVENTS = (1350, 1379, 1366)
"""One number for each of the lumisections 1, 2 and 3."""

Table = Mapping[tuple[int, str], Histogram]
"""Histograms by lumisection and path."""


class Shelf:
    """Histograms in memory."""

    def __init__(
        self,
        histograms: Mapping[str, Histogram],
        scalars: Mapping[str, str] | None = None,
        *,
        place: Place | None = None,
        folders: bool = True,
    ) -> None:
        self.histograms = histograms
        self.scalars = scalars or {}
        self.place = place or Place(RUN, 5)
        paths = (*self.histograms, *self.scalars)
        self.tops = frozenset(path.partition("/")[0] for path in paths) if folders else frozenset[str]()

    def names(self) -> list[str]:
        return list(self.histograms)

    def histogram(self, path: str) -> Histogram | None:
        return self.histograms.get(path)

    def scalar(self, path: str) -> str | None:
        return self.scalars.get(path)


def plane(values: Any, x: tuple[float, float], y: tuple[float, float], **more: Any) -> Histogram:
    """A histogram of `(y, x)`."""
    array = np.asarray(values)
    return Histogram((BinAxis(array.shape[1], *x), BinAxis(array.shape[0], *y)), array, **more)


def hcal_table(seed: int = 5) -> dict[tuple[int, str], Histogram]:
    """Digis of HCAL in 2017, in which HF shows the number of events."""
    rng = np.random.default_rng(seed)
    found = {}
    for lumi, events in enumerate(EVENTS, 1):
        for depth in range(1, 8):
            values = rng.binomial(events, 0.3, (72, 84)).astype(np.float32)
            for columns in (slice(0, 13), slice(71, 84)):
                values[::2, columns], values[1::2, columns] = events, 0
            path = f"Hcal/DigiTask/Occupancy/depth/depth{depth}"
            found[lumi, path] = plane(values, (0, 84), (0.5, 72.5))
    return found


def dials_row(lumi: int, path: str, histogram: Histogram, *, flat: bool = False) -> dict[str, Any]:
    """A row as DIALS has it."""
    row: dict[str, Any] = {
        "dataset": "/JetHT/Run2017F/DQMIO",
        "run_number": RUN,
        "ls_number": lumi,
        "me": path,
    }
    for axis, letter in zip(histogram.axes, "xy", strict=False):
        row |= {f"{letter}_min": axis.low, f"{letter}_max": axis.high, f"{letter}_bin": float(axis.bins)}
    values = histogram.values.ravel() if flat else histogram.values
    return {**row, "entries": float(histogram.values.sum()), "data": values.astype(float).tolist()}


def write_parquet(path: Path, table: Table, *, flat: bool = False, group: int = 5) -> Path:
    """A parquet file of DIALS; rows in the order of the table."""
    rows = [dials_row(lumi, name, each, flat=flat) for (lumi, name), each in table.items()]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=group)
    return path


def write_json(path: Path, table: Table, layout: str = "list") -> Path:
    """JSON of DIALS: a `list`, a `page` with results, or `lines`."""
    rows = [dials_row(lumi, name, each) for (lumi, name), each in table.items()]
    if layout == "lines":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        page = {"next": None, "previous": 'a "{" in a text\\', "results": rows}
        path.write_text(
            json.dumps(rows if layout == "list" else page, indent=1 if layout == "page" else None)
        )
    return path


CSV_COLUMNS = (
    "fromrun,fromlumi,hname,fromrun,fromlumi,metype,hname,histo,entries,Xmax,Xmin,Xbins,Ymax,Ymin,Ybins"
)


def csv_row(lumi: int, name: str, histogram: Histogram, metype: int = 6) -> list[Any]:
    """A line of the legacy CSV, with numbers in the overflows that count nowhere."""
    full = np.pad(histogram.values.astype(float), 1, constant_values=77)
    x, y = histogram.axes[0], histogram.axes[1] if len(histogram.axes) > 1 else BinAxis(1, 0, 1)
    histo = json.dumps(full.ravel().tolist())
    edges = [x.high, x.low, x.bins, y.high, y.low, y.bins]
    return [RUN, lumi, name, RUN, lumi, metype, name, histo, histogram.values.sum(), *edges]


def write_csv(path: Path, table: Table) -> Path:
    """A legacy CSV; rows in the order of the table."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS.split(","))
        writer.writerows(csv_row(lumi, name, each) for (lumi, name), each in table.items())
    return path


def write_ml4dqm(path: Path, table: Table) -> Path:
    """An ML4DQM file."""
    key = load()["HCAL/digi"].hdf5 or ""
    with h5py.File(path, "w") as file:
        for depth in range(1, 8):
            name = f"Hcal/DigiTask/Occupancy/depth/depth{depth}"
            file[key.replace("{depth}", str(depth))] = [table[lumi, name].values for lumi in (1, 2, 3)]
        file.attrs["run"] = RUN
    return path


def write_folders(folder: Path, table: Table) -> list[Path]:
    """DQM ROOT files, one for each lumisection."""
    paths = []
    for lumi in sorted({lumi for lumi, _ in table}):
        path = folder / f"DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root"
        write_dqm(path, RUN, {name: _drawn(each) for (at, name), each in table.items() if at == lumi})
        paths.append(path)
    return paths


def write_dqmio(root: Root, path: Path, table: Table) -> Path:
    """A DQMIO file, with a section of the whole run before those of the lumisections."""
    arrays: dict[str, NDArray[Any]] = {}
    sections = []
    for lumi in sorted({0} | {lumi for lumi, _ in table}):
        elements = []
        for name, each in ((name, each) for (at, name), each in table.items() if at == (lumi or 1)):
            array = f"a{len(arrays)}"
            arrays[array] = np.pad(each.values.astype("f4"), 1, constant_values=77)
            axes = [(axis.bins, axis.low, axis.high) for axis in each.axes]
            elements.append(element(name, "TH2F", array, axes=axes))
        sections.append({"run": RUN, "lumi": lumi, "elements": elements})
    return root.write(path, "dqmio", arrays, sections=sections)


def _drawn(histogram: Histogram) -> Histogram2D:
    x, y = histogram.axes
    return Histogram2D("t", "x", "y", (x.low, x.high), (y.low, y.high), histogram.values)


def block_of(values: NDArray[Any], block: int) -> NDArray[Any]:
    """Crystals whose blocks sum to the values: all counts in one crystal of each."""
    fine = np.zeros((values.shape[0] * block, values.shape[1] * block), values.dtype)
    fine[2::block, 1::block] = values
    return fine
