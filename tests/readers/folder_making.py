"""Files of histograms in folders for tests, written by real ROOT in a process of its own."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .root_process import RootProcess

COMPRESSIONS = {"none": 0, "zlib": 101, "zlib9": 109, "lzma": 201, "lz4": 404, "zstd": 505}
DTYPES = {"C": "i1", "S": "i2", "I": "i4", "L": "i8", "F": "f4", "D": "f8"}
PLAIN = [f"TH{n}{kind}" for n in (1, 2, 3) for kind in DTYPES]
HCAL = "DQMData/Run 306138/Hcal/Run summary"


class Root(RootProcess):
    """A process that writes files; a context manager."""

    script = "root_folders.py"

    def write(self, path: Path, objects: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Writes a file; what ROOT says of the profiles in it (None for a bin without entries)."""
        told = {"compression": COMPRESSIONS["zlib"], **more, "path": str(path), "objects": objects}
        answer: dict[str, Any] = json.loads(self.ask(told))
        return answer


def started_root() -> Iterator[Root]:
    """A process for the tests of a module, which are skipped where the package is not here."""
    if importlib.util.find_spec("ROOT") is None:
        pytest.skip("the package root is not here")
    with Root() as process:
        yield process


def axis(bins: int, low: float = 0.0, high: float = 1.0, **more: Any) -> dict[str, Any]:
    """An axis to be written."""
    return {"bins": bins, "low": low, "high": high, **more}


def told(
    classname: str, full: NDArray[Any], name: str = "h", folder: str = HCAL, **more: Any
) -> dict[str, Any]:
    """A histogram to be written, `full` its contents `([z,] y, x)` with the overflows."""
    axes = more.pop("axes", None) or [axis(size - 2) for size in reversed(full.shape)]
    contents = full.astype(DTYPES[classname[-1]]).tobytes().hex()
    return {"class": classname, "name": name, "folder": folder, "axes": axes, "contents": contents, **more}


def dtype_of(classname: str) -> "np.dtype[Any]":
    """The numbers that a class holds, in this machine's byte order."""
    return np.dtype(DTYPES[classname[-1]])


def inside(full: NDArray[Any]) -> NDArray[Any]:
    """Contents without the overflows."""
    return full[(slice(1, -1),) * full.ndim]
