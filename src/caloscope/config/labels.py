"""What the name of a primary dataset or stream says of its lumisections."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from caloscope.records import LumiState

SHIPPED: Final[Mapping[str, LumiState]] = MappingProxyType(
    {"Cosmics*": LumiState.COSMICS, "HI*": LumiState.HEAVY_IONS}
)
"""By patterns as in a shell; they hold where nobody says something else."""
