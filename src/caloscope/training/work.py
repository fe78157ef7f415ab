"""Where training keeps what it has come to, beside the bundle that it is for."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from caloscope import __version__
from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.training.recipe import Recipe
from caloscope.training.streamed import ids_of

SAMPLED: Final = 16
"""Lumisections, evenly taken, whose counts tell whether the data are still the same."""

LIMITS: Final = ("minutes", "epochs")
"""Of a recipe: how long training goes on, which does not change what was done."""


def fingerprint(given: Sequence[Given], spec: MapSpec, on: View, detector: str, recipe: Recipe) -> str:
    """What the work depends on: another recipe, other lumisections or other counts in them begin anew."""
    told = sorted((name, value) for name, value in recipe.told().items() if name not in LIMITS)
    ids = ids_of(given)
    parts = (detector, spec.name, on.version, __version__, told, ids)
    found = sha256(repr(parts).encode())
    for place in np.unique(np.linspace(0, len(ids) - 1, SAMPLED).round().astype(int)).tolist():
        record = given[place].record
        if record is not None:
            found.update(repr((record.events, record.pileup)).encode() + record.counts.tobytes())
    return found.hexdigest()[:16]


def work_folder(folder: Path, mark: str) -> Path:
    """Where the work is kept until the bundle is written; emptied where it belongs to other work.

    Raises `UsageError` where it cannot be made.
    """
    work = folder.parent / f".{folder.name}.training"
    said = work / "fingerprint"
    try:
        if work.exists() and not (said.is_file() and said.read_bytes() == mark.encode()):
            shutil.rmtree(work)
        work.mkdir(parents=True, exist_ok=True)
        said.write_bytes(mark.encode())
    except OSError as error:
        told = f"{work}: cannot be written ({error.strerror}), expected a folder for what training keeps"
        raise UsageError(told) from error
    return work
