"""What evidence remembers of one map from one lumisection to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.bank import (
    FACTOR_MARGINS,
    FACTORS,
    LOW_SHIFTS_COUNT,
    LOWS,
    SHIFT_MARGINS,
    SHIFTS,
    column,
)
from caloscope.evidence.changes import Change
from caloscope.evidence.layout import layout_of
from caloscope.evidence.sums import Bank, Sums
from caloscope.geometry import View
from caloscope.records import Floats

CELLS: Final = Bank(column(FACTORS - 1.0), column(FACTOR_MARGINS), LOWS)
PARTS: Final = Bank(column(SHIFTS), column(SHIFT_MARGINS), LOW_SHIFTS_COUNT)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Places of one kind: their sums, what they learned of this run, and their flags.

    `bad` is -1, 0 or +1, `(place,)`; `suspect` marks places that may be.
    """

    sums: Sums
    change: Change
    bad: NDArray[np.int8]
    suspect: NDArray[np.bool_]

    @staticmethod
    def empty(bank: Bank, places: int) -> "Family":
        """Nothing seen yet."""
        nothing = np.zeros(places, np.bool_)
        return Family(
            Sums.empty(len(bank.effects), places), Change.none(places), nothing.astype(np.int8), nothing
        )


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceState:
    """Cells, parts (regions and patches), the whole map; the slow `drift` of cells; the last run and lumi.

    `scores`, `(2, cell)`, is what is left of scores that are too low and too high. `loose`: the trigger was
    changed in this run, so that the whole map may have another level than at its start.
    """

    cells: Family
    parts: Family
    whole: Family
    drift: Floats
    scores: Floats
    run: int = 0
    lumi: int = 0
    loose: bool = False

    @staticmethod
    def empty(view: View) -> "EvidenceState":
        """Nothing seen yet."""
        layout = layout_of(view)
        return EvidenceState(
            Family.empty(CELLS, layout.cells),
            Family.empty(PARTS, len(layout.sizes)),
            Family.empty(PARTS, 1),
            np.zeros(layout.cells, np.float32),
            np.zeros((2, layout.cells), np.float32),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it as named arrays."""
        found: dict[str, NDArray[Any]] = {
            "drift": self.drift,
            "scores": self.scores,
            "at": np.array([self.run, self.lumi], np.int64),
            "loose": np.array([self.loose], np.bool_),
        }
        for name, family in (("cells", self.cells), ("parts", self.parts), ("whole", self.whole)):
            found |= {
                f"{name}.values": family.sums.values,
                f"{name}.information": family.sums.information,
                f"{name}.since": family.sums.since,
                f"{name}.recent": family.sums.recent,
                f"{name}.level": family.change.level,
                f"{name}.weight": family.change.weight,
                f"{name}.bad": family.bad,
                f"{name}.suspect": family.suspect,
            }
        return found

    @staticmethod
    def restored(arrays: Mapping[str, NDArray[Any]]) -> "EvidenceState":
        """From its arrays; raises `KeyError` when one is missing."""

        def family(name: str) -> Family:
            sums = Sums(*(arrays[f"{name}.{part}"] for part in ("values", "information", "since", "recent")))
            change = Change(arrays[f"{name}.level"], arrays[f"{name}.weight"])
            return Family(sums, change, arrays[f"{name}.bad"], arrays[f"{name}.suspect"])

        run, lumi = (int(each) for each in arrays["at"])
        cells, parts, whole = (family(name) for name in ("cells", "parts", "whole"))
        loose = bool(arrays["loose"].any())
        return EvidenceState(cells, parts, whole, arrays["drift"], arrays["scores"], run, lumi, loose)

    def fits(self, view: View) -> bool:
        """Whether it is a state of this view, with the alternatives of today."""
        fresh = EvidenceState.empty(view).arrays()
        mine = self.arrays()
        return all(
            mine[name].shape == array.shape and mine[name].dtype == array.dtype
            for name, array in fresh.items()
        )
