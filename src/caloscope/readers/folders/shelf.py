"""A lumisection whose histograms stand in folders of an open ROOT file."""

from collections.abc import Iterator
from dataclasses import dataclass

from caloscope.readers.folders.tree import Folders
from caloscope.readers.shelf import Histogram, Place


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """A `Shelf` over folders; valid as long as their file is open."""

    place: Place
    folders: Folders

    @property
    def tops(self) -> frozenset[str]:
        """Names of the top folders."""
        return self.folders.tops

    def names(self) -> Iterator[str]:
        """Paths of all histograms."""
        return self.folders.names()

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none."""
        return self.folders.histogram(path)

    def scalar(self, path: str) -> str | None:
        """The text of the scalar at a path, None where there is none."""
        return self.folders.scalar(path)
