"""Ways to go through the lumisections of a source while it is read."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from caloscope.errors import Fault, SourceError
from caloscope.monitor.taken import Stages
from caloscope.records import Lumisection

AHEAD: Final = 16
"""Lumisections that a replay reads in one go."""


def timed(found: Iterator[Lumisection], stages: Stages) -> Iterator[Lumisection]:
    """The same, and what it takes to read each."""
    while True:
        with stages.of("read"):
            lumisection = next(found, None)
        if lumisection is None:
            return
        yield lumisection


def allowed(found: Iterator[Lumisection], runs: range, path: Path) -> Iterator[Lumisection]:
    """Those of these runs; raises `SourceError` at the end where there were others."""
    others: set[int] = set()
    for lumisection in found:
        if lumisection.run in runs:
            yield lumisection
        else:
            others.add(lumisection.run)
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        expected = f"runs from {runs[0]} to {runs[-1]}"
        raise SourceError(path, Fault.WRONG_RUN, f"run {min(others)}{more}", expected)


def ahead(found: Iterator[Lumisection]) -> Iterator[Lumisection]:
    """The same, some read in one go: that is faster than to read each between two that are scored.

    Where reading fails, what was read before it comes first.
    """
    while True:
        read: list[Lumisection] = []
        problem: SourceError | None = None
        try:
            read.extend(islice(found, AHEAD))  # keeps what came before an error
        except SourceError as error:
            problem = error
        yield from read
        if problem is not None:
            raise problem
        if not read:
            return
