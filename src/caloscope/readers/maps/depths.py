"""Which two-dimensional pieces make up a map."""

from functools import lru_cache

from caloscope.errors import UsageError
from caloscope.geometry import View

PLACE = "{depth}"
"""Where a pattern has the physical depth."""


@lru_cache(maxsize=256)
def planes(pattern: str, view: View) -> tuple[tuple[str, bool], ...]:
    """Name of each depth's plane in the view's order, and whether it must be there.

    `pattern` is a name that holds `{depth}` where the physical depth goes. A depth in which no cell exists in
    this era may be absent. On a view without depths there is one plane. Raises `UsageError` where a name
    cannot tell depths apart.
    """
    if PLACE not in pattern:
        if len(view.depths) > 1:
            raise UsageError(
                f"{pattern!r} names all {len(view.depths)} depths of {view.name} alike: no {PLACE}"
            )
        return ((pattern, True),)
    if not view.depths:
        raise UsageError(f"{pattern!r} asks for a depth, and {view.name} has none")
    return tuple(
        (pattern.replace(PLACE, str(depth)), bool(exists.any()))
        for depth, exists in zip(view.depths, view.exists, strict=True)
    )
