"""How the server logs: structlog, one JSON object a line, or coloured lines for a person at a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog
from twisted.logger import LogLevel, formatEvent, globalLogBeginner

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def start(level: str, stream: TextIO = sys.stderr) -> None:
    """Send everything of at least this severity to `stream`."""
    person = stream.isatty()
    renderer = structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )


def take_over_twisted() -> None:
    """Send what Twisted itself reports as a warning or worse the same way. Call once, in a server process."""
    log = structlog.get_logger("twisted")

    def observe(event: dict[str, Any]) -> None:
        if event["log_level"] < LogLevel.warn:
            return  # connections made and lost: the canonical session line says what matters
        failure = event.get("log_failure")
        log.error(
            formatEvent(event) or "error in the reactor",
            exception=failure.getTraceback() if failure is not None else None,
        )

    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False, discardBuffer=True)
