"""How long every detector takes to find what breaks, against an oracle, at a known false rate."""

from benchmarks.detection.command import main

__all__ = ["main", "run"]


def run() -> None:
    """All maps, all detectors, everything as in the documentation."""
    main([])
