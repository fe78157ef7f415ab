"""All rows of all shards, in order of time."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from caloscope import dataset
from caloscope.dataset import Shard, ShardRow
from caloscope.records import LumiId

_MOST_OPEN = 16


class Index:
    """Where the rows of each lumisection are; a context manager.

    Four numbers a row are kept, and few shards are open at a time, so that years of data need little memory.
    """

    def __init__(self, shards: Sequence[Path]) -> None:
        self._paths = list(shards)
        self._open: OrderedDict[int, tuple[ExitStack, Shard]] = OrderedDict()
        self._places = _places(self._paths)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for stack, _ in self._open.values():
            stack.close()
        self._open.clear()

    def __iter__(self) -> Iterator[tuple[LumiId, list[ShardRow]]]:
        """Each lumisection, ascending, with all its rows in the order of their sources.

        Rows are to be used before the next lumisection is asked for: their shard may be closed then.
        """
        for (run, lumi), places in groupby(self._places, key=lambda place: (int(place[0]), int(place[1]))):
            yield LumiId(run, lumi), [self._row(int(shard), int(row)) for _, _, shard, row in places]

    def _row(self, shard: int, row: int) -> ShardRow:
        if shard not in self._open:
            stack = ExitStack()
            self._open[shard] = (stack, stack.enter_context(dataset.open_shard(self._paths[shard])))
        self._open.move_to_end(shard)
        return self._open[shard][1].rows[row]

    def trim(self) -> None:
        """Closes the shards that were not used lately; to be called between lumisections."""
        while len(self._open) > _MOST_OPEN:
            _, (stack, _) = self._open.popitem(last=False)
            stack.close()


def _places(paths: Sequence[Path]) -> NDArray[np.int64]:
    """Run, lumisection, shard and row of every row, ascending."""
    found = []
    for number, path in enumerate(paths):
        with dataset.open_shard(path) as shard:
            ids = [(run, lumi, number, place) for place, (run, lumi) in enumerate(shard.ids())]
        found.append(np.array(ids, np.int64).reshape(-1, 4))
    every = np.concatenate([np.empty((0, 4), np.int64), *found])
    order: NDArray[np.int64] = every[np.lexsort(every.T[::-1])]
    return order
