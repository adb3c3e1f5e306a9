"""The index of phones for selectors: what is tested most, and sets of phones that have it in common.

An entry of a phone has three parts: facts, the names of the sets it is in, more facts. A script compares it
with the last one and moves the phone between sets, so writing it twice or late does no harm. The same script
keeps a text of each phone, in which words are looked for (`acs.store.texts`). It is written
just before the record that it is made from, and only when that differs in what is indexed: most sessions
write none. The index lies in another slot than the record, so a crash may leave an entry that is ahead of its
record; upkeep compares them (`acs.store.index_repair`).

Phones of one model and firmware are one set; the sets of a model, or of a range of firmware, are found on the
list of sets. How tasks ended is kept beside the entries, because tasks end at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from acs.fleet.attributes import EXTENSION, mac_of
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.selector import drivers
from acs.fleet.selector.drivers import Directory, Pair, Site, Tag
from acs.fleet.selector.facts import Facts
from acs.fleet.selector.fields import ENDED
from acs.fleet.selector.values import site_of
from acs.fleet.task import Task, TaskState
from acs.store import keyspace
from acs.store.calls import Call, nothing, script, scripted, truth

_PUT = script("index_entry")

#: Between the parts of an entry, between names of sets (and of groups), and between facts.
PART = "\x1d"
_NAME = "\x1e"
FACT = "\x1f"

#: Ends a text that has other letters than ASCII, or an id with an escaped character.
OTHER_LETTERS = "\x1c"

#: What would be taken for a separator in what phones and people say.
_SAFE = {ord(separator): " " for separator in (PART, _NAME, FACT, OTHER_LETTERS)}

_PAIR, _SITE, _TAG = "p:", "i:", "t:"


# --- entries --------------------------------------------------------------------------------------------


def same(before: Device | None, after: Device) -> bool:
    """Whether both have the same entry; None has none."""
    return (
        before is not None
        and before.ip == after.ip
        and before.software_version == after.software_version
        and before.product_class == after.product_class
        and before.hardware_version == after.hardware_version
        and mac_of(before) == mac_of(after)
    )


def entry(device: Device) -> str:
    model, firmware, hardware, address = (
        text.translate(_SAFE)
        for text in (device.product_class, device.software_version, device.hardware_version, device.ip)
    )
    site = site_of(address)
    sets = f"{_SITE}{site}{_NAME}" if site else ""
    return f"{address}{PART}{sets}{_PAIR}{model}{FACT}{firmware}{PART}{hardware}{FACT}{mac_of(device)}"


def notes_entry(notes: OperatorNotes) -> str:
    """ "" for a phone of which nothing is noted that is looked for."""
    label, extension = (text.translate(_SAFE) for text in (notes.label, notes.attributes.get(EXTENSION, "")))
    if not (notes.tags or notes.groups or label or extension):
        return ""
    sets = _NAME.join(_TAG + tag for tag in notes.tags)
    return f"{PART}{sets}{PART}{_NAME.join(notes.groups)}{FACT}{label}{FACT}{extension}"


def put(device: Device) -> Call[bool]:
    """Index what the phone's record says; True if that was new."""
    return put_entry(device.id, entry(device))


def put_notes(device_id: str, notes: OperatorNotes) -> Call[bool]:
    return put_entry(device_id, notes_entry(notes), of_notes=True)


def put_entry(device_id: str, text: str, *, of_notes: bool = False) -> Call[bool]:
    """Index this entry; "" forgets what there was."""
    keys = (keyspace.INDEXED_DEVICES, keyspace.INDEXED_NOTES)
    sets = (keyspace.INDEX_SETS, keyspace.INDEX_LISTS)
    arguments = (device_id, text, *sets, PART, _NAME, "1" if of_notes else "", OTHER_LETTERS)
    return scripted(_PUT, (*(keys[::-1] if of_notes else keys), keyspace.INDEX_TEXTS), arguments, truth)


def forget(device_id: str) -> list[Call[Any]]:
    """The phone is in no set any more."""
    return [
        put_entry(device_id, ""),
        put_entry(device_id, "", of_notes=True),
        *(
            Call(("ZREMRANGEBYLEX", keyspace.ended_tasks(state), f"[{device_id} ", f"[{device_id}!"), nothing)
            for state in ENDED
        ),
    ]


