"""Figures of the whole server: counts that all processes add to, and what each process says of itself.

A count's field is the metric, its labels' values and, of a histogram, the bucket, with a separator that no
label has. Counts live as long as the store does, so that they grow over every restart. What a process says
of itself is worth nothing when it falls silent: `reports` leaves out those not heard of lately.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder

from acs.fleet.metrics import CATALOGUE, SUM, TASKS, Key, Kind
from acs.fleet.task import Task
from acs.store import codec, keyspace
from acs.store.calls import Call, Steps, nothing, script, scripted

#: Seconds after which a process that says nothing is taken for dead.
SILENT = 15.0

#: Seconds after which what it said is removed.
FORGOTTEN = 3600.0

_SEPARATOR = "\x1f"

_ADD = script("add_counts")


class Report(Struct, frozen=True):
    """What one process says of itself. `name` is HOST:PID, `kind` server or worker."""

    name: str
    kind: str
    at: float
    started_at: float
    cpu_seconds: float
    resident_bytes: int
    open_files: int
    #: of a server: sessions in hand, and how late its timers ran at worst since the last report, in seconds
    sessions: int = 0
    lag: float = 0


class Census(Struct, frozen=True):
    """How many open tasks there are in each state, as counted at a time."""

    at: float = 0
    tasks: dict[str, int] = {}


_report = Decoder(Report).decode
_census = Decoder(Census).decode


def add(counts: Mapping[Key, float]) -> Call[None]:
    """Add what was counted."""
    arguments: list[str | float] = []
    for key, amount in counts.items():
        arguments += (_SEPARATOR.join(map(str, key)), repr(amount))
    return scripted(_ADD, (keyspace.METRIC_COUNTS,), arguments, nothing)


def entered(tasks: Iterable[Task]) -> Call[None]:
    """Count these tasks, at least one, in the state they have come into outside of a session."""
    counts: Counter[Key] = Counter((TASKS, task.type, str(task.state)) for task in tasks)
    return add(counts)


def totals() -> Call[dict[Key, float]]:
    """All counts. Those of metrics that are no longer in the catalogue are left out."""
    return Call(("HGETALL", keyspace.METRIC_COUNTS), _read_counts)


def say(report: Report) -> Call[None]:
    return Call(("HSET", keyspace.METRIC_REPORTS, report.name, codec.encode(report)), nothing)


def leave(name: str) -> Call[None]:
    """The process of this name ends."""
    return Call(("HDEL", keyspace.METRIC_REPORTS, name), nothing)


def reports() -> Call[list[Report]]:
    """What all processes said, by name, the silent ones among them."""
    return Call(
        ("HVALS", keyspace.METRIC_REPORTS),
        lambda found: sorted(map(_report, found), key=lambda one: one.name),
    )


def forget(names: Sequence[str]) -> list[Call[Any]]:
    return [Call(("HDEL", keyspace.METRIC_REPORTS, *names), nothing)] if names else []


def died(at: float) -> Call[None]:
    """A server process was found dead."""
    return Call(("SET", keyspace.SERVER_DIED, repr(at)), nothing)


def missing_at() -> Steps[float]:
    """When a server process was last known to be missing: one died, or began; 0 where that was never."""
    told: list[Report]
    died_at: float
    told, died_at = yield [
        reports(),
        Call(("GET", keyspace.SERVER_DIED), lambda found: float(found or 0)),
    ]
    return max([died_at, *(one.started_at for one in told if one.kind == "server")])


def put_census(census: Census) -> Call[None]:
    return Call(("SET", keyspace.TASK_CENSUS, codec.encode(census)), nothing)


def census() -> Call[Census]:
    return Call(("GET", keyspace.TASK_CENSUS), lambda found: _census(found) if found else Census())


# --- queues and Redis itself --------------------------------------------------------------------------------


def queues() -> list[Call[int]]:
    """Phones to be woken and being woken; webhook calls under way and given up; open alerts."""
    return [
        Call(("ZCARD", keyspace.WAKE_QUEUE), int),
        Call(("ZCARD", keyspace.WAKES_UNDER_WAY), int),
        Call(("HLEN", keyspace.DELIVERIES), int),
        Call(("HLEN", keyspace.DEAD_DELIVERIES), int),
        Call(("HLEN", keyspace.OPEN_ALERTS), int),
    ]


def jobs() -> list[Call[int]]:
    """For each of the queues of jobs: those queued, at work and failed."""
    kinds = (
        ("LLEN", keyspace.JOBS_QUEUED),
        ("ZCARD", keyspace.JOBS_RUNNING),
        ("ZCARD", keyspace.JOBS_FAILED),
    )
    return [Call((command, kind + queue), int) for queue in keyspace.JOB_QUEUES for command, kind in kinds]


def redis_info() -> Call[dict[str, str]]:
    """What Redis says of itself, by its own names."""
    return Call(("INFO",), _read_info)


# --- answers ------------------------------------------------------------------------------------------------


def _read_counts(answer: list[bytes]) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for field, amount in zip(answer[::2], answer[1::2], strict=True):
        name, *rest = field.decode().split(_SEPARATOR)
        metric = CATALOGUE.get(name)
        histogram = metric is not None and metric.kind is Kind.HISTOGRAM
        if metric is None or len(rest) != len(metric.labels) + histogram:
            continue
        if histogram and rest[-1] != SUM:
            found[name, *rest[:-1], int(rest[-1])] = float(amount)
        else:
            found[name, *rest] = float(amount)
    return found


def _read_info(answer: bytes) -> dict[str, str]:
    lines = answer.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
