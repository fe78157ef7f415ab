"""What a check says of one thing that it looked at."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "note", "bad"]
"""*note*: it runs, but perhaps not as it was meant. *bad*: it does not start, or cannot do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    what: str
    told: str
