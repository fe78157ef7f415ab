"""Which kind of file an HDF5 file of ours is."""

from typing import Any

import numpy as np

from caloscope.dataset.guard import Hdf5Folder
from caloscope.dataset.texts import as_text, write_texts
from caloscope.errors import Fault, SourceError


def write_schema(file: Any, schema: str, version: int) -> None:
    """Say so of a file."""
    file.attrs["schema_version"] = np.int64(version)
    write_texts(file, {"schema": schema})


def require_schema(file: Hdf5Folder, schema: str, version: int) -> None:
    """Raises `SourceError` UNKNOWN_FORMAT unless the file says that it is of that schema and version."""
    name, number = as_text(file.attribute("schema")), file.attribute("schema_version")
    if name != schema:
        found = f"schema {name!r:.60}" if name is not None else "an HDF5 file without a schema"
        raise SourceError(file.path, Fault.UNKNOWN_FORMAT, found, f"schema {schema!r}")
    if np.ndim(number) or not isinstance(number, (int, np.integer)) or number != version:
        found = f"version {number!r:.20} of {schema}"
        raise SourceError(file.path, Fault.UNKNOWN_FORMAT, found, f"version {version}")
