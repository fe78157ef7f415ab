"""Readers: from a file of the experiment's data-quality monitoring to lumisections. One format a module."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from caloscope.config.catalogue import MapSpec
from caloscope.geometry import View
from caloscope.readers.recognise import Container, complete, recognise
from caloscope.records import Lumisection

__all__ = ["complete", "read"]


def read(
    path: Path,
    maps: Collection[MapSpec],
    *,
    label: str,
    era: str | None = None,
    run: int | None = None,
    views: Callable[[str, str], View],
) -> Iterator[Lumisection]:
    """The lumisections of a file, ascending; its format is recognised from its content.

    Of the maps asked for, those that are there come as counts `([depth,] y, x)` with events and pileup (None
    where unknown); those that are not, though a folder of their producer is, are named in `missing`. `label`
    is the primary dataset or stream. `era` is the one of the run where it is not given. `run` is for files
    that do not say theirs. `views` gives the view for a name and an era. What had to be assumed stands in
    each lumisection.

    Raises `SourceError` while it is read: the file is unusable as a whole, and what was yielded before it is
    all that can be had.
    """
    path = Path(path)
    if recognise(path) is Container.ROOT:
        from caloscope.readers.dqm_root import read_dqm_root as reader
    else:
        from caloscope.readers.ml4dqm import read_ml4dqm as reader
    yield from reader(path, maps, label=label, era=era, run=run, views=views)
