"""What reads verdicts from the store: results, their arrays and incidents."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from caloscope.records import Incident, Quality, Reason, ResultKey
from caloscope.store import schema
from caloscope.store.arrays import Arrays, unpack
from caloscope.store.choosing import chosen, speaking
from caloscope.store.columns import RESULT, incident_row, result_row
from caloscope.store.rows import ResultRow
from caloscope.store.schema import results, series
from caloscope.store.transactions import Opened


class Reading(Opened):
    """The half of a store that any number of processes may use, also while another one writes.

    Every method raises `StoreError` when the store cannot be read.
    """

    def labels(self) -> list[str]:
        """Labels (primary datasets or streams) with results, in alphabetical order."""
        with self._read() as connection:
            return sorted({row.label for row in _series(connection, None) if _newest(connection, row.id)})

    def runs(self, label: str) -> list[int]:
        """Runs of a label with results, ascending."""
        with self._read() as connection:
            found = (connection.scalars(_runs_of(row.id)) for row in _series(connection, label))
            return sorted({run for runs in found for run in runs})

    def latest(self, label: str | None = None) -> tuple[str, int, int] | None:
        """Label, run and lumi of the newest lumisection on record (the largest run, then lumi), if any.

        An UNKNOWN result counts: it is what is known of that lumisection.
        """
        with self._read() as connection:
            newest = [(_newest(connection, row.id), row.label) for row in _series(connection, label)]
        places = [(*place, name) for place, name in newest if place is not None]
        if not places:
            return None
        run, lumi, name = max(places)
        return name, run, lumi

    def results(
        self,
        label: str,
        run: int,
        *,
        map: str | None = None,  # noqa: A002 - the field's word
        bundle: str | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> list[ResultRow]:
        """Results of a run without their arrays, by lumi, map and bundle; `first` and `last` are included.

        What is not in the list was not scored: it is UNKNOWN.
        """
        query = _results().where(series.c.label == label, results.c.run == run)
        query = query.where(*chosen(map=map, bundle=bundle))
        if first is not None:
            query = query.where(results.c.lumi >= first)
        if last is not None:
            query = query.where(results.c.lumi <= last)
        with self._read() as connection:
            found = connection.execute(query.order_by(results.c.lumi, series.c.map, series.c.bundle))
            return [result_row(row) for row in found]

    def covered(self, label: str, run: int) -> dict[str, list[tuple[int, int]]]:
        """By map, the first and last lumisection that each result of a run is of."""
        query = select(series.c.map, results.c.lumi, results.c.span).join(series)
        found: dict[str, list[tuple[int, int]]] = {}
        with self._read() as connection:
            for row in connection.execute(query.where(series.c.label == label, results.c.run == run)):
                found.setdefault(row.map, []).append((row.lumi - row.span + 1, row.lumi))
        return found

    def result(self, key: ResultKey) -> ResultRow | None:
        """One result without its arrays, None where there is none."""
        with self._read() as connection:
            row = connection.execute(_results().where(*_is(key))).one_or_none()
            return None if row is None else result_row(row)

    def contents(
        self,
        label: str,
        run: int,
        map: str,  # noqa: A002 - the field's word
        bundle: str,
    ) -> dict[int, tuple[str, Reason | None]]:
        """Of all results of one map in a run, by lumi: the digest of what was read, and why it is UNKNOWN."""
        query = select(results.c.lumi, results.c.content, results.c.reason).join(series)
        query = query.where(*chosen(label=label, map=map, bundle=bundle), results.c.run == run)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return {row.lumi: (row.content, Reason(row.reason) if row.reason else None) for row in rows}

    def quality(self, key: ResultKey) -> Quality:
        """Quality of one map in one lumisection; UNKNOWN where nobody scored it."""
        found = self.result(key)
        return Quality.UNKNOWN if found is None else found.quality

    def arrays(self, key: ResultKey) -> Arrays:
        """The arrays of a result by name, those that it has; none without a result, or where it was thinned.

        counts, codes, evidence, direction, expected, score, reconstruction, never_alive, in the view's shape;
        evidence and expected (counts) keep 12 mantissa bits.
        """
        joined = schema.arrays.join(results).join(series, results.c.series == series.c.id)
        query = select(schema.arrays.c.blob).select_from(joined).where(*_is(key))
        with self._read() as connection:
            blob = connection.scalar(query)
        return {} if blob is None else unpack(blob)

    def incidents(
        self,
        *,
        label: str | None = None,
        run: int | None = None,
        map: str | None = None,  # noqa: A002 - the field's word
        bundle: str | None = None,
        open_only: bool = False,
        commissioning: bool = True,
    ) -> list[Incident]:
        """Incidents, oldest first; those of a `run` are the ones that were open in a part of it.

        Without `commissioning` those of bundles in commissioning are left out.
        """
        table = schema.incidents
        query = select(table, series.c.label, series.c.map, series.c.bundle).join(series)
        query = query.where(*chosen(label=label, map=map, bundle=bundle), *speaking(commissioning))
        if run is not None:
            still = or_(table.c.closed_run.is_(None), table.c.closed_run >= run)
            query = query.where(table.c.opened_run <= run, still)
        if open_only:
            query = query.where(table.c.closed_run.is_(None))
        order = (table.c.opened_run, table.c.opened_lumi, series.c.map, table.c.id)
        with self._read() as connection:
            return [incident_row(row) for row in connection.execute(query.order_by(*order))]


def _results() -> Select[Any]:
    return select(*RESULT).join(series, results.c.series == series.c.id)


def _is(key: ResultKey) -> tuple[ColumnElement[bool], ...]:
    here = chosen(label=key.label, map=key.map, bundle=key.bundle)
    return (*here, results.c.run == int(key.run), results.c.lumi == int(key.lumi))


def _series(connection: Connection, label: str | None) -> list[Any]:
    return list(connection.execute(select(series.c.id, series.c.label).where(*chosen(label=label))))


def _runs_of(number: int) -> Select[Any]:
    """Runs of one series, newest first: one step down its index for each, however many results there are."""
    own = results.c.series == number
    runs = select(func.max(results.c.run).label("run")).where(own).cte("runs_of", recursive=True)
    before = select(func.max(results.c.run)).where(own, results.c.run < runs.c.run).scalar_subquery()
    runs = runs.union_all(select(before).where(runs.c.run.is_not(None)))
    return select(runs.c.run).where(runs.c.run.is_not(None))


def _newest(connection: Connection, number: int) -> tuple[int, int] | None:
    """Newest place of one series; one step down its index, however many results there are."""
    query = select(results.c.run, results.c.lumi).where(results.c.series == number)
    row = connection.execute(
        query.order_by(results.c.run.desc(), results.c.lumi.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (row.run, row.lumi)
