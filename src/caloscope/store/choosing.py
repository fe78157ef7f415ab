"""Conditions on whose results are wanted."""

from sqlalchemy import ColumnElement, select

from caloscope.store.schema import bundles, series


def chosen(**wanted: str | None) -> tuple[ColumnElement[bool], ...]:
    """Conditions on the columns of a series; None is no condition."""
    return tuple(series.c[name] == value for name, value in wanted.items() if value is not None)


def speaking(commissioning: bool) -> tuple[ColumnElement[bool], ...]:
    """The condition on a series that its bundle is not in commissioning, unless these are wanted too."""
    if commissioning:
        return ()
    silent = select(bundles.c.hash).where(bundles.c.state == "commissioning")
    return (series.c.bundle.not_in(silent),)
