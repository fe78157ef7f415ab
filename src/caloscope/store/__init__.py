"""The store: every verdict, with what it was made from, in one database.

One process writes, any number read while it writes. SQLite in WAL mode is the default; nothing here is
tied to it but the way a connection is opened.
"""

from types import TracebackType
from typing import Self

from caloscope.store.books import Books
from caloscope.store.claiming import Claiming
from caloscope.store.entries import Entry, Packed, packed
from caloscope.store.flag_reading import FlagReading
from caloscope.store.ledger import Ledger
from caloscope.store.lumis import Lumis
from caloscope.store.pictured import Pictured
from caloscope.store.reading import Reading
from caloscope.store.retention import Retention
from caloscope.store.rows import (
    BundleRow,
    BundleState,
    ChangeRow,
    Checkpoint,
    FileRow,
    FileStatus,
    FlagRow,
    LumiOrigin,
    LumiRow,
    MaskRow,
    ResultRow,
    RunRow,
)
from caloscope.store.writing import Writing

__all__ = [
    "BundleRow",
    "BundleState",
    "ChangeRow",
    "Checkpoint",
    "Entry",
    "FileRow",
    "FileStatus",
    "FlagRow",
    "LumiOrigin",
    "LumiRow",
    "MaskRow",
    "Packed",
    "ResultRow",
    "RunRow",
    "Store",
    "packed",
]


class Store(Reading, FlagReading, Ledger, Lumis, Pictured, Writing, Books, Retention, Claiming):
    """A database of verdicts, opened from a SQLAlchemy URL or the path of an SQLite file; a context manager.

    A writer creates the file (its folder must be there) or the tables of an empty database; `read_only`
    never creates or changes anything. Raises `StoreError`, in one line and without a password, when there
    is no such file, or it is not a store, or one of another schema. Threads may share it.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
