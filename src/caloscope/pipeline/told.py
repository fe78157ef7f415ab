"""What sources say of one lumisection, made into one statement."""

from collections.abc import Mapping
from typing import Final

from caloscope.records import Conditions, LumiState

TABLE, LABEL = "the conditions table", "the label"
"""Sources that are no file of the experiment: the first counts more than all others, the second less."""

_STRICTEST: Final = (
    LumiState.SPECIAL,
    LumiState.COSMICS,
    LumiState.HEAVY_IONS,
    LumiState.NO_BEAM,
    LumiState.RAMP,
    LumiState.COLLISIONS,
)
"""Where files differ, the first of these that one of them says."""


def merged(told: Mapping[str, Conditions]) -> Conditions:
    """One statement from those of all sources, by source; whatever order they came in.

    What has no voltage by any of them has none.
    """
    names = sorted(told, key=lambda name: (name != TABLE, name == LABEL, name))
    speaker = _speaker(told, names)
    trigger = " ".join(told[name].trigger for name in names if told[name].trigger)
    fill = next((told[name].fill for name in names if told[name].fill is not None), None)
    off = frozenset().union(*(each.off for each in told.values()))
    state, detail = (LumiState.UNTOLD, "") if speaker is None else (told[speaker].state, told[speaker].detail)
    source = speaker or next((name for name in names if told[name].off), "")
    return Conditions(state, off, trigger, fill, source, detail)


def _speaker(told: Mapping[str, Conditions], names: list[str]) -> str | None:
    """The source whose state counts, None where none tells one."""
    says = [name for name in names if told[name].state is not LumiState.UNTOLD]
    if not says or says[0] in (TABLE, LABEL):
        return says[0] if says else None
    files = [name for name in says if name != LABEL]
    return min(files, key=lambda name: _STRICTEST.index(told[name].state))
