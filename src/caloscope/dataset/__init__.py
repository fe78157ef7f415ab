"""The data set, an HDF5 file of counts per lumisection, and the shards from which a conversion makes it.

`write` and `open_data_set` are for data sets, `ShardWriter` and `open_shard` for shards; `guard` opens HDF5
files of others. The format is in `docs/data-set.md`.
"""

from caloscope.dataset.contents import Kind
from caloscope.dataset.guard import opens
from caloscope.dataset.maps import MapInfo, is_name
from caloscope.dataset.of_view import map_info
from caloscope.dataset.reading import DataSet, is_data_set, open_data_set
from caloscope.dataset.shard import Shard, open_shard
from caloscope.dataset.shards import ShardWriter
from caloscope.dataset.stored import ShardRow, Stored
from caloscope.dataset.writing import SCHEMA, VERSION, Row, write

__all__ = [
    "SCHEMA",
    "VERSION",
    "DataSet",
    "Kind",
    "MapInfo",
    "Row",
    "Shard",
    "ShardRow",
    "ShardWriter",
    "Stored",
    "is_data_set",
    "is_name",
    "map_info",
    "open_data_set",
    "open_shard",
    "opens",
    "write",
]
