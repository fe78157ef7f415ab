"""What is there already, in order of time, as fast as it goes."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from caloscope.errors import SourceError
from caloscope.monitor.intake import Intake
from caloscope.monitor.names import place
from caloscope.monitor.taken import Taken
from caloscope.monitor.telling import tell_quarantined
from caloscope.records import LumiId

TOGETHER_SECONDS = 2.0
"""Work that is recorded in one transaction: what a crash loses, and what a page sees at once."""


@dataclass(slots=True)
class Replayed:
    """What a replay did: numbers, and the files that went to quarantine with their reasons.

    `unknown` counts results that say so, by hash of the bundle and reason.
    """

    files: int = 0
    lumisections: int = 0
    results: int = 0
    runs: set[int] = field(default_factory=set)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    quarantined: list[SourceError] = field(default_factory=list)

    def add(self, taken: Taken) -> None:
        """Count one file."""
        self.files += 1
        self.lumisections += len(taken.lumis)
        self.results += taken.scored
        self.runs |= taken.runs
        self.unknown += taken.unknown
        self.quarantined += [] if taken.error is None else [taken.error]


def in_time_order(paths: Iterable[Path], intake: Intake, run: int | None = None) -> list[Path]:
    """Files by their first lumisection; those that cannot be read come first.

    What is named exactly as CMS names it need not be opened for that, so that thousands are ordered at once.
    Other names say little about time (`LS10` comes before `LS2`), and what comes too late is not scored.
    """
    return sorted(paths, key=lambda path: (place(path.name) or intake.first(path, run=run), path))


def replay(
    paths: Iterable[Path],
    intake: Intake,
    *,
    run: int | None = None,
    wanted: Callable[[LumiId], bool] = lambda _: True,
    together: float = TOGETHER_SECONDS,
) -> Replayed:
    """Take file after file; nothing but numbers is kept, so that years of data need no memory.

    What was scored within `together` seconds is recorded in one transaction (zero: each lumisection by
    itself), and a file is noted when all of it is in the store. Killed at any moment and started again it
    records the same as if nothing had happened.
    """
    done, noted_later = Replayed(), list[Taken]()
    for path in paths:
        taken = intake.score(path, run=run, wanted=wanted, together=together)
        tell_quarantined(taken)
        done.add(taken)
        noted_later.append(taken)
        if not intake.is_waiting:
            intake.note(noted_later)
            noted_later = []
    intake.commit()
    intake.note(noted_later)
    return done
