"""Lumisections of a run of which no verdict ever came."""

from collections.abc import Iterable

from caloscope.store import Store

Range = tuple[int, int]
"""The first and the last of numbers that follow each other."""

MOST = 20
"""Stretches of a map that are told; a run without gaps has none, and one with many has trouble enough."""


def told_gaps(store: Store, label: str, run: int) -> str:
    """By map, the lumisections between the first and the last of a run that have no result; "" for none.

    Raises `StoreError`.
    """
    found = store.covered(label, run)
    if not found:
        return ""
    edges = [edge for ranges in found.values() for each in ranges for edge in each]
    missing = {name: between(ranges, max(min(edges), 1), max(edges)) for name, ranges in found.items()}
    return "; ".join(f"{name} {told(ranges)}" for name, ranges in sorted(missing.items()) if ranges)


def between(covered: Iterable[Range], first: int, last: int) -> list[Range]:
    """What is not covered from `first` to `last`, both included."""
    missing: list[Range] = []
    for start, end in sorted(covered):
        if start > first:
            missing.append((first, start - 1))
        first = max(first, end + 1)
    return [*missing, (first, last)] if first <= last else missing


def told(ranges: list[Range]) -> str:
    """Ranges as `3, 7-9`."""
    words = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MOST]]
    return ", ".join([*words, f"and {len(ranges) - MOST} more"] if len(ranges) > MOST else words)
