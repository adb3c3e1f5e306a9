"""How the server logs: structlog, one JSON object a line, or coloured lines for a person at a terminal.

No line holds a secret: the last step before it is written is `acs.fleet.log_secrets`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict
from twisted.logger import ILogObserver, LogLevel, formatEvent, globalLogBeginner

from acs.fleet.log_secrets import Blanker

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_blanker = Blanker()


def start(level: str, stream: TextIO, form: str = "auto") -> None:
    """Send everything of at least this severity to `stream`, as json, console or auto: by what it is."""
    factory: structlog.WriteLoggerFactory | structlog.BytesLoggerFactory
    if form == "console" or (form == "auto" and stream.isatty()):
        renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(colors=stream.isatty())
        factory = structlog.WriteLoggerFactory(file=stream)
    else:
        renderer = structlog.processors.JSONRenderer(serializer=_encode)
        factory = structlog.BytesLoggerFactory(file=stream.buffer)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _last_words


def _last_words(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """What ends a process that nobody expected, as a line among the others: whole, and without secrets."""
    log = structlog.get_logger("acs")
    log.critical("the process dies of an error", exc_info=(kind, error, traceback))


def hide(secrets: Iterable[str]) -> None:
    """These are secrets: no line shows them. Processes that are forked later know them too."""
    _blanker.know(secrets)


def _without_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    return _blanker.fields(event)


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
