"""Which results still have their arrays, after retention deleted others."""

from sqlalchemy import select

from caloscope.records import ResultKey
from caloscope.store.schema import arrays, results, series
from caloscope.store.transactions import Opened


class Pictured(Opened):
    """The part of a reader that finds arrays. Every method raises `StoreError` when it cannot be read."""

    def pictured(self, key: ResultKey) -> tuple[int | None, int | None]:
        """The nearest lumisections of the same run, before and after one, whose arrays are kept.

        None where there is none on that side; the one asked for is on neither.
        """
        joined = arrays.join(results).join(series, results.c.series == series.c.id)
        query = select(results.c.lumi).select_from(joined).limit(1)
        query = query.where(
            series.c.label == key.label, series.c.map == key.map, series.c.bundle == key.bundle
        )
        query = query.where(results.c.run == int(key.run))
        before = query.where(results.c.lumi < int(key.lumi)).order_by(results.c.lumi.desc())
        after = query.where(results.c.lumi > int(key.lumi)).order_by(results.c.lumi)
        with self._read() as connection:
            return connection.scalar(before), connection.scalar(after)
