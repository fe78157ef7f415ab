"""Whether the thresholds of a card are still those that were calibrated: rates are told of these only."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from caloscope.bundle.card import Card

EDITED: Final = "edited: not what was calibrated"
"""What people are told of such a threshold, wherever they meet it."""

_CLOSE: Final = 1e-9
"""Relative difference that counts as none: a card writes numbers in full."""


def in_force(card: "Card", name: str) -> float:
    """The threshold that a class of places and direction runs with, nats, or that of a detector's score."""
    return card.thresholds.get(name, card.threshold)


def told_of_edited(card: "Card") -> str | None:
    """One line about thresholds that were written by hand; None where there are none."""
    changed = edited(card)
    if not changed:
        return None
    were = ", ".join(f"{name.replace('_', ' ')} was {value:.4g}" for name, value in changed.items())
    return f"{EDITED} ({were}): nobody knows a rate; calibrate again"


def edited(card: "Card") -> dict[str, float]:
    """The thresholds that were calibrated, by class, where others are in force: somebody wrote them by hand.

    Empty for a card that was never calibrated, or is as it was.
    """
    found = {}
    for key, value in card.calibration.items():
        if not key.startswith("threshold_") or not isinstance(value, list) or not value:
            continue
        name, first = key.removeprefix("threshold_"), value[0]
        if isinstance(first, int | float) and abs(in_force(card, name) - first) > _CLOSE * abs(first):
            found[name] = float(first)
    return found
