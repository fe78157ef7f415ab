"""What is there already, in order of time, as fast as it goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from caloscope.errors import SourceError
from caloscope.monitor.intake import Intake
from caloscope.records import LumiId


@dataclass(slots=True)
class Replayed:
    """What a replay did: numbers, and the files that went to quarantine with their reasons."""

    files: int = 0
    lumisections: int = 0
    results: int = 0
    runs: set[int] = field(default_factory=set)
    quarantined: list[SourceError] = field(default_factory=list)


def in_time_order(paths: Iterable[Path], intake: Intake, run: int | None = None) -> list[Path]:
    """Files by their first lumisection, whatever they are called; those that cannot be read come first.

    A name says little about time: `LS10` comes before `LS2`, and what comes too late is not scored.
    """
    return sorted(paths, key=lambda path: (intake.first(path, run=run), path))


def replay(
    paths: Iterable[Path],
    intake: Intake,
    *,
    run: int | None = None,
    wanted: Callable[[LumiId], bool] = lambda _: True,
) -> Replayed:
    """Take file after file; nothing but numbers is kept, so that years of data need no memory."""
    done = Replayed()
    for path in paths:
        taken = intake.take(path, run=run, wanted=wanted)
        done.files += 1
        done.lumisections += len(taken.lumis)
        done.results += len(taken.results)
        done.runs |= taken.runs
        if taken.error is not None:
            done.quarantined.append(taken.error)
    return done
