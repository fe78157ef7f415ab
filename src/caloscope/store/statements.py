"""Statements that are made once, when a module is loaded: to make one takes longer than to run it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, Update, and_, bindparam, update

from caloscope.store.columns import Values


def update_by(table: Table, key: Collection[str]) -> Update:
    """The statement that changes a row found by its key, all columns beside it; see `bound`."""
    same = and_(*(table.c[name] == bindparam(f"which_{name}") for name in key))
    others = (column.name for column in table.c if column.name not in key)
    return update(table).where(same).values({name: bindparam(f"new_{name}") for name in others})


def bound(values: Values, key: Collection[str]) -> dict[str, Any]:
    """Columns of a row as the parameters of `update_by`."""
    return {f"{'which' if name in key else 'new'}_{name}": value for name, value in values.items()}
