"""What is counted, once: each metric's name, meaning, labels and buckets; and a `Tally` that counts.

A tally is a plain dictionary, because a session's counting must cost nothing that anybody would notice. Its
owner empties it every few seconds into the store, where the counts of all processes and machines meet.

Values of labels are words of this server or of the protocol. What a phone says freely is `OTHER`, so that no
phone can make the list of time series long.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

from msgspec import Struct

#: Stands for whatever this server has no word for.
OTHER = "other"

#: A metric, its labels' values, and of a histogram the bucket's number or `SUM`.
Key = tuple[str | int, ...]

#: In place of a bucket's number: the sum of all that was observed.
SUM = "sum"


class Kind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True):
    """`buckets` are upper ends, in order; what is above the last has a bucket of its own."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.COUNTER
    buckets: tuple[float, ...] = ()


INFORMS = "acs_informs"
SESSIONS_STARTED = "acs_sessions_started"
SESSIONS_ENDED = "acs_sessions_ended"
SESSION_SECONDS = "acs_session_seconds"
SESSION_BYTES = "acs_session_bytes"
TIMEOUTS = "acs_session_timeouts"
RPCS = "acs_rpcs"
TASKS = "acs_tasks"
CONNECTION_REQUESTS = "acs_connection_requests"
TRANSFERS = "acs_file_transfers"
FILE_BYTES = "acs_file_bytes"
FILE_REQUESTS = "acs_file_requests"
REFUSALS = "acs_refusals"
REDIS_SECONDS = "acs_redis_seconds"
REDIS_LOSSES = "acs_redis_losses"
WEB_REQUESTS = "acs_web_requests"
WEB_SECONDS = "acs_web_seconds"
JOBS = "acs_jobs"
JOB_SECONDS = "acs_job_seconds"

#: From a heartbeat at hand to a phone that is learnt, or reads its whole tree.
_SESSION_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_REDIS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_WEB_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 60)
_JOB_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800)

_HISTOGRAM = Kind.HISTOGRAM

CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(INFORMS, "Events in phones' Informs; an Inform may have several.", ("event",)),
        Metric(
            SESSIONS_STARTED, "Sessions that phones began, by their Inform's weightiest event.", ("cause",)
        ),
        Metric(
            SESSIONS_ENDED,
            "Sessions that are over, by why the phone began them and how they ended.",
            ("cause", "outcome"),
        ),
        Metric(
            SESSION_SECONDS,
            "From a session's Inform to its end.",
            ("outcome",),
            _HISTOGRAM,
            _SESSION_BUCKETS,
        ),
        Metric(SESSION_BYTES, "Bytes of messages in ended sessions, from and to phones.", ("direction",)),
        Metric(TIMEOUTS, "Sessions given up over a silent phone, by what it owed.", ("awaited",)),
        Metric(
            RPCS,
            "RPCs that were answered: by whom they were called, and with ok, a fault code or no answer.",
            ("caller", "method", "result"),
        ),
        Metric(TASKS, "Tasks that came into a state.", ("type", "state")),
        Metric(
            CONNECTION_REQUESTS,
            "Connection requests by way; came: the phone opened a session.",
            ("way", "outcome"),
        ),
        Metric(TRANSFERS, "File transfers of tasks that ended.", ("direction", "outcome")),
        Metric(FILE_REQUESTS, "Requests on the files port, uploads left out.", ("kind", "status")),
        Metric(FILE_BYTES, "Bytes of files that went to phones and came from them.", ("direction", "kind")),
        Metric(REFUSALS, "What was turned away at the phones' doors.", ("door",)),
        Metric(
            REDIS_SECONDS,
            "Round trips to Redis, as a server process waits for them.",
            (),
            _HISTOGRAM,
            _REDIS_BUCKETS,
        ),
        Metric(REDIS_LOSSES, "Connections to Redis that broke."),
        Metric(WEB_REQUESTS, "Requests on the web port.", ("area", "method", "status")),
        Metric(
            WEB_SECONDS,
            "From a request on the web port to its answer.",
            ("area",),
            _HISTOGRAM,
            _WEB_BUCKETS,
        ),
        Metric(JOBS, "Background jobs that ended.", ("job", "outcome")),
        Metric(JOB_SECONDS, "How long background jobs took.", ("job",), _HISTOGRAM, _JOB_BUCKETS),
    )
}


class Tally:
    """Counts, until they are taken."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[Key, float] = {}

    def count(self, name: str, *labels: str) -> None:
        key = (name, *labels)
        self._counts[key] = self._counts.get(key, 0) + 1

    def add(self, amount: float, name: str, *labels: str) -> None:
        key = (name, *labels)
        self._counts[key] = self._counts.get(key, 0) + amount

    def observe(self, value: float, name: str, *labels: str) -> None:
        """One observation of a histogram."""
        counts = self._counts
        bucket: Key = (name, *labels, bisect_left(CATALOGUE[name].buckets, value))
        counts[bucket] = counts.get(bucket, 0) + 1
        total: Key = (name, *labels, SUM)
        counts[total] = counts.get(total, 0) + value

    def take(self) -> dict[Key, float]:
        """All that was counted since the last time."""
        taken, self._counts = self._counts, {}
        return taken

    def give_back(self, taken: dict[Key, float]) -> None:
        """What was taken and could not be kept."""
        for key, amount in taken.items():
            self._counts[key] = self._counts.get(key, 0) + amount
