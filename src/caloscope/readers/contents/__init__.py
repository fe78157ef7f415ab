"""What a file holds: its lumisections, its histograms with their binning, and which maps these feed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.geometry import View, view
from caloscope.readers.contents.maps import Feed, feeds
from caloscope.readers.contents.survey import Entry, Limits, RunLumis, Survey
from caloscope.readers.formats import Format, format_of, open_shelves
from caloscope.readers.shelf import Shelf

if TYPE_CHECKING:
    from caloscope.readers.contents.arrays import Arrays

__all__ = ["Contents", "Entry", "Feed", "Limits", "RunLumis", "contents", "contents_of"]

_SOME_RUN = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds, as far as it was looked at.

    `format` is the kind of file; `size` is in bytes. `runs` are ascending. The names of `looked_at` of the
    `lumis` lumisections were read, and an `Entry` says in how many of these it is; `more` further names were
    not kept. `spans` are the smallest and largest number of lumisections that a record covers; `grows` and
    `partial` as in `Place`, of any lumisection. `tops` are the top folders. `scalars` are paths and texts of
    the first lumisection. `maps` has each map of the catalogue whose producer has a folder in the file (each
    map, where the format has no folders), and how the file feeds it. `simulated`: the file says that it is.
    """

    path: str
    format: str
    size: int
    lumis: int
    looked_at: int
    runs: tuple[RunLumis, ...]
    spans: tuple[int, int]
    grows: bool
    partial: bool
    tops: tuple[str, ...]
    entries: tuple[Entry, ...]
    more: int
    scalars: tuple[tuple[str, str], ...]
    maps: tuple[Feed, ...]
    assumptions: tuple[str, ...]
    simulated: bool = False


def contents(
    path: Path,
    *,
    run: int | None = None,
    catalogue: Mapping[str, MapSpec] | None = None,
    views: Callable[[str, str], View] = view,
    era: str | None = None,
    limits: Limits | None = None,
) -> Contents:
    """What a file of histograms holds. `run` is for files that do not say theirs; the content wins.

    Where nobody tells the run, `runs` is empty.

    `catalogue` and `views` are those of CMS where they are not given, `era` is that of the first run. Memory
    and time are bounded by `limits`. Raises `SourceError` for a file that is damaged or not known as a whole,
    `UsageError` for a data set, which says more of itself.
    """
    path = Path(path)
    known = load() if catalogue is None else catalogue
    limits = limits or Limits()
    found = format_of(path)
    source = (str(path), found.value, path.stat().st_size)
    if found is Format.ML4DQM:
        from caloscope.readers.contents.arrays import survey_arrays

        return _of_arrays(source, survey_arrays(path, run, known, views, era, limits))
    if not found.has_histograms:
        raise UsageError(f"{path}: found a {found.value}, expected a file of histograms")

    def of_run(number: int | None) -> Contents:
        shelves = open_shelves(found, path, number)
        return contents_of(shelves, source=source, catalogue=known, views=views, era=era, limits=limits)

    try:
        return of_run(run)
    except SourceError as error:
        if run is not None or error.fault is not Fault.NO_LUMISECTION:
            raise
    # Histograms can be looked at without knowing of which run they are.
    untold = of_run(_SOME_RUN)
    kept = tuple(text for text in untold.assumptions if text != f"run {_SOME_RUN} as asked for")
    return replace(untold, runs=(), assumptions=kept)


def _of_arrays(source: tuple[str, str, int], arrays: "Arrays") -> Contents:
    path, form, size = source
    return Contents(
        path=path,
        format=form,
        size=size,
        lumis=arrays.lumis,
        looked_at=arrays.lumis,
        runs=arrays.runs,
        spans=(1, 1),
        grows=False,
        partial=False,
        tops=(),
        entries=arrays.entries,
        more=0,
        scalars=(),
        maps=arrays.maps,
        assumptions=arrays.assumptions,
    )


def contents_of(
    shelves: Iterable[Shelf],
    *,
    source: tuple[str, str, int],
    catalogue: Mapping[str, MapSpec],
    views: Callable[[str, str], View] = view,
    era: str | None = None,
    limits: Limits | None = None,
) -> Contents:
    """What shelves hold; `source` is the path, the format and the size in bytes of what they come from."""
    survey = Survey(limits or Limits(), catalogue)
    for shelf in shelves:
        survey.add(shelf)
    path, form, size = source
    return Contents(
        path=path,
        format=form,
        size=size,
        lumis=survey.lumis,
        looked_at=survey.looked_at,
        runs=survey.runs(),
        spans=survey.spans,
        grows=survey.grows,
        partial=survey.partial,
        tops=tuple(sorted(survey.tops)),
        entries=survey.entries(),
        more=survey.more,
        scalars=tuple(survey.scalars.items()),
        maps=feeds(catalogue, views, survey, era),
        assumptions=tuple(survey.assumptions),
        simulated=survey.simulated,
    )
