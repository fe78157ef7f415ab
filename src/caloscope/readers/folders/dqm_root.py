"""DQM ROOT files with folders (not DQMIO): one run a file, mostly one lumisection."""

import re
from collections.abc import Iterator
from pathlib import Path

from caloscope.readers.folders.runs import find_run, open_root
from caloscope.readers.folders.shelf import FolderShelf
from caloscope.readers.folders.time import MAX_LUMI, covers_run, find_lumi, find_start
from caloscope.readers.folders.tree import Folders
from caloscope.readers.root.rootfile import Directory, RootFile
from caloscope.readers.shelf import Place, Shelf

_RUN_SUMMARY = "Run summary"
_BY_LUMI = re.compile(r"By Lumi Section (\d{1,10})-(\d{1,10})")


def shelves(path: Path, run: int | None = None) -> Iterator[Shelf]:
    """The lumisections of a DQM file, ascending; a shelf is valid until the next is asked for.

    `Run summary` is one of them, with the number that its scalars or the file's name give, unless there are
    folders `By Lumi Section A-B`: then each of these is one. The run is the folder's, also where another
    `run` was asked for. Raises `SourceError`.
    """
    with open_root(path) as file:
        number, root = find_run(path, file)
        other = run not in (None, number)
        assumed = [f"run {number} as the content says, not {run} as asked for"] if other else []
        summary = Folders(path, file, root, _RUN_SUMMARY, frozenset(root.folders))
        ranges, left_out = _ranges(file, root)
        if not ranges:
            yield _of_summary(summary, number, assumed)
        for lumi in sorted(ranges):
            first, tops = ranges[lumi]
            between = f"By Lumi Section {first}-{lumi}"
            folders = Folders(path, file, root, between, tops)
            place = Place(
                run=number,
                lumi=lumi,
                span=lumi - first + 1,
                began_at=find_start(folders, first, summary),
                assumptions=(*left_out.get(lumi, ()), *assumed),
            )
            yield FolderShelf(place, folders)


def _of_summary(folders: Folders, run: int, assumed: list[str]) -> Shelf:
    """The lumisection of a file that has no folders for them."""
    lumi, assumptions = find_lumi(folders)
    place = Place(
        run=run,
        lumi=lumi,
        grows=covers_run(folders.path.name),
        began_at=find_start(folders, lumi),
        assumptions=(*assumptions, *assumed),
    )
    return FolderShelf(place, folders)


def _ranges(
    file: RootFile, root: Directory
) -> tuple[dict[int, tuple[int, frozenset[str]]], dict[int, list[str]]]:
    """By last lumisection: the first one, and the top folders that have a folder for them.

    Where several ranges end alike the shortest counts, and the second answer says what was left out.
    """
    found: dict[int, dict[int, set[str]]] = {}
    for top, key in root.folders.items():
        for name in file.open(key).folders:
            match = _BY_LUMI.fullmatch(name)
            if match and 0 < int(match[1]) <= int(match[2]) <= MAX_LUMI:
                found.setdefault(int(match[2]), {}).setdefault(int(match[1]), set()).add(top)
    ranges = {lumi: (max(firsts), frozenset(firsts[max(firsts)])) for lumi, firsts in found.items()}
    left_out = {
        lumi: [f"histograms of lumisections {first} to {lumi} left out" for first in sorted(firsts)[:-1]]
        for lumi, firsts in found.items()
    }
    return ranges, left_out
