"""One session a device, a new Inform wins, and every step is written whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from acs.cwmp.session import Session, begin, stored
from acs.fleet.changes import Changes, TimelineEntry
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.learning import LearningState
from acs.fleet.task import RebootWork, Task, TaskState
from acs.store import devices, keyspace, sessions, tasks, timeline, trees

from .conftest import put_notes  # isort: skip

ID = "001565-CP860-0015651234AB"
KEY = device_key(ID)
NAMESPACE = "urn:dslforum-org:cwmp-1-0"


def device(**fields: Any) -> Device:
    return Device(id=ID, oui="001565", product_class="CP860", software_version="37.72.0.5", **fields)


def new_session(number: int = 1) -> Session:
    return begin(f"{KEY}{number:016x}", NAMESPACE, now=1000.0 + number)


def reboot(number: int = 1, **fields: Any) -> Task:
    return Task(id=f"{KEY}{number:012x}", device=ID, work=RebootWork(), created_at=float(number), **fields)


def save(store: Any, session: Session, *, over: Session, stamp: str = "", **fields: Any) -> sessions.Saved:
    """One step of `session`, written over the step `over`."""
    tree = fields.pop("tree", None)
    register = fields.pop("register", False)
    call = sessions.save(
        KEY,
        sid=over.sid,
        seq=over.seq,
        stamp=stamp,
        session=session,
        changes=Changes(**fields),
        tree=tree,
        register=register,
    )
    saved: sessions.Saved = store.run(call)
    return saved


def close(store: Any, session: Session, *, stamp: str = "", **fields: Any) -> sessions.Saved:
    call = sessions.close(KEY, sid=session.sid, seq=session.seq, stamp=stamp, changes=Changes(**fields))
    saved: sessions.Saved = store.run(call)
    return saved


def everything(store: Any) -> dict[bytes, Any]:
    """All that Redis holds, key by key."""
    return {key: store.raw.dump(key) for key in store.raw.scan_iter()}


# --- from Inform to end ---------------------------------------------------------------------------------


def test_a_first_contact_finds_nothing(store: Any) -> None:
    opened = store.run(sessions.open_session(KEY, new_session()))
    assert opened == sessions.Opened(None, OperatorNotes(), (), "", None, None)


def test_a_session_leaves_behind_what_it_learnt(store: Any) -> None:
    """Device, learning state, timeline, tree and index, with the step; the next Inform finds them."""
    first = new_session(1)
    store.run(sessions.open_session(KEY, first))
    step = stored(first)
    entry = TimelineEntry(1001.0, "inform", "came for the first time", {"events": ["0 BOOTSTRAP"]})
    learning = LearningState()
    saved = save(
        store,
        step,
        over=first,
        device=device(),
        learning=learning,
        timeline=(entry,),
        tree=b"tree",
        register=True,
    )
    assert saved == sessions.Saved("ok")
    assert close(store, step, learning_over=True).outcome == "ok"

    opened = store.run(sessions.open_session(KEY, new_session(2)))
    assert (opened.device, opened.learning, opened.previous) == (device(), None, None)
    assert store.run(timeline.read(KEY)) == [entry]
    assert store.run(trees.get_tree(KEY)) == b"tree"
    assert store.run(devices.ids(limit=10)) == [ID]


def test_what_did_not_change_stays(store: Any) -> None:
    first = new_session()
    store.run(sessions.open_session(KEY, first))
    save(store, stored(first), over=first, device=device(ip="10.0.0.1"), learning=LearningState(), tree=b"t")
    second = stored(stored(first))
    save(store, second, over=stored(first))
    loaded = store.run(sessions.load_session(KEY))
    assert loaded == sessions.Loaded(second, device(ip="10.0.0.1"), OperatorNotes(), (), "", LearningState())
    assert store.run(trees.get_tree(KEY)) == b"t"


def test_another_process_goes_on_where_the_first_one_stopped(store: Any) -> None:
    session = new_session()
    store.run(sessions.open_session(KEY, session))
    loaded = store.run(sessions.load_session(KEY))
    assert loaded.session == session
    assert save(store, stored(loaded.session), over=loaded.session).outcome == "ok"


def test_a_device_without_a_session_has_none_to_load(store: Any) -> None:
    assert store.run(sessions.load_session(KEY)) is None
    session = new_session()
    store.run(sessions.open_session(KEY, session))
    close(store, session)
    assert store.run(sessions.load_session(KEY)) is None


def test_operator_notes_come_along_and_are_never_written_by_a_session(store: Any) -> None:
    notes = OperatorNotes(tags=("site7",), label="reception")
    store.run(put_notes(KEY, notes))
    session = new_session()
    assert store.run(sessions.open_session(KEY, session)).notes == notes
    close(store, session, device=device())
    assert store.run(devices.get(KEY)).notes == notes


def test_a_session_nobody_goes_on_with_expires(store: Any) -> None:
    session = new_session()
    store.run(sessions.open_session(KEY, session, ttl=60))
    key = keyspace.device_prefix(KEY) + keyspace.SESSION
    assert 0 < store.raw.ttl(key) <= 60
    save(store, stored(session), over=session)
    assert 60 < store.raw.ttl(key) <= sessions.SESSION_LIFE


def test_a_step_must_follow_the_one_before() -> None:
    session = new_session()
    for follower in (session, structs.replace(stored(session), sid=new_session(2).sid)):
        with pytest.raises(ValueError, match="cannot follow"):
            sessions.save(KEY, sid=session.sid, seq=1, stamp="", session=follower, changes=Changes())


# --- a new Inform wins ----------------------------------------------------------------------------------


def test_a_new_inform_replaces_a_hanging_session_and_says_which(store: Any) -> None:
    old, new = new_session(1), new_session(2)
    store.run(sessions.open_session(KEY, old))
    assert store.run(sessions.open_session(KEY, new)).previous == old
    assert store.run(sessions.load_session(KEY)).session == new


def test_an_older_session_does_not_end_the_new_one(store: Any) -> None:
    """Nor with the least it could write: a heartbeat's record."""
    old, new = new_session(1), new_session(2)
    store.run(sessions.open_session(KEY, old))
    store.run(sessions.open_session(KEY, new))
    before = everything(store)
    assert close(store, old, device=device()) == sessions.Saved("superseded")
    assert close(store, old) == sessions.Saved("superseded")
    assert everything(store) == before


