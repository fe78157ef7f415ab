"""How each detector is drawn, the same in every figure: a colour, a dash and a mark of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from caloscope.study.report.parts import ORACLE


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, kind of line (`solid`, `longdash`, `dot`, `dash`), mark (Plotly's name, empty: none), width."""

    colour: str
    dash: str
    mark: str
    width: float = 1.6


# Okabe and Ito's colours without black, which is the oracle's, and yellow, which white paper swallows.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES: Final = ("solid", "longdash", "dot")
_MARKS: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x")

OF_ORACLE: Final = Look("#000000", "dash", "star", 2.2)
REFERENCE_LINE: Final = Look("#6b6b6b", "dot", "", 1.3)


def looks(detectors: Sequence[str]) -> Mapping[str, Look]:
    """By detector, in the order of these; the first six have full lines."""
    found = {ORACLE: OF_ORACLE}
    for place, name in enumerate(detectors):
        dash = _DASHES[place // len(_COLOURS) % len(_DASHES)]
        mark = _MARKS[place % len(_MARKS)]
        found[name] = Look(_COLOURS[place % len(_COLOURS)], dash, mark, 2.0 if place < 6 else 1.3)
    return MappingProxyType(found)
