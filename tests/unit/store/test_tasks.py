"""Tasks outside of sessions: put down, looked up, cancelled, changed while others change them too."""

from __future__ import annotations

from typing import Any

import pytest

from acs.fleet.device import Device
from acs.fleet.identity import device_key, task_id
from acs.fleet.task import DownloadWork, RebootWork, SetParameterValuesWork, Task, TaskState, TypedValue, Work
from acs.store import keyspace, tasks
from acs.store.codec import COMPRESS_FROM, encode
from acs.store.errors import StoreConflict

ID = "001565-CP860-0015651234AB"
KEY = device_key(ID)
PREFIX = keyspace.device_prefix(KEY)


def task(number: int, work: Work | None = None, **fields: Any) -> Task:
    identifier = task_id(KEY, number.to_bytes(6, "big"))
    return Task(id=identifier, device=ID, work=work or RebootWork(), created_at=float(number), **fields)


@pytest.fixture(autouse=True)
def known_device(store: Any) -> None:
    store.raw.set(PREFIX + keyspace.DEVICE, encode(Device(id=ID)))


def finish(store: Any, one: Task, stamp: str, state: TaskState = TaskState.DONE) -> tasks.Changed:
    call = tasks.change_tasks(KEY, stamp=stamp, tasks=[one.replace(state=state)], new_stamp=f"{stamp}+")
    changed: tasks.Changed = store.run(call)
    return changed


def test_a_task_is_found_again(store: Any) -> None:
    work = SetParameterValuesWork({"Device.A": True, "Device.B": TypedValue("x", "xsd:string")})
    new = task(1, work, priority=3)
    assert store.run(tasks.create(KEY, [new], stamp="one")) == "created"
    assert store.run(tasks.get(new.id)) == tasks.FoundTask(new, "one")


def test_there_is_no_task_for_an_unknown_device(store: Any) -> None:
    other = device_key("001565-CP860-UNKNOWN")
    stray = Task(id=task_id(other, b"000001"), device="001565-CP860-UNKNOWN", work=RebootWork())
    assert store.run(tasks.create(other, [stray], stamp="one")) == "unknown"
    assert store.run(tasks.get(stray.id)) is None


def test_a_device_has_only_so_many_open_tasks(store: Any) -> None:
    most = [task(number) for number in range(tasks.OPEN_CAP)]
    assert store.run(tasks.create(KEY, most, stamp="one")) == "created"
    assert store.run(tasks.create(KEY, [task(tasks.OPEN_CAP)], stamp="two")) == "full"
    assert store.run(tasks.get(task(0).id)).stamp == "one"
    finish(store, task(0), "one")
    assert store.run(tasks.create(KEY, [task(tasks.OPEN_CAP)], stamp="three")) == "created"


def test_an_unknown_task_is_not_found(store: Any) -> None:
    assert store.run(tasks.get(task(1).id)) is None
    assert store.drive(tasks.cancel(task(1).id, now=1, stamp="s")) == tasks.Cancelled("not_found")


def test_every_new_task_changes_the_stamp(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    store.run(tasks.create(KEY, [task(2)], stamp="two"))
    assert store.run(tasks.get(task(1).id)).stamp == "two"


def test_stamps_are_never_the_same_twice() -> None:
    assert len({tasks.fresh_stamp() for _ in range(1000)}) == 1000


# --- finished tasks -------------------------------------------------------------------------------------


def test_a_finished_task_can_be_looked_up_for_a_month(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    assert finish(store, task(1), "one") == tasks.Changed("ok", "")
    found = store.run(tasks.get(task(1).id))
    assert found == tasks.FoundTask(task(1, state=TaskState.DONE), "")
    key = PREFIX + keyspace.FINISHED_TASK + task(1).id.encode()
    assert tasks.FINISHED_LIFE - 60 < store.raw.ttl(key) <= tasks.FINISHED_LIFE


def test_a_large_result_is_compressed(store: Any) -> None:
    large = task(1, result={f"Device.Parameter{number}": "the same value" for number in range(200)})
    store.run(tasks.create(KEY, [large], stamp="one"))
    finish(store, large, "one")
    key = PREFIX + keyspace.FINISHED_TASK + large.id.encode()
    assert store.raw.strlen(key) < len(encode(large)) / 3
    assert len(encode(large)) > COMPRESS_FROM
    assert store.run(tasks.get(large.id)).task.result == large.result


def test_the_list_has_open_and_finished_tasks_newest_first(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1), task(2), task(3)], stamp="one"))
    finish(store, task(2), "one")
    listed = store.run(tasks.list_all(KEY))
    assert [one.id for one in listed] == [task(3).id, task(2).id, task(1).id]
    assert [one.state for one in listed] == [TaskState.PENDING, TaskState.DONE, TaskState.PENDING]


