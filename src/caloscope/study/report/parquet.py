"""Tables as parquet; importing this raises `UsageError` where pyarrow (extra `parquet`) is not installed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from caloscope.errors import UsageError

try:
    import pyarrow as pa
    from pyarrow import parquet
except ImportError as error:  # the rest of a report does without
    raise UsageError(
        "parquet needs pyarrow, which is not installed: pip install 'caloscope[parquet]'"
    ) from error


def write_parquet(path: Path, columns: Mapping[str, Sequence[str | int | float]]) -> None:
    """One table; a column is of the kind of its values (text where there are none)."""
    arrays = [pa.array(values) if values else pa.array([], pa.string()) for values in columns.values()]
    parquet.write_table(pa.Table.from_arrays(arrays, names=list(columns)), path)
