"""ROOT files of histograms in any folders, without the tree that DQM files have."""

import re
from collections.abc import Iterator
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.runs import MAX_RUN, open_root
from caloscope.readers.folders.shelf import FolderShelf
from caloscope.readers.folders.time import find_lumi, find_start
from caloscope.readers.folders.tree import Folders
from caloscope.readers.shelf import Place, Shelf

_RUNS = (r"_R(\d{9})(?!\d)", r"(?i:run)[_-]?(\d{5,7})(?!\d)")
_FIRST_LUMI = 1


def shelves(path: Path, run: int | None = None) -> Iterator[Shelf]:
    """The one lumisection of a file of histograms; a path is that of the folders in it.

    The run is the one asked for, else the one in the file's name. The lumisection is the one that a scalar
    `<folder>/EventInfo/iLumiSection` or the file's name gives, else 1. Raises `SourceError`: UNKNOWN_FORMAT
    where there is no histogram, NO_LUMISECTION where nobody says the run.
    """
    with open_root(path) as file:
        top = file.top
        folders = Folders(path, file, top, None, frozenset(top.folders))
        if next(iter(folders.names()), None) is None:
            names = sorted({*top.folders, *top.objects})[:3]
            found, expected = f"a ROOT file that holds {names!r:.100}", "histograms"
            raise SourceError(path, Fault.UNKNOWN_FORMAT, found, expected)
        number, about_run = _find_run(path, run)
        lumi, about_lumi = find_lumi(folders, assumed=_FIRST_LUMI)
        place = Place(
            run=number,
            lumi=lumi,
            began_at=find_start(folders, lumi),
            assumptions=(*about_lumi, *about_run),
        )
        yield FolderShelf(place, folders)


def _find_run(path: Path, asked: int | None) -> tuple[int, list[str]]:
    """The run, and what had to be assumed for it."""
    named = run_in_name(path.name)
    if asked is not None:
        contradicted = named not in (None, asked)
        return asked, [f"run {asked} as asked for, not {named} as the file name says"] if contradicted else []
    if named is None:
        expected = "a run given, or a number as in _R000355456 or run355456 in the file name"
        raise SourceError(path, Fault.NO_LUMISECTION, "no run number", expected)
    return named, [f"run {named} taken from the file name"]


def run_in_name(name: str) -> int | None:
    """The run in a name such as `..._R000355456_L000000012.root` or `hcal_run355456.root`."""
    for pattern in _RUNS:
        matches = re.findall(pattern, name)
        if matches and 0 < int(matches[-1]) <= MAX_RUN:
            return int(matches[-1])
    return None