def note_ends(tasks: Iterable[Task]) -> tuple[Call[None], ...]:
    """Index how these tasks ended, those that are open or cancelled say nothing."""
    calls: list[Call[None]] = []
    for task in tasks:
        if task.state in (TaskState.DONE, TaskState.FAILED, TaskState.EXPIRED):
            member = f"{task.device} {task.type}"
            for state in ENDED:
                key = keyspace.ended_tasks(state)
                add = task.state == state
                calls.append(Call(("ZADD", key, 0, member) if add else ("ZREM", key, member), nothing))
    return tuple(calls)


def forget_ends(task: Task) -> list[Call[None]]:
    """No task of this type has ended on its phone, as far as anybody knows."""
    member = f"{task.device} {task.type}"
    return [Call(("ZREM", keyspace.ended_tasks(state), member), nothing) for state in ENDED]


# --- reading --------------------------------------------------------------------------------------------


def fill(facts: Facts, stored: bytes) -> None:
    """What an entry says of its phone."""
    facts.ip, sets, more = stored.decode().split(PART)
    facts.model, facts.firmware = sets[sets.index(_PAIR) + len(_PAIR) :].split(FACT)
    # an entry of an earlier version has no MAC address
    facts.hardware, told, mac = more.partition(FACT)
    if told:
        facts.mac = mac


def fill_notes(facts: Facts, stored: bytes | None) -> None:
    """The same of its notes; None is for a phone of which nothing is noted."""
    _, sets, more = stored.decode().split(PART) if stored else ("", "", FACT * 2)
    groups, *told = more.split(FACT)
    facts.tags = [name.removeprefix(_TAG) for name in sets.split(_NAME)] if sets else ()
    facts.groups = groups.split(_NAME) if groups else ()
    if told:  # an entry of an earlier version ends here
        facts.label, facts.extension = told


def varying(stored: bytes) -> bytes:
    """An entry without the address: many phones have the rest in common."""
    return stored[stored.index(b"p:") :]


def entries(ids: Sequence[bytes], *, of_notes: bool = False) -> Call[list[bytes | None]]:
    where = keyspace.INDEXED_NOTES if of_notes else keyspace.INDEXED_DEVICES
    return Call(("HMGET", where, *ids), list)


def ends(state: str, first: bytes, last: bytes) -> Call[set[bytes]]:
    """The ids from `first` to `last` of which some last task ended like this."""
    parts = ("ZRANGEBYLEX", keyspace.ended_tasks(state), b"[%b " % first, b"[%b!" % last)
    return Call(parts, lambda answer: {member.partition(b" ")[0] for member in answer})


def directory() -> list[Call[Any]]:
    """Three calls, the answers of which `read_directory` takes."""
    return [
        Call(("SMEMBERS", keyspace.INDEX_LISTS + kind[:1].encode()), list) for kind in (_PAIR, _TAG, _SITE)
    ]


def read_directory(answers: Sequence[list[bytes]], *, states: bool = False) -> Directory:
    """`states`: whether the sets of phones by their presence are up to date."""
    pairs, tags, sites = ([name.decode()[2:] for name in names] for names in answers)
    return Directory(
        tuple(Pair(*name.split(FACT)) for name in pairs),
        tuple(map(Tag, tags)),
        tuple(map(Site, sites)),
        states,
    )


def set_key(driver: drivers.Driver) -> bytes:
    """The sorted set that this driver is."""
    match driver:
        case Pair(model=model, firmware=firmware):
            return keyspace.INDEX_SETS + f"{_PAIR}{model}{FACT}{firmware}".encode()
        case Tag(name=name):
            return keyspace.INDEX_SETS + f"{_TAG}{name}".encode()
        case Site(network=network):
            return keyspace.INDEX_SETS + f"{_SITE}{network}".encode()
        case drivers.Group(name=name):
            return keyspace.group_members(name)
        case drivers.Ended(state=state):
            return keyspace.ended_tasks(state)
        case drivers.State(name=name):
            return keyspace.phones_in_state(name)
        case drivers.Device():
            return keyspace.DEVICES
