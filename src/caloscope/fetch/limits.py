"""How long, how much and how often: the bounds on everything that comes over a network."""

from dataclasses import dataclass

PIECE = 1 << 20
"""Bytes asked of a server at once: at the slowest pace that is accepted it arrives in time."""

MAX_NAMES = 1_000_000
"""More files than one command is given."""

MAX_FOLDERS_DEEP = 32
"""How far below its start a pattern with `**` looks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one remote file.

    Times are in seconds: `connect` for the connection, `answer` for one answer or for the next bytes,
    `pause` before the next of `attempts`. Fewer than `min_rate` bytes a second, on average over `answer`,
    is a stall. `max_bytes` is the largest file that is copied, `spare` the bytes that stay free on the disk.
    """

    connect: float = 15.0
    answer: float = 30.0
    attempts: int = 3
    pause: float = 2.0
    min_rate: float = 4096.0
    max_bytes: int = 64 << 30
    spare: int = 256 << 20


DEFAULT = Limits()
