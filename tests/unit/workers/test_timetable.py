"""Every worker asks for what is due; each run is enqueued once."""

from importlib import import_module

import pytest
from rq import Queue

from acs.store import keyspace
from workers.queues import QUEUES
from workers.timetable import QUEUE, TIMETABLE, Entry, enqueue, until_due

EVERY_MINUTE = Entry("workers.upkeep.prune_files", every=60)


def test_two_workers_enqueue_one_run(redis):
    queue = Queue(QUEUE, connection=redis)
    assert enqueue(EVERY_MINUTE, queue, now=600.0)
    assert not enqueue(EVERY_MINUTE, Queue(QUEUE, connection=redis), now=659.9)
    assert queue.count == 1


def test_the_next_interval_is_a_run_of_its_own(redis):
    queue = Queue(QUEUE, connection=redis)
    assert enqueue(EVERY_MINUTE, queue, now=600.0)
    assert enqueue(EVERY_MINUTE, queue, now=660.0)
    assert queue.count == 2


def test_the_timetable_sleeps_until_the_first_interval_begins():
    assert until_due(610.0, (EVERY_MINUTE, Entry("x", every=45))) == 20.0


@pytest.mark.parametrize("entry", TIMETABLE, ids=lambda entry: entry.function)
def test_every_entry_names_a_function(entry):
    module, _, name = entry.function.rpartition(".")
    assert callable(getattr(import_module(module), name))


def test_what_watches_phones_comes_before_what_goes_over_the_fleet():
    by_name = {entry.function: QUEUES.index(entry.queue) for entry in TIMETABLE}
    long = [queue for name, queue in by_name.items() if "repair" in name or "prune" in name]
    assert by_name["workers.presence.look"] < min(long)
    assert [name.encode() for name in QUEUES] == list(keyspace.JOB_QUEUES)
