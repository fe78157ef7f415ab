"""Files that could not be used, and why."""

from pathlib import PurePath

from fastapi import APIRouter

from caloscope.store import FileRow
from caloscope.web.models import QuarantinedFile
from caloscope.web.source import Opened

router = APIRouter()


@router.get("/api/quarantine")
def quarantine(source: Opened) -> list[QuarantinedFile]:
    """Files in quarantine, the newest first."""
    rows = source.store.files("QUARANTINED")
    return [shaped(row) for row in sorted(rows, key=lambda row: row.noted_at or 0.0, reverse=True)]


def shaped(row: FileRow) -> QuarantinedFile:
    """A file as JSON."""
    return QuarantinedFile(
        name=PurePath(row.path).name,
        path=row.path,
        fault=row.fault,
        detail=row.detail,
        size=row.size,
        noted_at=row.noted_at,
    )