@pytest.mark.parametrize("end", [False, True])
def test_the_older_session_writes_nothing_any_more(store: Any, end: bool) -> None:
    old, new = new_session(1), new_session(2)
    store.run(sessions.open_session(KEY, old))
    store.run(sessions.open_session(KEY, new))
    before = everything(store)
    changes: dict[str, Any] = {
        "device": device(),
        "tasks": (reboot(), reboot(2, state=TaskState.DONE)),
        "timeline": (TimelineEntry(1, "session", "late"),),
        "learning": LearningState(),
    }
    saved = close(store, old, **changes) if end else save(store, stored(old), over=old, **changes)
    assert saved == sessions.Saved("superseded")
    assert everything(store) == before


def test_of_two_processes_in_one_session_one_wins_each_step(store: Any) -> None:
    """Both loaded the same step and both claim the task: its request goes out once."""
    session = new_session()
    store.run(sessions.open_session(KEY, session))
    close(store, session, device=device())
    store.run(tasks.create(KEY, [reboot()], stamp="one"))
    session = new_session(2)
    opened = store.run(sessions.open_session(KEY, session))
    claimed = opened.tasks[0].replace(state=TaskState.RUNNING, attempts=1, session=session.sid)
    call = sessions.save(
        KEY,
        sid=session.sid,
        seq=session.seq,
        stamp=opened.stamp,
        session=stored(session),
        changes=Changes(tasks=(claimed,)),
    )
    outcomes = [saved.outcome for saved in store.run_all([call, call])]
    assert outcomes == ["ok", "superseded"]


def test_a_closed_session_cannot_be_saved(store: Any) -> None:
    session = new_session()
    store.run(sessions.open_session(KEY, session))
    close(store, session)
    assert save(store, stored(session), over=session).outcome == "superseded"
    assert close(store, session).outcome == "superseded"


def test_a_session_that_expired_cannot_be_saved_and_its_task_is_not_lost(store: Any) -> None:
    session = new_session()
    store.run(sessions.open_session(KEY, session))
    running = reboot(state=TaskState.RUNNING, session=session.sid)
    save(store, stored(session), over=session, device=device(), tasks=(running,))
    store.raw.delete(keyspace.device_prefix(KEY) + keyspace.SESSION)
    done = running.replace(state=TaskState.DONE)
    assert save(store, stored(stored(session)), over=stored(session), tasks=(done,)).outcome == "superseded"
    opened = store.run(sessions.open_session(KEY, new_session(2)))
    assert opened.tasks == (running,)


# --- tasks that change under a session ------------------------------------------------------------------


