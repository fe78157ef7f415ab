"""Source files: how many there are of each kind, and which could not be used."""

import time

from fastapi import APIRouter

from caloscope.web.source import Opened
from caloscope.web.troubles import Files, TroubledFile, shaped, troubled

router = APIRouter()


@router.get("/api/files")
def files(source: Opened) -> Files:
    """How many files have each status, and those that could not be used: what is tried again comes first."""
    store = source.store
    counts = store.count_files()
    return Files(counts=counts, files=troubled(store), now=time.time())


@router.get("/api/quarantine")
def quarantine(source: Opened) -> list[TroubledFile]:
    """Files in quarantine, the newest first."""
    rows = source.store.files("QUARANTINED")
    return [shaped(row) for row in sorted(rows, key=lambda row: row.noted_at or 0.0, reverse=True)]
