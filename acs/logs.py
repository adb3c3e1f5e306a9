"""How the server logs: structlog, one JSON object a line, or coloured lines for a person at a terminal."""

from __future__ import annotations

import logging
from typing import Any, TextIO, cast

import msgspec
import structlog
from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogBeginner

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def start(level: str, stream: TextIO) -> None:
    """Send everything of at least this severity to `stream`."""
    factory: structlog.WriteLoggerFactory | structlog.BytesLoggerFactory
    if stream.isatty():
        renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
        factory = structlog.WriteLoggerFactory(file=stream)
    else:
        renderer = structlog.processors.JSONRenderer(serializer=_encode)
        factory = structlog.BytesLoggerFactory(file=stream.buffer)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )


def _encode(event: dict[str, Any], default: Any) -> bytes:
    """One line of JSON; `default` is how structlog shows what JSON cannot hold."""
    return msgspec.json.encode(event, enc_hook=default)


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

    globalLogBeginner.beginLoggingTo(
        [cast(ILogObserver, observe)], redirectStandardIO=False, discardBuffer=True
    )
