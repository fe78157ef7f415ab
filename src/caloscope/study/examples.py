"""Lumisections to look at: what was put in, and what each detector made of it."""

from dataclasses import dataclass

from caloscope.records import Counts, Floats, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One lumisection of one trial, arrays in the view's shape `([depth,] y, x)`.

    `evidence` is high where it is bad (nats, or the detector's own score), `expected` counts NaN where
    nothing was expected; `flagged` what was said, `faulty` what is true. `delay` is when the fault was
    found, None where it was missed; `lumi` is the number of the lumisection since the onset, 1 the first.
    """

    detector: str
    fault: str
    run: int
    lumi: int
    delay: int | None
    counts: Counts
    expected: Floats
    evidence: Floats
    flagged: Mask
    faulty: Mask
