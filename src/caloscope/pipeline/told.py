"""What sources say of one lumisection, made into one statement."""

from collections.abc import Mapping
from typing import Final

import xxhash

from caloscope.records import Conditions, LumiState

A_FILE: Final = "a file"

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
    """One statement from those of all sources, by their keys; whatever order they came in.

    What has no voltage by any of them has none; the trigger is that of the first source that tells one.
    """
    names = sorted(told, key=lambda name: (name != TABLE, name == LABEL, name))
    speaker = _speaker(told, names)
    trigger = next((told[name].trigger for name in names if told[name].trigger), "")
    fill = next((told[name].fill for name in names if told[name].fill is not None), None)
    off = frozenset().union(*(each.off for each in told.values()))
    state, detail = (LumiState.UNTOLD, "") if speaker is None else (told[speaker].state, told[speaker].detail)
    named = speaker or next((name for name in names if told[name].off), None)
    source = "" if named is None else told[named].source
    return Conditions(state, off, trigger, fill, source, detail)


def key_of(conditions: Conditions) -> str:
    """The key of what a file tells: two files of one name that tell different things are two sources."""
    digest = xxhash.xxh3_64_hexdigest(repr(_plain(conditions)).encode())
    return f"{conditions.source or A_FILE} {digest}"


def _plain(conditions: Conditions) -> tuple[object, ...]:
    """All that is said, in an order of its own."""
    off = tuple(sorted(conditions.off))
    return (str(conditions.state), off, conditions.trigger, conditions.fill, conditions.detail)


def _speaker(told: Mapping[str, Conditions], names: list[str]) -> str | None:
    """The source whose state counts, None where none tells one."""
    says = [name for name in names if told[name].state is not LumiState.UNTOLD]
    if not says or says[0] in (TABLE, LABEL):
        return says[0] if says else None
    files = [name for name in says if name != LABEL]
    return min(files, key=lambda name: _STRICTEST.index(told[name].state))
