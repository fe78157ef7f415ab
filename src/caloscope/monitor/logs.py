"""What the monitor says on standard error: lines for people or JSON for machines, libraries' warnings too."""

import logging
import sys
from typing import Final, Literal, TypeAlias

import structlog
from structlog.typing import Processor

Format: TypeAlias = Literal["text", "json"]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]

_LEVELS: Final[dict[Level, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up(shape: Format = "text", level: Level = "info") -> None:
    """Log from `level` up, in text or in JSON; may be said again at any time, the newest holds.

    Warnings and errors of libraries, Python's own warnings among them, come the same way with the name of
    their `logger`. A line of JSON holds `timestamp` (UTC), `level`, `event` and what belongs to the event.
    """
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if shape == "json":
        last = structlog.processors.JSONRenderer()
    before: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if shape == "json" else "%Y-%m-%d %H:%M:%S", utc=True),
    ]
    if shape == "json":
        before.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*before, last],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _listen_to_libraries(before, last, _LEVELS[level])


def _listen_to_libraries(before: list[Processor], last: Processor, level: int) -> None:
    """Route the standard library's logging the same way; other handlers of the root logger go."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
