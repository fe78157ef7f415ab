"""Files of trees for tests, written by real ROOT in a process of its own."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .root_process import RootProcess

COMPRESSIONS = {"none": 0, "zlib": 101, "lzma": 201, "lz4": 404, "zstd": 505}
DTYPES = {"S": "i2", "I": "i4", "F": "f4", "D": "f8"}
BINS = ((6, -3.0, 3.0), (4, 0.0, 8.0), (3, 0.5, 3.5))


class Root(RootProcess):
    """A process that writes files; a context manager."""

    script = "root_trees.py"

    def write(
        self, path: Path, what: str, arrays: dict[str, NDArray[Any]] | None = None, **told: Any
    ) -> Path:
        """Writes a file and returns its path."""
        if arrays:
            np.savez(path.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]
            told["arrays"] = str(path.with_suffix(".npz"))
        told = {"compression": COMPRESSIONS["zlib"], **told, "what": what, "path": str(path)}
        assert self.ask(told) == "done\n"
        return path


def element(path: str, classname: str, array: str, **more: Any) -> dict[str, Any]:
    """A histogram of a monitor element, in the tree of its class, with the array of that name."""
    dimensions = int(classname[2])
    given = {"axes": BINS[:dimensions], "name": path.rsplit("/", 1)[-1], **more}
    return {"tree": f"{classname}s", "path": path, "class": classname, "array": array, **given}


def cells(dimensions: int) -> tuple[int, ...]:
    """The shape of a histogram's array with its overflows."""
    return tuple(bins + 2 for bins, _, _ in reversed(BINS[:dimensions]))


def random_array(classname: str, seed: int) -> NDArray[Any]:
    """Contents of a histogram, overflows included."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 30_000, cells(int(classname[2]))).astype(DTYPES[classname[3]])


def inside(array: NDArray[Any]) -> NDArray[Any]:
    """An array without its overflows."""
    return array[(slice(1, -1),) * array.ndim]
