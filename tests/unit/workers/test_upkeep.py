"""Tasks whose time is over, and files that nobody refers to. Each job may run twice, and be lost half-way."""

import os
import time
from hashlib import sha256

import pytest
from rq import Queue, SimpleWorker

from acs.fleet.device import Device
from acs.fleet.identity import device_key, task_id
from acs.fleet.task import RebootWork, Task, TaskState
from acs.store import codec, devices, files, indexes, tasks, timeline
from workers import upkeep
from workers.timetable import QUEUE

PHONE = "001565-CP860-1"
KEY = device_key(PHONE)
LONG_AGO = 1_700_000_000.0


@pytest.fixture
def known_phone(runner, redis):
    """The least that the store takes for a device: tasks are refused for an unknown one."""
    redis.set(f"acs:{{{KEY}}}:d", b"\x91" + Device(PHONE).id.encode())


def put_down(runner, **what):
    task = Task(id=task_id(KEY, os.urandom(6)), device=PHONE, work=RebootWork(), created_at=LONG_AGO, **what)
    assert runner.run(tasks.create(KEY, [task], stamp=tasks.fresh_stamp()))
    return task.id


def state(runner, identifier):
    return runner.run(tasks.get(identifier)).task.state


def test_a_pending_task_expires(runner, known_phone):
    late = put_down(runner, expires_at=LONG_AGO + 60)
    assert upkeep.expire_overdue_tasks() == {"due": 1, "ended": 1}
    assert state(runner, late) is TaskState.EXPIRED
    assert runner.run(timeline.read(KEY))


def test_a_waiting_task_is_given_up(runner, known_phone):
    late = put_down(runner, state=TaskState.WAITING, deadline=LONG_AGO + 60)
    upkeep.expire_overdue_tasks()
    assert not runner.run(tasks.get(late)).task.open


def test_a_running_task_may_still_be_answered_so_its_deadline_is_kept(runner, known_phone):
    running = put_down(runner, expires_at=time.time() - 1)
    started = time.time()
    runner.drive(
        tasks.update(
            running,
            lambda task: task.replace(state=TaskState.RUNNING, started_at=started),
            stamp=tasks.fresh_stamp(),
        )
    )
    for _ in range(2):
        assert upkeep.expire_overdue_tasks() == {"due": 1, "ended": 0}
    assert state(runner, running) is TaskState.RUNNING


def test_a_task_that_still_has_time_is_left_alone(runner, known_phone):
    early = put_down(runner, expires_at=time.time() + 3600)
    assert upkeep.expire_overdue_tasks() == {"due": 0, "ended": 0}
    assert state(runner, early) is TaskState.PENDING


def test_a_second_run_finds_nothing(runner, known_phone):
    put_down(runner, expires_at=LONG_AGO + 60)
    upkeep.expire_overdue_tasks()
    assert upkeep.expire_overdue_tasks() == {"due": 0, "ended": 0}


def test_a_deadline_without_a_task_is_removed(runner):
    gone = Task(id=task_id(KEY, os.urandom(6)), device=PHONE, work=RebootWork(), expires_at=LONG_AGO)
    runner.run_all(tasks.register_deadlines((gone,)))
    assert upkeep.expire_overdue_tasks() == {"due": 1, "ended": 0}
    assert upkeep.expire_overdue_tasks() == {"due": 0, "ended": 0}


def test_a_deadline_that_was_moved_stays(runner, known_phone):
    moved = put_down(runner, expires_at=LONG_AGO + 60)
    later = time.time() + 3600
    runner.drive(tasks.update(moved, lambda task: task.replace(expires_at=later), stamp=tasks.fresh_stamp()))
    runner.run_all(tasks.register_deadlines((Task(id=moved, device="", work=RebootWork(), expires_at=1.0),)))
    assert upkeep.expire_overdue_tasks() == {"due": 1, "ended": 0}
    assert state(runner, moved) is TaskState.PENDING
    assert runner.run(tasks.due_deadlines(later + 1, 10)) == [moved]


def stored(directory, content, age):
    digest = sha256(content).hexdigest()
    path = directory / "files" / digest
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return digest, path


def test_contents_without_a_name_are_removed_when_they_are_old(runner, tmp_path):
    _, old = stored(tmp_path, b"old", upkeep.UNNAMED_LIFE + 60)
    _, new = stored(tmp_path, b"new", 60)
    digest, named = stored(tmp_path, b"named", upkeep.UNNAMED_LIFE + 60)
    runner.run(files.put(files.StoredFile("firmware.rom", digest, 5)))
    assert upkeep.prune_files() == {"abandoned": 0, "unnamed": 1}
    assert (old.exists(), new.exists(), named.exists()) == (False, True, True)


def test_broken_transfers_are_removed_after_a_day(runner, tmp_path):
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, age in (("abandoned", upkeep.INCOMING_LIFE + 60), ("under-way", 3600)):
        (incoming / name).write_bytes(b"part")
        os.utime(incoming / name, (time.time() - age,) * 2)
    assert upkeep.prune_files() == {"abandoned": 1, "unnamed": 0}
    assert [path.name for path in incoming.iterdir()] == ["under-way"]


def test_a_data_directory_without_files_is_nothing_to_do(runner):
    assert upkeep.prune_files() == {"abandoned": 0, "unnamed": 0}


def test_a_worker_runs_a_job_by_its_dotted_name(runner, redis):
    queue = Queue(QUEUE, connection=redis)
    job = queue.enqueue("workers.upkeep.expire_overdue_tasks")
    SimpleWorker([queue], connection=redis).work(burst=True, logging_level="ERROR")
    assert job.return_value() == {"due": 0, "ended": 0}


def test_phones_that_the_index_lacks_are_put_into_it(runner, redis):
    redis.set(f"acs:{{{KEY}}}:d", codec.encode(Device(PHONE)))
    runner.run(devices.register(PHONE))
    assert upkeep.repair_indexes() == {"looked_at": 2, "repaired": 1}
    assert runner.run(indexes.entries([PHONE.encode()])) == [indexes.entry(Device(PHONE)).encode()]
    assert upkeep.repair_indexes() == {"looked_at": 2, "repaired": 0}