def test_a_finished_task_that_expired_is_left_out(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    finish(store, task(1), "one")
    store.raw.delete(PREFIX + keyspace.FINISHED_TASK + task(1).id.encode())
    assert store.run(tasks.list_all(KEY)) == []


def test_a_device_keeps_only_its_last_finished_tasks_in_the_list(store: Any) -> None:
    many = [task(number) for number in range(tasks.FINISHED_CAP + 10)]
    store.run(tasks.create(KEY, many, stamp="one"))
    done = [one.replace(state=TaskState.DONE) for one in many]
    store.run(tasks.change_tasks(KEY, stamp="one", tasks=done, new_stamp="two"))
    assert store.run(tasks.list_all(KEY)) == done[: -tasks.FINISHED_CAP - 1 : -1]


def test_a_forgotten_task_leaves_the_index_as_the_tasks_before_it_left_it(store: Any) -> None:
    first, second = task(1), task(2)
    store.run(tasks.create(KEY, [first, second], stamp="one"))
    for number, one in enumerate((first, second)):
        ended = one.replace(state=TaskState.FAILED, finished_at=10.0 + number)
        stamp = store.run(tasks.get(second.id)).stamp
        store.run(tasks.change_tasks(KEY, stamp=stamp, tasks=[ended], new_stamp=f"n{number}"))
    failed = keyspace.ended_tasks("failed")
    assert store.drive(tasks.forget(second)) is True
    assert store.drive(tasks.forget(second)) is False
    assert store.raw.zrange(failed, 0, -1) == [f"{ID} reboot".encode()]
    assert [one.id for one in store.run(tasks.list_all(KEY))] == [first.id]
    assert store.drive(tasks.forget(first)) is True
    assert store.raw.zcard(failed) == 0
    assert store.run(tasks.get(first.id)) is None


# --- cancelling -----------------------------------------------------------------------------------------


def test_a_pending_task_is_cancelled(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    cancelled = store.drive(tasks.cancel(task(1).id, now=9.0, stamp="two"))
    assert cancelled.outcome == "cancelled"
    assert cancelled.task == task(1, state=TaskState.CANCELLED, finished_at=9.0)
    assert store.run(tasks.get(task(1).id)).task == cancelled.task


@pytest.mark.parametrize("state", [TaskState.RUNNING, TaskState.WAITING, TaskState.DONE])
def test_a_task_that_has_started_is_not_cancelled(store: Any, state: TaskState) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    finish(store, task(1), "one", state)
    outcome = store.drive(tasks.cancel(task(1).id, now=9.0, stamp="two"))
    assert outcome == tasks.Cancelled("not_pending", task(1, state=state))


def test_a_task_is_cancelled_once(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    store.drive(tasks.cancel(task(1).id, now=9.0, stamp="two"))
    again = store.drive(tasks.cancel(task(1).id, now=10.0, stamp="three"))
    assert again == tasks.Cancelled("not_pending", task(1, state=TaskState.CANCELLED, finished_at=9.0))


# --- changing while others do ---------------------------------------------------------------------------


def test_a_change_on_an_old_stamp_writes_nothing_and_shows_what_is(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    store.run(tasks.create(KEY, [task(2)], stamp="two"))
    changed = finish(store, task(1), "one")
    assert (changed.outcome, changed.stamp) == ("conflict", "two")
    assert sorted(changed.tasks, key=lambda one: one.id) == [task(1), task(2)]
    assert store.run(tasks.get(task(1).id)).task == task(1)


def test_an_update_is_tried_again_when_somebody_was_faster(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    tries = []

    def note(seen: Task) -> Task:
        if not tries:  # between reading and writing, another task is put down
            store.raw.hset(PREFIX + keyspace.TASKS, mapping={"v": "two", task(2).id: encode(task(2))})
        tries.append(seen)
        return seen.noting(bytes_served=1)

    updated = store.drive(tasks.update(task(1).id, note, stamp="three"))
    assert len(tries) == 2
    assert updated.evidence == {"bytes_served": 1}
    assert {one.id for one in store.run(tasks.list_all(KEY))} == {task(1).id, task(2).id}


def test_an_update_that_is_always_outrun_gives_up(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    stamps = iter(range(1000))

    def disturbed(seen: Task) -> Task:
        store.raw.hset(PREFIX + keyspace.TASKS, "v", f"other{next(stamps)}")
        return seen.noting(bytes_served=1)

    with pytest.raises(StoreConflict, match=task(1).id):
        store.drive(tasks.update(task(1).id, disturbed, stamp="mine"))


def test_a_finished_task_is_never_updated(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1)], stamp="one"))
    finish(store, task(1), "one")
    late = store.drive(tasks.update(task(1).id, lambda seen: seen.noting(late=True), stamp="two"))
    assert late == task(1, state=TaskState.DONE)


# --- deadlines ------------------------------------------------------------------------------------------


def test_a_pending_task_is_due_when_it_expires_and_a_waiting_one_at_its_deadline(store: Any) -> None:
    store.run(tasks.create(KEY, [task(1, expires_at=50.0), task(2)], stamp="one"))
    waiting = task(2, state=TaskState.WAITING, deadline=20.0, expires_at=10.0)
    store.run(tasks.change_tasks(KEY, stamp="one", tasks=[waiting], new_stamp="two"))
    assert store.run(tasks.due_deadlines(19.9, 10)) == []
    assert store.run(tasks.due_deadlines(60.0, 10)) == [task(2).id, task(1).id]
    assert store.run(tasks.due_deadlines(60.0, 1)) == [task(2).id]
    store.run(tasks.remove_deadline(task(2).id))
    assert store.run(tasks.due_deadlines(60.0, 10)) == [task(1).id]


def test_a_running_task_is_its_sessions_business() -> None:
    assert tasks.due_at(task(1, state=TaskState.RUNNING, expires_at=1.0, deadline=2.0)) == 0
    assert tasks.register_deadlines([task(1), task(2, state=TaskState.DONE, expires_at=9.0)]) == ()


def test_a_deadline_stands_before_its_task_does(store: Any) -> None:
    """A crash in between leaves an entry without a task, not a task without a deadline."""
    call = tasks.create(KEY, [task(1, DownloadWork(file="fw"), expires_at=5.0)], stamp="one")
    for first in call.first:
        store.run(first)
    assert store.run(tasks.due_deadlines(10.0, 10)) == [task(1).id]
    assert store.run(tasks.get(task(1).id)) is None
