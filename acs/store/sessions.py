"""A device's session and all that it decides, each step one script and one round trip.

A new Inform wins: `open_session` replaces whatever session there was. From then on every write names the
session (sid), how far it had come (seq) and the stamp of the open tasks it was decided on. Where one of
them is no longer what Redis has, nothing at all is written: an older session, or a second process that went
on with the same one, is `superseded`; tasks that an operator or the file server changed meanwhile come back
fresh (`tasks_changed`), and the step is decided again.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from acs.cwmp.session import Session
from acs.fleet.changes import Changes
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.layers import Layer
from acs.fleet.learning import LearningState
from acs.fleet.task import Task
from acs.store import (
    codec,
    devices,
    events,
    indexes,
    keyspace,
    known_keys,
    layers,
    rollout_notes,
    tasks,
    timeline,
)
from acs.store.calls import Call, Part, script, scripted

#: How long a session is kept that nobody goes on with, in seconds: longer than any phone is waited for
#: (`acs.cwmp.session.Patience`), so that its end is found by the server and not by Redis.
SESSION_LIFE = 1800

_OPEN = script("open_session")
_LOAD = script("load_session")
_SAVE = script("save_session", using=("write_tasks",))
_CLOSE_QUIET = script("close_quiet_session")


class Opened(Struct, frozen=True):
    """What is known of a device when its Inform comes in. `device` is None at first contact."""

    device: Device | None
    notes: OperatorNotes
    tasks: tuple[Task, ...]
    stamp: str
    learning: LearningState | None
    #: the session that this one replaced; None where the last one was closed
    previous: Session | None
    #: the phone's own layer of desired configuration, None where it has none
    layer: Layer | None = None


class Loaded(Struct, frozen=True):
    """A session another process began, with what it needs to go on."""

    session: Session
    device: Device | None
    notes: OperatorNotes
    tasks: tuple[Task, ...]
    stamp: str
    learning: LearningState | None
    layer: Layer | None = None


class Saved(Struct, frozen=True):
    """How a write went. `stamp` is the open tasks' now; `tasks` are given with `tasks_changed` only."""

    outcome: Literal["ok", "superseded", "tasks_changed"]
    stamp: str = ""
    tasks: tuple[Task, ...] = ()


_NO_NOTES = OperatorNotes()
_SUPERSEDED = Saved("superseded")
_OK_NO_TASKS = Saved("ok")


def open_session(key: str, session: Session, *, ttl: int = SESSION_LIFE) -> Call[Opened]:
    """Begin a session of the device with this key, in place of any other; load what is known of it."""
    return Call(
        (
            b"EVALSHA",
            _OPEN.sha,
            b"6",
            *_loaded_keys(keyspace.device_prefix(key)),
            codec.encode_session(session),
            ttl,
        ),
        _decode_opened,
        _OPEN,
    )


def load_session(key: str) -> Call[Loaded | None]:
    """The session of the device with this key; None when it has none."""
    return scripted(_LOAD, _loaded_keys(keyspace.device_prefix(key)), (), _decode_loaded)


def save(
    key: str,
    *,
    sid: str,
    seq: int,
    stamp: str,
    session: Session,
    changes: Changes,
    tree: bytes | None = None,
    ttl: int = SESSION_LIFE,
    register: bool = False,
    index: bool = False,
) -> Call[Saved]:
    """Write one step: `session` (its seq must be greater than `seq`) with everything in `changes`.

    `sid` and `seq` are those of the session as it is stored now. `changes.profile` and `changes.parameters`
    are not written here: the profile belongs to the model (`acs.store.profiles`), the parameters come as
    `tree` (`acs.store.trees`). `register` puts the device into the list of devices: set it for a device
    seen first. `index`: what selectors find it by has changed (`acs.store.indexes.same`).
    """
    if session.sid != sid or session.seq <= seq:
        raise ValueError(
            f"step {session.seq} of session {session.sid} cannot follow step {seq} of session {sid}"
        )
    return _write(
        key,
        sid,
        seq,
        stamp,
        codec.encode_session(session),
        f"{sid}{session.seq}",
        changes,
        tree,
        ttl,
        register,
        index,
    )


