"""Lumisections of another era than the one that a bundle learned in: its pattern may be another."""

from collections.abc import Iterable

from caloscope.bundle import Bundle
from caloscope.geometry import era_of_run, view
from caloscope.records import Lumisection

FIRST_RUN = 200_000
"""Run numbers below this are not of the eras that are known by their runs: tests and simulations."""


def refused_era(bundle: Bundle, run: int) -> str | None:
    """The era of a run whose detector had other cells; None where they are the same, or nobody knows."""
    if bundle.calorimeter is not None or run < FIRST_RUN:
        return None
    era = era_of_run(run)
    return era if view(bundle.card.view, era).version != bundle.view.version else None


def other_era(bundle: Bundle, lumisection: Lumisection) -> str | None:
    """The era of a lumisection with a bundle's cells, where it is another one than that of the bundle.

    It is the one that its source says, else that of its run. None where it is the same, where nobody knows,
    and where the bundle is not asked about it, as it was taken with other cells.
    """
    run, era = lumisection.run, lumisection.era
    if bundle.card.map not in lumisection.maps or refused_era(bundle, run) is not None:
        return None
    if not era and bundle.calorimeter is None and run >= FIRST_RUN:
        era = era_of_run(run)
    return era if era and era != bundle.card.era else None


def told_of_eras(bundle: Bundle, lumisections: Iterable[Lumisection]) -> str | None:
    """One line about lumisections of other eras than the bundle's; None where there are none."""
    found = {era: None for each in lumisections if (era := other_era(bundle, each)) is not None}
    return told_of_other(bundle, ", ".join(found)) if found else None


def told_of_other(bundle: Bundle, era: str) -> str:
    """What people are told once they judge lumisections of another era with a bundle."""
    learned = f"{bundle.label} learned in {bundle.card.era}"
    return f"{learned}, these lumisections are of {era}: the pattern may be another"
