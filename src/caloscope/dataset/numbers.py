"""The numbers that go with the counts, as files keep them: what is not known has a number that means so."""

import math

MAX_ID = 2**32 - 1
"""Largest run and lumisection."""

_MAX_EVENTS = 2**63 - 1
_MAX_SPAN = 2**16 - 1
_MAX_PILEUP = 1e30


def require_numbers(events: int | None, pileup: float | None, span: int) -> None:
    """Raises `ValueError` for numbers that cannot be kept."""
    if events is not None and not 0 <= events <= _MAX_EVENTS:
        raise ValueError(f"{events} events")
    if pileup is not None and not 0 <= pileup <= _MAX_PILEUP:
        raise ValueError(f"pileup {pileup}")
    if not 1 <= span <= _MAX_SPAN:
        raise ValueError(f"a span of {span} lumisections, at most {_MAX_SPAN} are kept")


def require_row(run: int, lumi: int, began_at: float | None) -> None:
    """Raises `ValueError` for a lumisection that cannot be kept."""
    if not (0 < run <= MAX_ID and 0 <= lumi <= MAX_ID):
        raise ValueError(f"run {run} lumisection {lumi}")
    if began_at is not None and not math.isfinite(began_at):
        raise ValueError(f"a lumisection that began at {began_at}")


def kept(events: int | None, pileup: float | None) -> tuple[int, float]:
    """Events and pileup as columns hold them."""
    return (-1 if events is None else events), (math.nan if pileup is None else pileup)


def known(events: float, pileup: float) -> tuple[int | None, float | None]:
    """Events and pileup out of columns; what is not known, and what is no such number, is None."""
    return (int(events) if events >= 0 else None), (float(pileup) if 0 <= pileup <= _MAX_PILEUP else None)
