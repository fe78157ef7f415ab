"""The formats of files, what each is called, and which module reads it."""

from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Protocol

from caloscope.readers.recognise import Container, recognise
from caloscope.readers.shelf import Shelf


class Format(Enum):
    """The formats, by the words for them."""

    DQM_ROOT = "DQM ROOT"
    DQMIO = "DQMIO"
    TREE = "tree of histograms"
    LOOSE = "ROOT histograms"
    DATA_SET = "data set"
    ML4DQM = "ML4DQM HDF5"
    DIALS_PARQUET = "DIALS parquet"
    DIALS_JSON = "DIALS JSON"
    LEGACY_CSV = "legacy CSV"

    @property
    def has_histograms(self) -> bool:
        """Whether its files hold histograms by name, not arrays."""
        return self in _MODULES


class _Reader(Protocol):
    """A module of a format of histograms."""

    def shelves(self, path: Path, run: int | None = None) -> Iterator[Shelf]: ...


# Modules are loaded when the first file of their format comes.
_MODULES = {
    Format.DQM_ROOT: "folders.dqm_root",
    Format.DQMIO: "trees.dqmio",
    Format.TREE: "trees.plain_trees",
    Format.LOOSE: "folders.loose",
    Format.DIALS_PARQUET: "tables.dials_parquet",
    Format.DIALS_JSON: "tables.dials_json",
    Format.LEGACY_CSV: "tables.legacy_csv",
}
_BY_ROOT_KIND = {
    "dqm": Format.DQM_ROOT,
    "dqmio": Format.DQMIO,
    "trees": Format.TREE,
    "loose": Format.LOOSE,
}
_BY_CONTAINER = {
    Container.PARQUET: Format.DIALS_PARQUET,
    Container.JSON: Format.DIALS_JSON,
    Container.CSV: Format.LEGACY_CSV,
}


def format_of(path: Path) -> Format:
    """The format of a file, from its content; raises `SourceError` where it is none that is known."""
    container = recognise(path)
    if container is Container.ROOT:
        from caloscope.readers.folders.kind import kind

        return _BY_ROOT_KIND[kind(path)]
    if container is Container.HDF5:
        from caloscope.dataset import is_data_set

        return Format.DATA_SET if is_data_set(path) else Format.ML4DQM
    return _BY_CONTAINER[container]


def open_shelves(found: Format, path: Path, run: int | None) -> Iterator[Shelf]:
    """The histograms of a file of a format that `has_histograms`, lumisection by lumisection."""
    reader: _Reader = import_module(f"caloscope.readers.{_MODULES[found]}")
    return reader.shelves(path, run)
