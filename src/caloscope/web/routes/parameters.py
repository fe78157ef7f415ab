"""What may stand in a query, checked before any route sees it."""

from typing import Annotated

from fastapi import HTTPException, Path, Query

from caloscope.records import LumiId
from caloscope.web.source import Source

LARGEST = 2**31 - 1

Label = Annotated[
    str | None, Query(max_length=200, description="primary dataset or stream; default: the newest")
]
Run = Annotated[int | None, Query(ge=0, le=LARGEST, description="default: the newest of the label")]
Lumi = Annotated[int | None, Query(ge=0, le=LARGEST, description="default: the newest of the run")]
AtRun = Annotated[
    int | None, Query(ge=0, le=LARGEST, description="run of the lumisection to speak of; default: today")
]
AtLumi = Annotated[int | None, Query(ge=0, le=LARGEST, description="its number; goes with `at_run`")]
Bundle = Annotated[str | None, Query(max_length=200, description="hash of a bundle; default: the first")]
Depth = Annotated[int | None, Query(ge=0, le=100, description="physical depth; default: the worst of all")]
Commissioning = Annotated[
    bool, Query(description="also what bundles in commissioning say; no verdict depends on it")
]
MapName = Annotated[str | None, Query(max_length=200, description="name or slug of a map")]
Slug = Annotated[str, Path(max_length=200, description="slug of a map, as EB-digi")]


def label_or_newest(source: Source, label: str | None) -> str | None:
    """The label asked for, else that of the newest lumisection; None in an empty store, 404 if unknown."""
    store = source.store
    if label is None:
        newest = store.latest()
        return newest[0] if newest else None
    if label not in store.labels():
        raise HTTPException(404, f"no label {label!r} in this store")
    return label


def lumi_or_none(run: int | None, lumi: int | None) -> LumiId | None:
    """The lumisection asked for, None where none is; 422 where one half of it is missing."""
    if run is None and lumi is None:
        return None
    if run is None or lumi is None:
        raise HTTPException(422, "found one of at_run and at_lumi, expected both or none")
    return LumiId(run, lumi)


def run_or_newest(source: Source, label: str, run: int | None) -> int:
    """The run asked for, else the newest of the label; 404 if it is not there."""
    if run is None:
        newest = source.store.latest(label)
        if newest is None:
            raise HTTPException(404, f"no run for label {label!r}")
        return newest[1]
    if run not in source.store.runs(label):
        raise HTTPException(404, f"no run {run} for label {label!r}")
    return run
