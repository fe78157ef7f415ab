"""A process that writes shards or data sets without end: `shard|data FOLDER`; says so after each."""

import sys
from collections.abc import Iterator
from pathlib import Path

from caloscope.dataset import Row, ShardWriter, write
from caloscope.records import Lumisection, MapRecord
from tests.dataset.making import RUN, counts, info

ROWS = 60
SHAPE = (40, 50)
MAP = "V/digi"


def record(lumi: int) -> MapRecord:
    """What stands in a lumisection, whoever writes it."""
    return MapRecord(counts(SHAPE, lumi), lumi)


def _rows(records: list[MapRecord]) -> Iterator[Row]:
    for lumi, each in enumerate(records, start=1):
        yield Row(RUN, lumi, None, {MAP: each})


def main() -> None:
    """Write until killed."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    records = [record(lumi) for lumi in range(1, ROWS + 1)]
    while True:
        if what == "shard":
            with ShardWriter(folder / "a.h5") as shard:
                for lumi, each in enumerate(records, start=1):
                    shard.add(Lumisection("l", RUN, lumi, {MAP: each}), 0)
                shard.close({})
        else:
            maps = [info(MAP, SHAPE)]
            write(folder / "a.h5", _rows(records), ROWS, maps, label="l", era="2018", provenance={})
        print("written", flush=True)


if __name__ == "__main__":
    main()
