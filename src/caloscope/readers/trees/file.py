"""A ROOT file whose content is in trees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.root.rootfile import Key, RootFile
from caloscope.readers.trees.baskets import Baskets
from caloscope.readers.trees.columns import Column
from caloscope.readers.trees.ttree import Tree, UnknownVersionError, read_tree
from caloscope.readers.trees.uproot_tree import tree_by_uproot

TREE = "TTree"


class TreeFile:
    """An open file, its trees, and the baskets that were used last."""

    def __init__(self, path: Path, file: RootFile) -> None:
        self.path = path
        self.file = file
        self._baskets = Baskets(file)

    def tree(self, key: Key, inside: str) -> Tree:
        """The tree at a key, which is at the path `inside` of the file; raises `DamagedError`."""
        try:
            return read_tree(self.file, key)
        except UnknownVersionError:
            # The tree has a bearable size, or reading it would have failed otherwise. Of what uproot finds,
            # only the places of the baskets are used.
            return tree_by_uproot(self.path, inside)

    def columns(self, tree: Tree) -> dict[str, Column]:
        """The branches of a tree, ready to be read."""
        return {name: Column(self._baskets, branch) for name, branch in tree.branches.items()}


@contextmanager
def open_trees(path: Path) -> Iterator[TreeFile]:
    """Opens a ROOT file; raises `SourceError` UNREADABLE for all damage found here or in the body."""
    try:
        # Read piece by piece: such files are large, and often little of them is wanted.
        with RootFile(path, whole=False) as file:
            yield TreeFile(path, file)
    except (DamagedError, OSError) as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: DamagedError | OSError, name: str | None = None) -> SourceError:
    """What a person is told about damage, found in the histogram or scalar `name` where it is given."""
    found = (error.strerror if isinstance(error, OSError) else None) or str(error)
    where = "" if name is None else f" in {name!r:.120}"
    return SourceError(path, Fault.UNREADABLE, found + where, "a sound ROOT file of trees")
