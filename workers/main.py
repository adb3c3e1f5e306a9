"""One worker process: runs jobs, and enqueues those of the timetable. `acs up` starts it, or systemd."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module
from pathlib import Path

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

from acs.fleet.log_secrets import Blanker
from workers.queues import QUEUES
from workers.reports import CountingWorker, Reports
from workers.rollout_clock import RolloutClock
from workers.surroundings import Surroundings, settle
from workers.timetable import TIMETABLE, Timetable

_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("auto", "json", "console")


def run(surroundings: Surroundings, log_level: str, log_format: str = "auto") -> int:
    """Works until SIGTERM or SIGINT; a job under way is finished first. Returns the exit code."""
    redis_url = surroundings.redis_url
    _log_to_stderr(log_level, log_format)
    try:
        connection = Redis.from_url(redis_url, socket_connect_timeout=10)
        connection.ping()
        # RQ sets the patience of a client that it blocks on, so this one must not have connected before
        blocking = Redis.from_url(redis_url, socket_connect_timeout=10)
    except (RedisError, ValueError, OSError) as error:
        print(f"acs worker: Redis at {redis_url} is unreachable: {error}", file=sys.stderr)
        return 1
    settle(surroundings)
    reports = Reports(redis_url)
    timetable = Timetable(connection, reports.send)
    timetable.start()
    clock = RolloutClock(redis_url, connection)
    clock.start()
    # imported here once, not in each of the processes that are forked for a job
    for entry in TIMETABLE:
        import_module(entry.function.rpartition(".")[0])
    try:
        level = "DEBUG" if log_level == "debug" else "WARNING"
        queues = [Queue(name, connection=blocking) for name in QUEUES]
        CountingWorker(queues, connection=blocking).work(logging_level=level)
    except RedisError as error:  # lost for longer than RQ waits, or lost again while the worker said farewell
        print(f"acs worker: Redis at {redis_url} was lost: {error}", file=sys.stderr)
        return 1
    finally:
        timetable.stop()
        clock.stop()
        reports.leave()
    return 0


def _log_to_stderr(level: str, form: str) -> None:
    """What the jobs say, and what RQ warns of, in lines like the server's."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if console
        else structlog.processors.JSONRenderer()
    )
    blanker = Blanker()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _, __, event: blanker.fields(event),
                renderer,
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every call of a webhook


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    environ = os.environ
    parser.add_argument("--redis-url", default=environ.get("ACS_REDIS_URL", ""), help="[env: ACS_REDIS_URL]")
    parser.add_argument(
        "--data-dir", type=Path, default=environ.get("ACS_DATA_DIR", "acs-data"), help="[env: ACS_DATA_DIR]"
    )
    parser.add_argument("--log-level", choices=_LEVELS, default=environ.get("ACS_LOG_LEVEL", "info"))
    parser.add_argument("--log-format", choices=_FORMATS, default=environ.get("ACS_LOG_FORMAT", "auto"))
    parser.add_argument(
        "--provisioning-models",
        default=environ.get("ACS_PROVISIONING_MODELS", ""),
        help="[env: ACS_PROVISIONING_MODELS]",
    )
    parser.add_argument(
        "--uploads-keep",
        type=int,
        default=environ.get("ACS_UPLOADS_KEEP", "100"),
        help="[env: ACS_UPLOADS_KEEP]",
    )
    options = parser.parse_args()
    if not options.redis_url:
        parser.error("--redis-url or ACS_REDIS_URL is needed")
    surroundings = Surroundings(
        options.redis_url,
        options.data_dir,
        options.uploads_keep,
        options.provisioning_models,
    )
    sys.exit(run(surroundings, options.log_level, options.log_format))
