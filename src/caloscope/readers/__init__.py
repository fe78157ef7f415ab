"""Readers: from a file of the experiment's data-quality monitoring to lumisections. One format a module."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from caloscope.config.catalogue import MapSpec
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.readers.formats import Format, format_of, open_shelves
from caloscope.readers.recognise import complete
from caloscope.readers.shelf import Shelf
from caloscope.readers.wanted import Wanted
from caloscope.records import Lumisection

__all__ = ["complete", "kind", "read", "shelves"]


def read(
    path: Path,
    maps: Collection[MapSpec],
    *,
    label: str,
    era: str | None = None,
    run: int | None = None,
    views: Callable[[str, str], View],
    as_float: bool = False,
    conditions: bool = False,
) -> Iterator[Lumisection]:
    """The lumisections of a file, ascending; its format is recognised from its content.

    Of the maps asked for, those that are there come as counts `([depth,] y, x)` with events and pileup (None
    where unknown); those that are not, though a folder of their producer is, are named in `missing`. `label`
    is the primary dataset or stream. `era` is the one of the run where it is not given. `run` is for files
    that do not say theirs. `views` gives the view for a name and an era. `as_float` takes real numbers. With
    `conditions` what is told of them comes too, with maps or without. What had to be assumed stands in each
    lumisection.

    Raises `SourceError` while it is read: the file is unusable as a whole, and what was yielded before it is
    all that can be had.
    """
    path = Path(path)
    wanted = Wanted(maps, label, views, era, run, as_float, conditions)
    found = format_of(path)
    if found is Format.DATA_SET:
        from caloscope.readers.arrays.data_set import read_data_set

        yield from read_data_set(path, wanted)
    elif found is Format.ML4DQM:
        from caloscope.readers.arrays.ml4dqm import read_ml4dqm

        yield from read_ml4dqm(path, wanted)
    else:
        from caloscope.readers.maps.assemble import lumisections

        yield from lumisections(open_shelves(found, path, run), wanted, path)


def shelves(path: Path, run: int | None = None) -> Iterator[Shelf]:
    """The histograms of a file by lumisection, ascending; each is valid until the next is asked for.

    `run` is for files that do not say theirs. Raises `SourceError`, and `UsageError` for a file of arrays,
    which holds no histograms.
    """
    path = Path(path)
    found = format_of(path)
    if not found.has_histograms:
        raise UsageError(f"{path}: found {found.value}, expected a file of histograms")
    yield from open_shelves(found, path, run)


def kind(path: Path) -> str:
    """What the format of a file is called; raises `SourceError` as `read` does."""
    return format_of(Path(path)).value
