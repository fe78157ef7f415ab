"""What a fault is: which cells of which map, what happens to them, when, and by what mechanism."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.records import Cell, Mask

Kind: TypeAlias = Literal[
    "dead", "factor", "hot", "noisy", "stuck", "garbage", "scrambled", "drift", "full-readout"
]
Mechanism: TypeAlias = Literal["channels", "crystals", "readouts", "trigger", "high-voltage"]
Where: TypeAlias = str | Cell | tuple[Cell, ...]
KINDS: tuple[Kind, ...] = get_args(Kind)
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)

USUAL: Final[dict[Kind, float]] = {
    "dead": 0.0,
    "factor": 0.5,
    "hot": 2.0,
    "noisy": 0.5,
    "stuck": 1.0,
    "garbage": 1.0,
    "scrambled": 1.0,
    "drift": -0.01,
    "full-readout": 1.0,
}
"""What stands for an amount that is not given."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong with cells of a map.

    `map` is the name of a map, or a shell pattern that fits several (`EB/*`). `where` is the name of a
    region, `all` for every cell, the index of one cell, or the indices of several.

    `kind`, and what `amount` means for it (None takes the value in brackets):

    - *dead*: nothing is counted any more, or only this share, as for the next [0].
    - *factor*: counts are thinned to this share, 0 to 1 [0.5].
    - *hot*: counts are this many times as high, above 1 [2].
    - *noisy*: noise fills this share of the events that the signal leaves free, 0 to 1 [0.5]; with the
      mechanism *trigger*, a false seed in this share of the events.
    - *stuck*: the count is this share of the most that can be counted, 0 to 1 [1].
    - *garbage*: any number up to this share of the most that can be counted [1].
    - *scrambled*: the counts of the cells are exchanged among them, always in the same way; no amount.
    - *drift*: the response changes by this part a day (3,708 lumisections), negative downwards [-0.01].
    - *full-readout*: every event is read out in full, all that can be counted is; no amount.

    The most that can be counted is once an event in an HCAL channel, 25 times in an ECAL tower.

    `onset` is the first faulty lumisection and `end` the first healthy one, None for never, as a `Clock`
    counts them. `within` is the share of the first lumisection that is still healthy. Over `ramp`
    lumisections the fault grows evenly to its full size. With a `duty` below 1 it comes and goes: in
    lumisections at random, or, with a `period`, for the first part of each such many. `mechanism` says what
    breaks where that matters; `seed` fixes what is random. `name` is for people.
    """

    map: str
    where: Where
    kind: Kind
    amount: float | None = None
    onset: int = 1
    end: int | None = None
    within: float = 0.0
    ramp: int = 0
    duty: float = 1.0
    period: int = 0
    mechanism: Mechanism = "channels"
    seed: int = 0
    name: str = ""

    @property
    def size(self) -> float:
        """The amount, or what stands for it where none was given."""
        return USUAL[self.kind] if self.amount is None else self.amount

    @property
    def has_amount(self) -> bool:
        """Whether an amount means something for the kind."""
        return self.kind not in ("scrambled", "full-readout")

    def touches(self, map_name: str) -> bool:
        """Whether the fault is one of this map."""
        return fnmatchcase(map_name, self.map)

    def cells(self, view: View) -> Mask:
        """The faulty cells. Raises `UsageError` when there is no such region or cell."""
        if isinstance(self.where, str):
            return region_cells(self.where, view)
        cells = self.where if self.where and isinstance(self.where[0], tuple) else (self.where,)
        mask = np.zeros(view.shape, np.bool_)
        mask[tuple(zip(*(_inside(cell, view) for cell in cells), strict=True))] = True
        return mask


def region_cells(name: str, view: View, others: Iterable[View] = ()) -> Mask:
    """The cells of a region, or of `all`.

    Raises `UsageError` when the view has none of this name, telling which of the `others` has it.
    """
    if name == "all":
        return view.exists
    for region in view.regions:
        if region.name == name:
            return region.members
    raise UsageError(f"{view.name}: no region {name!r}, {instead(name, view, others)}")


def instead(name: str, view: View, others: Iterable[View] = ()) -> str:
    """What to say of a region that the view has not: who else has it, or what its own are called."""
    owners = dict.fromkeys(other.name for other in others if name in {each.name for each in other.regions})
    if owners:
        return f"which is one of {', '.join(owners)}: expected a map of {' or '.join(owners)}"
    if name.casefold() == view.name.casefold():
        return "expected all"
    near = nearest(name, [region.name for region in view.regions])
    if near:
        return f"expected {'one such as ' if len(near) > 1 else ''}{', '.join(near)}"
    first = {region.kind: region.name for region in reversed(view.regions)}
    kinds = ", ".join(f"{first[kind]} ({kind})" for kind in reversed(first))
    return f"expected all or one such as {kinds}" if kinds else "expected all"


def nearest(word: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that are most like a word, the best first; alone the one that differs in capitals only."""
    folded = {name.casefold(): name for name in names}
    found = word[:200].casefold()
    close = [found] if found in folded else get_close_matches(found, folded, most)
    return [folded[each] for each in close]


def _inside(cell: object, view: View) -> Cell:
    """The index of a cell that exists."""
    shape = " x ".join(str(n) for n in view.shape)
    found = tuple(cell) if isinstance(cell, tuple) else ()
    if len(found) != len(view.shape):
        indices = "[depth index, y, x]" if view.depths else "[y, x]"
        raise UsageError(f"{view.name}: no cell {list(found)}, expected {indices} inside {shape}")
    if not all(isinstance(i, int) and 0 <= i < n for i, n in zip(found, view.shape, strict=True)):
        raise UsageError(f"{view.name}: no cell {list(found)}, expected one inside {shape}")
    if not view.exists[found]:
        raise UsageError(f"{view.name}: no cell at {list(found)}, expected one that exists")
    return found
