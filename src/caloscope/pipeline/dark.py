"""Which maps saw no beam."""

from collections.abc import Mapping, Sequence

from caloscope.records import MapResult, Reason

_NOTHING_KNOWN = (Reason.MAP_MISSING, Reason.DETECTOR_FAILED, Reason.POWER_OFF)
"""Reasons for which a map does not say whether there was beam."""


def dark(results: Sequence[MapResult], before: Mapping[str, bool]) -> Mapping[str, bool]:
    """Of the maps of a lumisection, whether they saw no beam; nothing of those of which nothing is known."""
    found = dict(before)
    for result in results:
        if result.reason is Reason.LATE:
            continue
        found.pop(result.key.map, None)
        if result.reason not in _NOTHING_KNOWN:
            found[result.key.map] = _is_dark(result)
    return found


def _is_dark(result: MapResult) -> bool:
    """Whether a map saw no beam, or next to nothing of which nobody says that it came from beams."""
    unlit = result.pileup is None and result.reason is Reason.FEW_EVENTS
    return unlit or result.reason in (Reason.NO_BEAM, Reason.NO_EVENTS)
