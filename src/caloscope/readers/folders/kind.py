"""What a ROOT file holds: DQM folders, DQMIO, other trees, or histograms of any kind."""

from pathlib import Path
from typing import Literal, TypeAlias

from caloscope.readers.folders.runs import open_root
from caloscope.readers.root.rootfile import Directory, RootFile

Kind: TypeAlias = Literal["dqm", "dqmio", "trees", "loose"]

TREES = frozenset({"TTree", "TNtuple", "TNtupleD"})
"""The classes of trees."""

_MAX_DEPTH = 8
_MAX_FOLDERS = 1000
"""Trees stand at the top or close to it; nobody looks for them in more folders than this."""


def kind(path: Path) -> Kind:
    """The kind of a ROOT file, from the names and classes in its first folders.

    Raises `SourceError` UNREADABLE where it is damaged.
    """
    with open_root(path, whole=False) as file:
        top = file.top
        indices = top.objects.get("Indices")
        if indices is not None and indices.classname in TREES:
            return "dqmio"
        if "DQMData" in top.folders:
            return "dqm"
        return "trees" if _has_trees(file, top) else "loose"


def _has_trees(file: RootFile, top: Directory) -> bool:
    """Whether a tree stands in one of the folders."""
    seen: set[int] = set()
    level = [top]
    for _ in range(_MAX_DEPTH):
        if any(key.classname in TREES for directory in level for key in directory.objects.values()):
            return True
        below = [key for directory in level for key in directory.folders.values()]
        fresh = {key.seek: key for key in below if key.seek not in seen}
        seen.update(fresh)
        level = [file.open(key) for key in list(fresh.values())[: _MAX_FOLDERS - len(seen) + len(fresh)]]
    return False
