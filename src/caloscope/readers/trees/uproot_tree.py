"""Trees of a version that is not known here, described by uproot."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.root.bytestream import DamagedError, UnexpectedError
from caloscope.readers.trees.ttree import Branch, Tree, bounds, number_type


def tree_by_uproot(path: Path, inside: str) -> Tree:
    """The tree at a path in a file; raises `DamagedError`.

    uproot follows the description of the classes in the file. The caller makes sure that the tree's own size
    is bearable; the baskets are not read here.
    """
    import uproot

    try:
        with uproot.open(path) as file:
            tree = file[inside]
            branches = [_branch(each) for each in tree.branches]
            return Tree(int(tree.num_entries), {branch.name: branch for branch in branches})
    # A library that follows what a file says of itself may fail in any way.
    except Exception as error:
        raise DamagedError(f"a tree of unknown layout ({type(error).__name__})") from error


def _branch(found: Any) -> Branch:
    """What is needed of a branch."""
    if found.num_baskets != int(found.member("fWriteBasket")):
        raise UnexpectedError("baskets inside a tree of unknown layout")
    leaves = list(found.member("fLeaves"))
    entries = int(found.member("fEntryNumber"))
    return Branch(
        name=str(found.name),
        kind=str(found.classname),
        holds=str(found.member("fClassName", none_if_missing=True) or ""),
        number=_number(leaves[0]) if len(leaves) == 1 else None,
        firsts=bounds(_places(found, "fBasketEntry"), entries),
        seeks=_places(found, "fBasketSeek"),
        sizes=_places(found, "fBasketBytes"),
        embedded={},
    )


def _places(found: Any, member: str) -> NDArray[np.int64]:
    return np.asarray(found.member(member), np.int64)[: found.num_baskets]


def _number(leaf: Any) -> np.dtype[Any] | None:
    if int(leaf.member("fLen")) != 1 or leaf.member("fLeafCount") is not None:
        return None
    return number_type(str(leaf.classname), unsigned=bool(leaf.member("fIsUnsigned")))