@pytest.fixture
def session(store: Any) -> Session:
    """A session of a known device without tasks."""
    first = new_session(1)
    store.run(sessions.open_session(KEY, first))
    close(store, first, device=device())
    second = new_session(2)
    store.run(sessions.open_session(KEY, second))
    return second


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_a_task_put_down_meanwhile_is_handed_over_and_nothing_is_written(
    store: Any, session: Session, end: bool, told: bool
) -> None:
    task = reboot()
    assert store.run(tasks.create(KEY, [task], stamp="fresh"))
    before = everything(store)
    changes: dict[str, Any] = {"device": device(ip="10.9.9.9")}
    if told:
        changes["timeline"] = (TimelineEntry(1, "session", "ended"),)
    saved = close(store, session, **changes) if end else save(store, stored(session), over=session, **changes)
    assert saved == sessions.Saved("tasks_changed", "fresh", (task,))
    assert everything(store) == before
    assert close(store, session, stamp=saved.stamp).outcome == "ok"


def test_a_task_cancelled_meanwhile_is_not_claimed(store: Any, session: Session) -> None:
    task = reboot()
    store.run(tasks.create(KEY, [task], stamp="one"))
    assert store.drive(tasks.cancel(task.id, now=5.0, stamp="two")).outcome == "cancelled"
    claimed = task.replace(state=TaskState.RUNNING)
    saved = save(store, stored(session), over=session, stamp="one", tasks=(claimed,))
    assert saved == sessions.Saved("tasks_changed", "", ())
    assert store.run(tasks.get(task.id)).task.state is TaskState.CANCELLED


def test_evidence_brought_meanwhile_is_not_overwritten(store: Any, session: Session) -> None:
    """The file server counts bytes while the session runs."""
    task = reboot(state=TaskState.WAITING)
    store.run(tasks.create(KEY, [task], stamp="one"))
    store.drive(tasks.update(task.id, lambda seen: seen.noting(bytes_served=7), stamp="two"))
    done = task.replace(state=TaskState.DONE)
    saved = save(store, stored(session), over=session, stamp="one", tasks=(done,))
    assert saved.outcome == "tasks_changed"
    assert saved.tasks[0].evidence == {"bytes_served": 7}


def test_a_session_that_wrote_tasks_knows_their_stamp(store: Any, session: Session) -> None:
    step = stored(session)
    saved = save(store, step, over=session, tasks=(reboot(),))
    assert saved.outcome == "ok"
    assert saved.stamp
    following = stored(step)
    again = save(store, following, over=step, stamp=saved.stamp, tasks=(reboot(state=TaskState.RUNNING),))
    assert again.outcome == "ok"
    assert again.stamp != saved.stamp


def test_a_change_from_outside_loses_against_a_session_that_was_faster(store: Any, session: Session) -> None:
    """What was decided on the task as it was is decided again on the task as it is."""
    task = reboot(state=TaskState.WAITING)
    saved = save(store, stored(session), over=session, tasks=(task,))
    seen = store.run(tasks.get(task.id))
    step = stored(stored(session))
    done = task.replace(state=TaskState.DONE)
    save(store, step, over=stored(session), stamp=saved.stamp, tasks=(done,))
    late = tasks.change_tasks(KEY, stamp=seen.stamp, tasks=[task.noting(bytes_served=7)], new_stamp="late")
    assert store.run(late).outcome == "conflict"
    assert store.run(tasks.get(task.id)).task == done


def test_a_finished_task_leaves_the_open_ones(store: Any, session: Session) -> None:
    one, other = reboot(1), reboot(2)
    saved = save(store, stored(session), over=session, tasks=(one, other))
    done = one.replace(state=TaskState.DONE, finished_at=3.0)
    step = stored(stored(session))
    saved = save(store, step, over=stored(session), stamp=saved.stamp, tasks=(done,))
    assert store.run(sessions.load_session(KEY)).tasks == (other,)
    failed = other.replace(state=TaskState.FAILED, finished_at=4.0)
    saved = close(store, step, stamp=saved.stamp, tasks=(failed,))
    assert saved == sessions.Saved("ok", "")
    assert not store.raw.exists(keyspace.device_prefix(KEY) + keyspace.TASKS)
    assert store.run(tasks.list_all(KEY)) == [failed, done]


def test_deadlines_of_tasks_are_noted_with_the_step(store: Any, session: Session) -> None:
    waiting = reboot(state=TaskState.WAITING, deadline=50.0)
    save(store, stored(session), over=session, tasks=(waiting,))
    assert store.run(tasks.due_deadlines(49.0, 10)) == []
    assert store.run(tasks.due_deadlines(50.0, 10)) == [waiting.id]


def test_the_timeline_is_capped(store: Any, session: Session) -> None:
    entries = tuple(TimelineEntry(float(number), "inform", "x") for number in range(timeline.CAP + 5))
    save(store, stored(session), over=session, timeline=entries)
    kept = store.run(timeline.read(KEY))
    assert [entry.at for entry in kept] == [float(number) for number in range(timeline.CAP + 4, 4, -1)]
