"""Incidents in a few words: the hardware, and its lumisections."""

from collections.abc import Sequence
from typing import Final

from caloscope.records import Incident

NAMED: Final = 3
"""How many pieces of hardware, and stretches of each, are named."""


def named(incidents: Sequence[Incident]) -> str:
    """The first few pieces of hardware, each with its earliest lumisections."""
    found: dict[str, list[Incident]] = {}
    for each in incidents:
        found.setdefault(f"{each.hardware} {each.direction}", []).append(each)
    return "; ".join(f"{what} in {_few(where)}" for what, where in list(found.items())[:NAMED])


def _few(incidents: Sequence[Incident]) -> str:
    spans = [span(each) for each in sorted(incidents, key=lambda each: each.opened)]
    return ", ".join(spans[:NAMED]) + (", ..." if len(spans) > NAMED else "")


def span(incident: Incident) -> str:
    """From the first to the last lumisection with a flag, as `320001:10-12`."""
    first, last = incident.opened, incident.last
    if first == last:
        return f"{first.run}:{first.lumi}"
    return f"{first.run}:{first.lumi}-{last.lumi if last.run == first.run else f'{last.run}:{last.lumi}'}"