def close(
    key: str,
    *,
    sid: str,
    seq: int,
    stamp: str,
    changes: Changes,
    tree: bytes | None = None,
    register: bool = False,
    index: bool = False,
) -> Call[Saved]:
    """As `save`, but the session ends. Refuses with `tasks_changed` too: there may be work to do now."""
    if _quiet(changes) and not tree and not (register or index):
        prefix = keyspace.device_prefix(key)
        device = b"" if changes.device is None else codec.encode(changes.device)
        parts = (
            b"EVALSHA",
            _CLOSE_QUIET.sha,
            b"3",
            prefix + keyspace.SESSION,
            prefix + keyspace.TASKS,
            prefix + keyspace.DEVICE,
            codec.session_prefix(sid, seq),
            stamp,
            device,
        )
        return Call(parts, _decode_saved, _CLOSE_QUIET)
    return _write(key, sid, seq, stamp, b"", f"{sid}{seq}.", changes, tree, 0, register, index)


def _quiet(changes: Changes) -> bool:
    """Whether nothing is to be written but the device's record: a heartbeat."""
    return not (
        changes.tasks
        or changes.timeline
        or changes.known
        or changes.events
        or changes.learning is not None
        or changes.learning_over
    )


def _loaded_keys(prefix: bytes) -> tuple[bytes, ...]:
    return (
        prefix + keyspace.SESSION,
        prefix + keyspace.DEVICE,
        prefix + keyspace.NOTES,
        prefix + keyspace.LEARNING,
        prefix + keyspace.TASKS,
        prefix + keyspace.LAYER,
    )


def _write(
    key: str,
    sid: str,
    seq: int,
    stamp: str,
    session: bytes,
    new_stamp: str,
    changes: Changes,
    tree: bytes | None,
    ttl: int,
    register: bool,
    index: bool,
) -> Call[Saved]:
    prefix = keyspace.device_prefix(key)
    entries = changes.timeline
    if changes.learning_over:
        learning = b"-"
    else:
        learning = b"" if changes.learning is None else codec.encode(changes.learning)
    keys: tuple[bytes, ...] = (
        prefix + keyspace.SESSION,
        prefix + keyspace.DEVICE,
        prefix + keyspace.LEARNING,
        prefix + keyspace.TREE,
        prefix + keyspace.TIMELINE,
    )
    arguments: tuple[Part, ...] = (
        codec.session_prefix(sid, seq),
        stamp,
        session,
        ttl,
        b"" if changes.device is None else codec.encode(changes.device),
        learning,
        tree or b"",
        timeline.CAP,
        len(entries),
        *map(codec.encode_entry, entries),
    )
    first: tuple[Call[Any], ...] = tuple(known_keys.put(key, changes.known))
    if register and changes.device is not None:
        first += (devices.register(changes.device.id),)
    if (register or index) and changes.device is not None:
        first += (indexes.put(changes.device),)
    if changes.events:
        first += (events.push(changes.events),)
    if changes.tasks:
        task_keys, task_arguments = tasks.written(prefix, changes.tasks, new_stamp)
        keys += task_keys
        arguments += (b"1", *task_arguments)
        first += (
            *tasks.register_deadlines(changes.tasks),
            *indexes.note_ends(changes.tasks),
            *rollout_notes.told(changes.tasks),
        )
    else:
        keys += (prefix + keyspace.TASKS,)
        arguments += (b"0",)
    return Call((b"EVALSHA", _SAVE.sha, len(keys), *keys, *arguments), _decode_saved, _SAVE, first)


def _decode_opened(answer: list[Any]) -> Opened:
    previous, (device, notes, learning, layer), flat = answer
    stamp, open_tasks = codec.decode_open_tasks(flat)
    return Opened(
        None if device is None else codec.decode_device(device),
        _NO_NOTES if notes is None else codec.decode_notes(notes),
        open_tasks,
        stamp,
        None if learning is None else codec.decode_learning(learning),
        None if previous is None else codec.decode_session(previous),
        layers.decode(layer),
    )


def _decode_loaded(answer: list[Any] | None) -> Loaded | None:
    if answer is None:
        return None
    known = _decode_opened(answer)
    if known.previous is None:
        return None
    return Loaded(
        known.previous, known.device, known.notes, known.tasks, known.stamp, known.learning, known.layer
    )


def _decode_saved(answer: list[Any]) -> Saved:
    code = answer[0]
    if code == 1:
        return Saved("ok", answer[1].decode()) if answer[1] else _OK_NO_TASKS
    if code == 0:
        return _SUPERSEDED
    stamp, open_tasks = codec.decode_open_tasks(answer[2])
    return Saved("tasks_changed", stamp, open_tasks)
