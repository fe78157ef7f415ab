"""Luminosity and pileup by lumisection, in columns: a year of them takes some 20 MB."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.records import LumiId


class BrilLumi(NamedTuple):
    """What brilcalc says of one lumisection.

    `pileup` is the mean number of interactions in a crossing, None where it is not known. `delivered` and
    `recorded` are in `unit`, as the file has them (`/ub`, `hz/ub` ...), NaN where the file has no such
    column; `recorded` is 0 where CMS took no data. `began_at` is seconds since 1970, UTC, None where unknown.
    """

    pileup: float | None
    delivered: float
    recorded: float
    unit: str
    began_at: float | None


@dataclass(frozen=True, eq=False)
class Luminosity(Mapping[LumiId, BrilLumi]):
    """A mapping of lumisections; the columns have one row for each, ascending in `ids`.

    `ids` is run * 2^32 + lumi. NaN stands for what is not known.
    """

    ids: NDArray[np.uint64]
    pileup: NDArray[np.float64]
    delivered: NDArray[np.float64]
    recorded: NDArray[np.float64]
    began_at: NDArray[np.float64]
    unit: str

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[LumiId]:
        for key in self.ids.tolist():
            yield LumiId(key >> 32, key & 0xFFFFFFFF)

    def __getitem__(self, lumisection: LumiId) -> BrilLumi:
        row = self._row(lumisection)
        if row is None:
            raise KeyError(lumisection)
        return BrilLumi(
            _known(self.pileup[row]),
            float(self.delivered[row]),
            float(self.recorded[row]),
            self.unit,
            _known(self.began_at[row]),
        )

    def _row(self, lumisection: object) -> int | None:
        match lumisection:
            case (int(run), int(lumi)) if 0 <= run < 2**32 and 0 <= lumi < 2**32:
                wanted = np.uint64(run << 32 | lumi)
            case _:
                return None
        row = int(np.searchsorted(self.ids, wanted))
        return row if row < len(self.ids) and self.ids[row] == wanted else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
