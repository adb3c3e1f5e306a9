"""Counts of all processes meet; a process that falls silent is left out."""

from __future__ import annotations

import pytest

from acs.fleet import metrics as catalogue
from acs.fleet.metrics import SUM
from acs.fleet.task import RebootWork, Task
from acs.store import metrics
from acs.store.metrics import Census, Report


def test_what_several_processes_add_is_summed_up(store):
    boot, seconds = (catalogue.INFORMS, "1 BOOT"), (catalogue.SESSION_SECONDS, "done")
    store.run(metrics.add({boot: 2, (*seconds, 0): 1, (*seconds, SUM): 0.25}))
    store.run(metrics.add({boot: 3, (*seconds, 14): 1, (*seconds, SUM): 2000.5}))
    found = store.run(metrics.totals())
    assert found == {boot: 5, (*seconds, 0): 1, (*seconds, 14): 1, (*seconds, SUM): 2000.75}


def test_large_counts_stay_exact(store):
    key = (catalogue.FILE_BYTES, "down", "task")
    store.run(metrics.add({key: 2.0**52}))
    store.run(metrics.add({key: 1.0}))
    assert store.run(metrics.totals()) == {key: 2**52 + 1}


def test_counts_that_the_catalogue_no_longer_has_are_left_out(store):
    store.run(metrics.add({("acs_of_yesterday", "x"): 1, (catalogue.INFORMS, "too", "many"): 1}))
    assert store.run(metrics.totals()) == {}


def test_tasks_that_came_into_a_state_are_counted(store):
    task = Task(id="1", device="d", work=RebootWork())
    store.run(metrics.entered([task, task]))
    assert store.run(metrics.totals()) == {(catalogue.TASKS, "reboot", "pending"): 2}


def test_a_process_is_known_by_its_last_report_until_it_leaves(store):
    for at in (1.0, 2.0):
        store.run(metrics.say(Report("b:2", "server", at, 0.5, 3.0, 4, 5)))
    store.run(metrics.say(Report("a:1", "worker", 2.0, 0.5, 3.0, 4, 5)))
    assert [(one.name, one.at) for one in store.run(metrics.reports())] == [("a:1", 2.0), ("b:2", 2.0)]
    store.run(metrics.leave("a:1"))
    assert [one.name for one in store.run(metrics.reports())] == ["b:2"]
    store.run_all(metrics.forget(["b:2"]))
    assert store.run(metrics.reports()) == []


def test_when_a_server_process_was_missing_is_known_by_its_end_and_by_its_successor(store):
    assert store.drive(metrics.missing_at()) == 0
    store.run(metrics.say(Report("a:1", "server", 9.0, 2.5, 3.0, 4, 5)))
    store.run(metrics.say(Report("a:2", "worker", 9.0, 8.0, 3.0, 4, 5)))
    assert store.drive(metrics.missing_at()) == 2.5
    store.run(metrics.died(5.25))
    assert store.drive(metrics.missing_at()) == 5.25
    store.run(metrics.say(Report("a:3", "server", 9.0, 6.0, 3.0, 4, 5)))
    assert store.drive(metrics.missing_at()) == 6


def test_the_census_is_empty_before_the_first(store):
    assert store.run(metrics.census()) == Census()
    store.run(metrics.put_census(Census(1.0, {"pending": 3})))
    assert store.run(metrics.census()).tasks == {"pending": 3}


@pytest.mark.parametrize("name", ["used_memory", "total_commands_processed", "used_cpu_user", "evicted_keys"])
def test_redis_says_what_the_metrics_want_of_it(store, name):
    assert float(store.run(metrics.redis_info())[name]) >= 0
