"""What is so at the moment of asking, as Prometheus' families. Names that end in `_total` only grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from acs.fleet.rollout.rollout import State
from acs.operations.metrics import Figures
from acs.store.metrics import Report

#: By metric: its help, and the name that Redis has for it. Counters are told from gauges by their ending.
_REDIS = {
    "acs_redis_memory_bytes": ("Memory that Redis uses for data.", "used_memory"),
    "acs_redis_memory_limit_bytes": ("Memory that Redis may use; 0 for all there is.", "maxmemory"),
    "acs_redis_clients": ("Connections to Redis.", "connected_clients"),
    "acs_redis_commands_total": ("Commands that Redis executed.", "total_commands_processed"),
    "acs_redis_cpu_user_seconds_total": ("CPU time of Redis in its own code.", "used_cpu_user"),
    "acs_redis_cpu_system_seconds_total": ("CPU time of Redis in the kernel.", "used_cpu_sys"),
    "acs_redis_evicted_keys_total": ("Keys that Redis threw away for lack of memory.", "evicted_keys"),
    "acs_redis_uptime_seconds": ("Since Redis was started.", "uptime_in_seconds"),
    "acs_redis_replicas": ("Replicas that follow Redis.", "connected_slaves"),
}

_TASK_STATES = ("pending", "running", "waiting")


def families(figures: Figures, version: str) -> Iterator[Metric]:
    yield _gauge("acs_build_info", "The version that is running.", {(version,): 1}, "version")
    yield _gauge("acs_disk_free_bytes", "Free space where files are kept.", {(): figures.disk.free})
    yield _gauge("acs_disk_size_bytes", "All space where files are kept.", {(): figures.disk.size})
    yield _gauge("acs_redis_up", "Whether Redis answers.", {(): figures.redis_up})
    if figures.redis_up:
        yield from _fleet(figures)
        yield from _rollouts(figures)
        yield from _processes(figures)
        yield from _redis(figures)


def _fleet(figures: Figures) -> Iterator[Metric]:
    yield _gauge("acs_devices", "Devices known to the fleet, online or not.", {(): figures.known_phones})
    yield _gauge("acs_phones", "Phones by presence.", _labelled(figures.phones), "state")
    census, queues = figures.census, figures.queues
    counted = {state: census.tasks.get(state, 0) for state in _TASK_STATES}
    yield _gauge("acs_tasks_open", "Open tasks by state, as last counted.", _labelled(counted), "state")
    yield _gauge("acs_tasks_counted_timestamp_seconds", "When open tasks were counted last.", {(): census.at})
    wakes = {"waiting": queues["wakes_waiting"], "under_way": queues["wakes_under_way"]}
    yield _gauge("acs_wakes", "Phones in the wake queue.", _labelled(wakes), "state")
    deliveries = {"waiting": queues["deliveries_waiting"], "given_up": queues["deliveries_given_up"]}
    yield _gauge("acs_webhook_calls", "Webhook calls to be made.", _labelled(deliveries), "state")
    yield _gauge("acs_alerts_open", "Open alerts.", {(): queues["alerts_open"]})
    jobs = {
        "waiting": queues["jobs_waiting"],
        "running": queues["jobs_running"],
        "failed": queues["jobs_failed"],
    }
    yield _gauge("acs_job_queue", "Background jobs in the queue.", _labelled(jobs), "state")


def _rollouts(figures: Figures) -> Iterator[Metric]:
    states = {str(state): figures.rollout_states.get(state, 0) for state in State}
    yield _gauge("acs_rollouts", "The newest rollouts by state.", _labelled(states), "state")
    phones: dict[tuple[str, ...], float] = {}
    waves: dict[tuple[str, ...], float] = {}
    told: dict[tuple[str, ...], float] = {}
    for one in figures.rollouts:
        phones |= {(one.id, outcome): number for outcome, number in one.phones.items()}
        waves |= {(one.id, "present"): one.wave, (one.id, "all"): one.waves}
        told[one.id, one.name, one.kind, one.state] = 1
    yield _gauge(
        "acs_rollout_phones", "Phones of rollouts under way, by outcome.", phones, "rollout", "outcome"
    )
    yield _gauge("acs_rollout_waves", "The present wave, and how many there are.", waves, "rollout", "which")
    yield _gauge("acs_rollout_info", "Rollouts under way.", told, "rollout", "name", "kind", "state")


def _processes(figures: Figures) -> Iterator[Metric]:
    every = figures.processes
    alive = {kind: sum(one.kind == kind for one in every) for kind in ("server", "worker")}
    yield _gauge("acs_processes", "Processes that were heard of lately.", _labelled(alive), "kind")
    active = sum(one.sessions for one in every)
    yield _gauge("acs_sessions_active", "Sessions with phones that are open now.", {(): active})
    labels = ("kind", "process")
    cpu = CounterMetricFamily("acs_process_cpu_seconds", "CPU time of a process.", labels=labels)
    for one in every:
        cpu.add_metric((one.kind, one.name), one.cpu_seconds)
    yield cpu
    facts: tuple[tuple[str, str, Callable[[Report], float]], ...] = (
        ("resident_bytes", "Memory of a process.", lambda one: one.resident_bytes),
        ("open_files", "Open descriptors of a process, connections among them.", lambda one: one.open_files),
        ("start_time_seconds", "When a process began.", lambda one: one.started_at),
        ("lag_seconds", "How late the timers of a server process ran lately.", lambda one: one.lag),
    )
    for name, text, read in facts:
        values: dict[tuple[str, ...], float] = {(one.kind, one.name): read(one) for one in every}
        yield _gauge(f"acs_process_{name}", text, values, *labels)


def _redis(figures: Figures) -> Iterator[Metric]:
    said = figures.redis
    for name, (text, theirs) in _REDIS.items():
        if theirs not in said:
            continue
        value = float(said[theirs])
        if name.endswith("_total"):
            yield CounterMetricFamily(name.removesuffix("_total"), text, value=value)
        else:
            yield _gauge(name, text, {(): value})
    saved = said.get("aof_last_write_status", "ok") == said.get("rdb_last_bgsave_status", "ok") == "ok"
    yield _gauge("acs_redis_persistence_ok", "Whether Redis' last writes to disk succeeded.", {(): saved})


def _labelled(values: dict[str, int]) -> dict[tuple[str, ...], float]:
    return {(label,): value for label, value in values.items()}


def _gauge(name: str, text: str, values: dict[tuple[str, ...], float], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for given, value in values.items():
        family.add_metric(given, value)
    return family
