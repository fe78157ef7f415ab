"""The era of what is converted: the one that is asked for, that of data sets, or that of the runs."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from caloscope import dataset
from caloscope.errors import UsageError
from caloscope.geometry import era_of_run


def told_era(path: Path) -> dict[str, str]:
    """What a source says of its era, for its note: a data set does, whatever the numbers of its runs."""
    if not dataset.is_data_set(path):
        return {}
    with dataset.open_data_set(path) as found:
        return {"era": found.era}


def eras_of(notes: Iterable[Mapping[str, Any]], runs: Collection[int] | None = None) -> set[str]:
    """The eras of the runs of some sources, by their notes; of all their runs, or of those that are named."""
    found = set()
    for note in notes:
        mine = [run for run in note["runs"] if runs is None or run in runs]
        found |= {str(note["era"])} if mine and "era" in note else {era_of_run(run) for run in mine}
    return found


def one_era(asked: str | None, eras: Collection[str]) -> str:
    """The era of all; raises `UsageError` where there are several: geometries differ."""
    if asked is not None:
        return asked
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one: choose with --runs or --era")
    return next(iter(eras))
