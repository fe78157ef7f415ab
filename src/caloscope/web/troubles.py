"""Files that could not be used, for the page: what is tried again, and what was given up."""

from collections.abc import Sequence
from pathlib import PurePath

from pydantic import BaseModel, Field

from caloscope.store import FileRow, FileStatus, Store

MOST = 100
"""Files that are listed; the counts speak of all."""

TROUBLED: Sequence[FileStatus] = ("WAITING", "QUARANTINED", "PARTIAL")
"""In the order in which somebody may have to act."""


class TroubledFile(BaseModel):
    """A source file that could not be used, or not all of it, and why."""

    name: str
    path: str
    status: FileStatus
    fault: str | None
    detail: str = Field(description="what was found and expected, without the file's name and the fault")
    size: int
    attempts: int = Field(description="how often it was tried")
    next_try: float | None = Field(description="when it is tried again, seconds since 1970, UTC")
    noted_at: float | None


class Files(BaseModel):
    """The ledger of source files at a glance."""

    counts: dict[FileStatus, int] = Field(description="files by status; what no file has is left out")
    files: list[TroubledFile] = Field(description="waiting ones first, then the newest; not all of very many")
    now: float = Field(description="this server's clock, seconds since 1970, UTC")


def troubled(store: Store) -> list[TroubledFile]:
    """The files in trouble: those that are tried again, then quarantined ones, then those read in part."""
    found: list[TroubledFile] = []
    for status in TROUBLED:
        rows = sorted(store.files(status), key=lambda row: row.noted_at or 0.0, reverse=True)
        found += [shaped(row) for row in rows[: MOST - len(found)]]
    return found


def shaped(row: FileRow) -> TroubledFile:
    """A file as JSON."""
    # An error says all of it in one line; here name and fault stand beside.
    detail = row.detail.removeprefix(f"{row.path}: ").removeprefix(f"{row.fault}: ")
    return TroubledFile(
        name=PurePath(row.path).name,
        path=row.path,
        status=row.status,
        fault=row.fault,
        detail=detail,
        size=row.size,
        attempts=row.attempts,
        next_try=row.next_try,
        noted_at=row.noted_at,
    )
