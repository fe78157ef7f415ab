"""What a fault is: which cells of which map, what happens to them, when, and by what mechanism."""

from dataclasses import dataclass
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
KINDS: tuple[Kind, ...] = get_args(Kind)
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)

_USUAL: Final[dict[Kind, float]] = {
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
    where: str | Cell | tuple[Cell, ...]
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
        return _USUAL[self.kind] if self.amount is None else self.amount

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
            return _region(self.where, view)
        cells = self.where if self.where and isinstance(self.where[0], tuple) else (self.where,)
        mask = np.zeros(view.shape, np.bool_)
        mask[tuple(zip(*(_inside(cell, view) for cell in cells), strict=True))] = True
        return mask


def _region(name: str, view: View) -> Mask:
    if name == "all":
        return view.exists
    for region in view.regions:
        if region.name == name:
            return region.members
    raise UsageError(f"{view.name}: no region {name!r}, expected one of the view's, or all")


def _inside(cell: object, view: View) -> Cell:
    """The index of a cell that exists."""
    shape = " x ".join(str(n) for n in view.shape)
    found = tuple(cell) if isinstance(cell, tuple) else ()
    sound = len(found) == len(view.shape) and all(
        isinstance(i, int) and 0 <= i < n for i, n in zip(found, view.shape, strict=True)
    )
    if not sound:
        raise UsageError(f"{view.name}: no cell {cell}, expected one inside {shape}")
    if not view.exists[found]:
        raise UsageError(f"{view.name}: no cell at {cell}, expected one that exists")
    return found
