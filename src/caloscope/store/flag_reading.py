"""What reads flags from the store: cells that are flagged, and what masks had to say of them then."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import compress

from sqlalchemy import Connection, select

from caloscope.records import Incident, LumiId, Reason
from caloscope.store.choosing import chosen, speaking
from caloscope.store.columns import AnyRow
from caloscope.store.expanding import Wanted, expanded
from caloscope.store.masked_then import by_cell, masked_then
from caloscope.store.rows import FlagRow
from caloscope.store.schema import flags, masks, results, series
from caloscope.store.transactions import Opened


def _every(_: int) -> bool:
    return True


class FlagReading(Opened):
    """The part of a reader that looks at flags; every method raises `StoreError` as those of `Reading` do."""

    def flags(
        self,
        *,
        label: str | None = None,
        run: int | None = None,
        map: str | None = None,  # noqa: A002 - the field's word
        bundle: str | None = None,
        lumis: Callable[[int], bool] = _every,
        masked: bool = True,
        unknown: bool = False,
        commissioning: bool = True,
    ) -> Iterator[FlagRow]:
        """Flagged cells (codes 0 and 3) of every lumisection that was scored, by label, run, map and lumi.

        Of each run only the lumisections that `lumis` admits; without `masked` code 0 alone. With `unknown`
        also one row for every lumisection of a run in which a map is UNKNOWN: recorded so, or scored by
        nobody between the first and the last one of the run. Bundles of one map follow each other, without
        `commissioning` those in commissioning left out. Where arrays were thinned the evidence is the highest
        that the flag ever had.
        """
        of = (*chosen(label=label, map=map, bundle=bundle), *speaking(commissioning))
        if run is not None:
            of = (*of, results.c.run == run)
        return expanded(self._read, Wanted(of, lumis, masked, unknown))

    def as_then(self, incidents: Sequence[Incident], here: LumiId) -> list[Incident]:
        """Incidents of which `masked` says what it was when a lumisection was judged.

        What an operator masked later does not reach back, and a mask that is gone did hold. One that opened
        later in the run of `here` is as it was when it opened; those without a flag in that run stay as they
        are.
        """
        with self._read() as connection:
            maps = frozenset(connection.scalars(select(masks.c.map).distinct()))
            asked = [each.map in maps and _lasted(each, here) for each in incidents]
            found = _flags_of(connection, list(compress(incidents, asked)), here) if any(asked) else ()
        rows = by_cell(found)
        return [
            replace(each, masked=masked_then(each, rows, here)) if may_differ else each
            for each, may_differ in zip(incidents, asked, strict=True)
        ]


def _lasted(incident: Incident, here: LumiId) -> bool:
    """Whether it may have been seen in the run of `here`; no operator masks what was never alive."""
    over = incident.closed is not None and incident.closed.run < here.run
    return incident.opened.run <= here.run and not over and not incident.standing


def _flags_of(connection: Connection, incidents: Sequence[Incident], here: LumiId) -> Sequence[AnyRow]:
    """Intervals in the run of `here` that may be those of incidents, with their series."""
    opened = [each.opened.lumi if each.opened.run == here.run else 0 for each in incidents]
    query = (
        select(flags, series.c.label, series.c.map, series.c.bundle)
        .join(series)
        .where(series.c.label.in_({each.label for each in incidents}))
        .where(series.c.map.in_({each.map for each in incidents}))
        .where(flags.c.run == here.run, flags.c.last >= min(opened))
        .where(flags.c.first <= max(here.lumi, *opened))
        .where(flags.c.reason != str(Reason.NEVER_ALIVE))
    )
    return connection.execute(query).all()
