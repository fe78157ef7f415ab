"""What an operator may change of a monitor that runs, and how the loop hears of it."""

from dataclasses import dataclass, field

from caloscope.config import conditions_table
from caloscope.config.monitoring import Monitoring, RetentionTable
from caloscope.pipeline import Gate


@dataclass(frozen=True, slots=True)
class Retry:
    """How a file that could not be read for a reason that may pass is tried again.

    The first time after `first_seconds`, each time after twice as long as before up to `longest_seconds`, and
    `attempts` times in all: then it goes to quarantine.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 300.0
    attempts: int = 12

    def seconds(self, attempts: int) -> float | None:
        """How long to wait after so many attempts that failed (one or more); None where it was the last."""
        if attempts >= self.attempts:
            return None
        doubled = min(attempts - 1, 60)  # more would be no number any longer
        return float(min(self.first_seconds * 2.0**doubled, self.longest_seconds))


@dataclass(frozen=True, slots=True)
class Retention:
    """What the store keeps in full: the score maps of the newest `keep_lumis` results of each series.

    Of older ones every `every`-th lumisection's stay among the newest `forget_lumis`, and for good those in
    which an incident opened or closed. `changes` are the newest rows of the list of changes
    that stay, which a page reads to follow. Verdicts, flags and incidents stay for ever.
    """

    keep_lumis: int
    every: int
    forget_lumis: int
    changes: int


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What applies without a restart.

    `gate` is what the pipeline takes (`Pipeline.retune`): thresholds, and the conditions in which a map is
    judged. Nothing is removed from the store where `retention` is None.
    """

    gate: Gate = field(default_factory=Gate)
    retry: Retry = field(default_factory=Retry)
    retention: Retention | None = None


def settings_of(found: Monitoring) -> Settings:
    """What a configuration and its file of conditions say of it. Raises `UsageError` for the latter."""
    file = found.conditions.file
    table = None if file is None else conditions_table.load(file)
    accept = {name: frozenset(states) for name, states in found.conditions.accept.items()}
    gate = Gate(labels=found.labels, accept=accept, raised=dict(found.thresholds), table=table)
    retry, kept = found.retry, found.retention
    return Settings(
        gate=gate,
        retry=Retry(retry.first_seconds, retry.longest_seconds, retry.attempts),
        retention=None if kept is None else _retention(kept),
    )


def _retention(kept: RetentionTable) -> Retention:
    return Retention(kept.keep_lumis, kept.every, kept.forget_lumis, kept.changes)


class Tuning:
    """The settings that apply now: whoever reads the configuration says `set`, the loop asks `renewed`.

    The loop alone applies them, between two files, so that no lumisection is judged half by old ones. Threads
    may share it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._now = Settings() if settings is None else settings
        self._applied: Settings | None = None

    @property
    def now(self) -> Settings:
        """The settings that apply."""
        return self._now

    def set(self, settings: Settings) -> None:
        """From now on these apply."""
        self._now = settings

    def renewed(self) -> Settings | None:
        """The settings where they are others than at the last call, and at the first call; else None."""
        now = self._now
        if now is self._applied:
            return None
        self._applied = now
        return now
