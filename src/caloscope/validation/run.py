"""A whole validation: every sample compared, and the report written."""

from collections.abc import Sequence
from pathlib import Path

from caloscope.validation.lines import simulated_lines
from caloscope.validation.outcome import Outcome, Tell, of_average, of_sample
from caloscope.validation.report import Made, write
from caloscope.validation.sources import Found

__all__ = ["Made", "Outcome", "validate"]


def validate(found: Found, folder: Path, made: Made, tell: Tell) -> list[Outcome]:
    """Compares all that was found with its simulation and writes the report into a folder."""
    outcomes: Sequence[Outcome] = [
        *(of_sample(sample, made.replicas, made.seed, tell) for sample in found.samples),
        *(of_average(average, made.replicas, made.seed, tell) for average in found.averages),
    ]
    write(folder, outcomes, simulated_lines(found.lines, made.seed), made)
    return list(outcomes)
