"""What people must know of bundles before they believe what those say, each thing once."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from caloscope.bundle import Bundle, told_of_edited
from caloscope.pipeline.eras import other_era, told_of_other
from caloscope.records import Lumisection

Warn: TypeAlias = Callable[[str], None]
"""Told one line."""


class Doubts:
    """Says which bundles have thresholds of somebody's hand, and later which judge another era."""

    def __init__(self, bundles: Sequence[Bundle], warn: Warn) -> None:
        self._warn = warn
        self._unsaid = {bundle.hash: bundle for bundle in bundles}
        for bundle in bundles:
            if told := told_of_edited(bundle.card):
                warn(f"{bundle.label}: thresholds {told}")

    def see(self, lumisection: Lumisection) -> None:
        """Look at a lumisection that is to be scored."""
        for bundle in list(self._unsaid.values()):
            era = other_era(bundle, lumisection)
            if era is not None:
                del self._unsaid[bundle.hash]
                self._warn(told_of_other(bundle, era))


def each_once(bundles: Sequence[Bundle], warn: Warn) -> list[Bundle]:
    """The bundles without those that are the same as one before: its results would be the same ones."""
    found: dict[str, Bundle] = {}
    for bundle in bundles:
        first = found.setdefault(bundle.hash, bundle)
        if first is not bundle:
            same = f"{bundle.label}: the same bundle as {first.label}"
            warn(f"{same} (hash {bundle.hash[:8]}), it judges once")
    return list(found.values())
