"""How the false incidents that a map may have are shared by the classes of places that are tested on it."""

from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from caloscope.decide.formula import LUMIS_PER_DAY
from caloscope.errors import UsageError

_PARTS: Final = {"cell": 0.66, "region": 0.18, "patch": 0.14, "map": 0.02}

SHARES: Final = MappingProxyType(
    {f"{place}_{side}": part / 2 for place, part in _PARTS.items() for side in ("low", "high")}
)
"""Share of each class. A threshold grows with the logarithm of its share only, so what is shared out matters
little to a delay, and most of it goes to where most faults are: single cells."""

CLASSES: Final = tuple(SHARES)


def budget(classes: Collection[str], per_day: float) -> dict[str, float]:
    """False incidents that each class may have in 3,700 LS; what is not there gives its share to the others.

    A class that has no share of its own, such as the score of a detector, gets as much as all cells. Raises
    `UsageError` for a rate that is not above zero, or above one in each lumisection.
    """
    if not 0 < per_day <= LUMIS_PER_DAY:
        most = f"at most {LUMIS_PER_DAY:,}, one in each lumisection"
        raise UsageError(f"{per_day:g} false incidents a day, expected a number above zero and {most}")
    parts = {name: SHARES.get(name, _PARTS["cell"]) for name in classes}
    total = sum(parts.values())
    return {name: per_day * part / total for name, part in parts.items()}
