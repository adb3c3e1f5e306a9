"""Selectors over a real index give what looking at every phone gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acs.cwmp.session import begin
from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.changes import Changes
from acs.fleet.convergence import wish
from acs.fleet.convergence.state import ConfigState, Settled
from acs.fleet.desired import NamedLayer
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key, task_id
from acs.fleet.known_keys import KnownKey, Proof
from acs.fleet.layers import Layer, Version
from acs.fleet.selector.errors import SelectorError
from acs.fleet.selector.evaluation import test_of as evaluate
from acs.fleet.selector.facts import add_record, from_id
from acs.fleet.selector.parsing import parse
from acs.fleet.task import RebootWork, Task, TaskFault, TaskState
from acs.store import (
    candidates,
    devices,
    index_repair,
    indexes,
    keyspace,
    known_keys,
    layers,
    notes,
    selection,
    selectors,
    sessions,
    tasks,
    trees,
)
from acs.store.selectors import SavedSelector
from acs.store.shapes import Shapes

NAMESPACE = "urn:dslforum-org:cwmp-1-0"
NOW = 1_000_000.0


def phone(number: int, **fields: Any) -> Device:
    known = {
        "oui": "001565",
        "product_class": "CP860",
        "software_version": "37.72.0.5",
        "ip": f"192.0.2.{number}",
        "last_inform": NOW - 60,
        **fields,
    }
    serial = f"0015650{number:05d}"
    return Device(id=f"{known['oui']}-{known['product_class']}-{serial}", serial_number=serial, **known)


def bring_in(
    store: Any, device: Device, before: Device | None = None, noted: OperatorNotes | None = None
) -> None:
    """One session of the phone, as the server writes it; then what operators say of it."""
    key = device_key(device.id)
    session = begin(key + "0" * 16, NAMESPACE, now=NOW - 60)
    store.run(sessions.open_session(key, session))
    closing = sessions.close(
        key,
        sid=session.sid,
        seq=session.seq,
        stamp="",
        changes=Changes(device=device),
        register=before is None,
        index=not indexes.same(before, device),
    )
    assert store.run(closing).outcome == "ok"
    if noted is not None:
        for group in noted.groups:
            store.raw.zadd(keyspace.group_members(group), {device.id: 0})
        store.drive(notes.change(device.id, lambda _: noted))


def prepared(store: Any, text: str) -> selection.Selection:
    chosen: selection.Selection = store.drive(selection.prepare(parse(text), Shapes(), now=NOW))
    return chosen


def selected(store: Any, text: str) -> list[str]:
    """All ids, page by page; the count and the whole list must agree with them."""
    chosen = prepared(store, text)
    ids: list[str] = []
    after: str | None = ""
    while after is not None:
        page = store.drive(chosen.page(after=after, limit=3))
        ids += page.ids
        after = page.next
    assert store.drive(chosen.count()) == len(ids)
    assert store.drive(chosen.every()) == ids
    return ids


def numbers(store: Any, text: str) -> list[int]:
    return [int(one[-5:]) for one in selected(store, text)]


# --- terms ----------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(store: Any) -> Any:
    bring_in(store, phone(1), noted=OperatorNotes(tags=("site7", "lobby"), label="Empfang"))
    bring_in(store, phone(2, software_version="37.72.0.12"), noted=OperatorNotes(tags=("site7",)))
    bring_in(store, phone(3, product_class="T46G", software_version="28.80.0.1", ip="198.51.100.9"))
    bring_in(
        store,
        phone(4, last_inform=NOW - 90_000, ip="2001:db8::4", manufacturer="Yealink"),
        noted=OperatorNotes(groups=("canary",), attributes={"extension": "104"}),
    )
    return store


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("all", [1, 2, 4, 3]),
        ("model = cp860", [1, 2, 4]),
        ("model = CP860 and firmware < 37.72.0.12", [1, 4]),
        ('model = "CP860" and firmware < 37.72.0.12 and tag = site7 and online', [1]),
        ("firmware in (37.72.0.12, 28.80.0.1)", [2, 3]),
        ("not tag = site7", [4, 3]),
        ("tag = site7 and not tag = lobby", [2]),
        ("tag ~ LOB", [1]),
        ("tag = nowhere", []),
        ("group = canary or model ~ T4*", [4, 3]),
        ("ip in 192.0.2.0/24", [1, 2]),
        ("ip in 192.0.2.2/31", [2]),
        ("ip in (2001:db8::/32, 198.51.100.9)", [4, 3]),
        ("serial = 001565000002", [2]),
        ("mac = 00:15:65:00:00:03", [3]),
        ("id = 001565-T46G-001565000003", [3]),
        ("id = 001565-T46G-001565000099", []),
        ("offline", [4]),
        ("last_seen > 1d", [4]),
        ("last_seen > 1d ago", [1, 2, 3]),
        ("attr.extension = 104", [4]),
        ("attr.extension < 200 and model = CP860", [4]),
        ("manufacturer = yealink", [4]),
        ("label = Empfang", [1]),
        ("empfang", [1]),
        ("00:15:65:00:00:02", [2]),
        ("site7 and 37.72.0.5", [1]),
    ],
)
def test_phones_are_found_by_what_is_known_of_them(fleet: Any, text: str, found: list[int]) -> None:
    """In order of their ids: all of one model before the next."""
    assert numbers(fleet, text) == found


def test_a_task_that_failed_selects_its_phone_until_one_of_its_type_succeeds(fleet: Any) -> None:
    device = phone(1)
    key = device_key(device.id)

    def end(state: TaskState, number: int, at: float) -> None:
        task = Task(id=task_id(key, bytes([number] * 6)), device=device.id, work=RebootWork())
        fresh = tasks.fresh_stamp()
        assert fleet.run(tasks.create(key, [task], stamp=fresh)) == "created"
        ended = task.replace(state=state, finished_at=at, fault=TaskFault(9002, "no"))
        assert fleet.run(tasks.change_tasks(key, stamp=fresh, tasks=[ended], new_stamp="2")).outcome == "ok"

    assert numbers(fleet, "task failed") == []
    end(TaskState.FAILED, 1, NOW - 10)
    assert numbers(fleet, "task failed") == [1]
    assert numbers(fleet, "task failed and tag = site7") == [1]
    assert numbers(fleet, "tag = site7 and not task failed") == [2]
    assert numbers(fleet, "task expired") == []
    end(TaskState.DONE, 2, NOW - 5)
    assert numbers(fleet, "task failed") == []
    end(TaskState.EXPIRED, 3, NOW - 3)
    assert numbers(fleet, "task expired") == [1]


def test_parameters_are_those_known_of_each_phone(fleet: Any) -> None:
    shapes = Shapes()
    tree = ParameterTree({"Device.Time.NTPServer1": Parameter("192.0.2.123", "xsd:string", True, 5.0)})
    blob = fleet.drive(trees.pack(tree, phone(2).model_key, shapes, complete=False))
    prefix = keyspace.device_prefix(device_key(phone(2).id))
    fleet.raw.set(prefix + keyspace.TREE, blob)
    assert numbers(fleet, "parameter Device.Time.NTPServer1 = 192.0.2.123") == [2]
    assert numbers(fleet, 'tag = site7 and parameter Device.Time.NTPServer1 != "192.0.2.123"') == [1]


def test_keys_are_what_the_phone_has_or_else_what_it_ought_to_have(fleet: Any) -> None:
    place = layers.of_model("CP860")
    layer = Layer(1, NOW, "me", "", {"voice.jib.max": "300"})
    fleet.run(layers.write(place, layer, Version(1, NOW, "me", "", {"voice.jib.max": (None, "300")})))
    has = {"voice.jib.max": KnownKey("100", NOW, Proof.PUSHED)}
    fleet.run_all(known_keys.put(device_key(phone(2).id), has))
    assert numbers(fleet, "key voice.jib.max = 300") == [1, 4]
    assert numbers(fleet, "key voice.jib.max < 300") == [2]


def test_what_a_parameter_says_of_a_key_counts_first(fleet: Any) -> None:
    """Nobody sent it by this server: it was so when the phone was learnt, or its Inform said so."""
    key, name = "local_time.ntp_server1", "Device.Time.NTPServer1"
    tree = ParameterTree({name: Parameter("192.0.2.123", "xsd:string", True, 5.0)})
    for number in (1, 2):
        blob = fleet.drive(trees.pack(tree, phone(number).model_key, Shapes(), complete=False))
        fleet.raw.set(keyspace.device_prefix(device_key(phone(number).id)) + keyspace.TREE, blob)
    has = {key: KnownKey("pool.example", NOW, Proof.PUSHED)}
    fleet.run_all(
        [*known_keys.put(device_key(phone(1).id), has), *known_keys.put(device_key(phone(4).id), has)]
    )
    assert numbers(fleet, f'key {key} = "192.0.2.123"') == [1, 2]
    assert numbers(fleet, f"key {key} ~ pool") == [4]


def test_drift_is_whatever_is_not_known_to_be_as_desired(fleet: Any) -> None:
    layer = Layer(1, NOW, "me", "", {"voice.jib.max": "300"})
    version = Version(1, NOW, "me", "", {"voice.jib.max": (None, "300")})
    fleet.run(layers.write(layers.of_model("CP860"), layer, version))
    assert numbers(fleet, "drift") == [1, 2, 4]
    wished = wish.mark([NamedLayer("model:CP860", layer)], {})
    for number, state in (
        (1, ConfigState(mark=wished, settled=Settled.CONVERGED)),
        (2, ConfigState(mark=wished, settled=Settled.DIFFERS)),
        (5, ConfigState(mark=wished, settled=Settled.CONVERGED, stale=True)),
        (6, ConfigState(mark="another", settled=Settled.CONVERGED)),
        (7, ConfigState(mark=wished, settled=Settled.DEFERRED)),
    ):
        bring_in(fleet, phone(number, config=state))
    assert numbers(fleet, "drift") == [2, 4, 5, 6, 7]
    assert numbers(fleet, "not drift") == [1, 3]


# --- the index ------------------------------------------------------------------------------------------


def index_keys(store: Any) -> list[bytes]:
    return sorted(store.raw.keys("acs:{x}:*"))


def test_a_phone_that_changes_leaves_its_old_sets(store: Any) -> None:
    bring_in(store, phone(1))
    newer = phone(1, software_version="37.80.0.1", ip="198.51.100.1")
    bring_in(store, newer, before=phone(1))
    assert numbers(store, "firmware = 37.72.0.5") == []
    assert numbers(store, "firmware = 37.80.0.1 and ip in 198.51.100.0/24") == [1]
    directory = indexes.read_directory(store.run_all(indexes.directory()))
    assert [pair.firmware for pair in directory.pairs] == ["37.80.0.1"]
    assert [site.network for site in directory.sites] == ["198.51.100.0/24"]


def test_a_heartbeat_writes_nothing_but_the_record(store: Any) -> None:
    bring_in(store, phone(1))
    key = device_key(phone(1).id)
    session = begin(key + "1" * 16, NAMESPACE, now=NOW)
    store.run(sessions.open_session(key, session))
    later = phone(1, last_inform=NOW)
    call = sessions.close(
        key,
        sid=session.sid,
        seq=session.seq,
        stamp="",
        changes=Changes(device=later),
        index=not indexes.same(phone(1), later),
    )
    assert call.first == ()


def test_a_deleted_phone_leaves_nothing_in_the_index(fleet: Any) -> None:
    for number, product in ((1, "CP860"), (2, "CP860"), (3, "T46G"), (4, "CP860")):
        failed = Task(
            id="x",
            device=phone(number, product_class=product).id,
            work=RebootWork(),
            state=TaskState.FAILED,
        )
        fleet.run_all(indexes.note_ends([failed]))
        fleet.drive(devices.delete(phone(number, product_class=product).id))
    assert index_keys(fleet) == []


def test_upkeep_finds_what_a_crash_left(fleet: Any) -> None:
    """A phone without an entry, one with an old entry, and entries of a phone that is gone."""
    fleet.run(indexes.put_entry(phone(1).id, ""))
    fleet.run(indexes.put(phone(2, software_version="1.1")))
    fleet.run(indexes.put_notes(phone(2).id, OperatorNotes(tags=("old",))))
    fleet.run(indexes.put(phone(9)))
    fleet.run(indexes.put_notes(phone(9).id, OperatorNotes(tags=("site7",))))
    stale = Task(id="x", device=phone(3).id, work=RebootWork(), state=TaskState.FAILED)
    fleet.run_all(indexes.note_ends([stale]))
    repair(fleet)
    assert numbers(fleet, "firmware = 37.72.0.5") == [1, 4]
    assert numbers(fleet, "firmware = 37.72.0.12 and tag = site7") == [2]
    assert numbers(fleet, "tag = old or tag = site7 or task failed") == [1, 2]
    assert phone(9).id.encode() not in fleet.raw.hkeys(keyspace.INDEXED_DEVICES)
    assert phone(9).id.encode() not in fleet.raw.hkeys(keyspace.INDEXED_NOTES)


def repair(store: Any) -> None:
    assert store.drive(index_repair.repair_devices())[0] == ""
    for of_notes in (False, True):
        store.drive(index_repair.drop_strangers(of_notes=of_notes))
    store.drive(index_repair.repair_ends())


def test_a_phone_that_is_not_indexed_yet_is_tested_on_its_record(fleet: Any) -> None:
    fleet.run(indexes.put_entry(phone(1).id, ""))
    assert numbers(fleet, "not tag = nowhere") == [1, 2, 4, 3]


def test_awaited_members_of_a_group_are_no_phones_yet(fleet: Any) -> None:
    fleet.raw.zadd(keyspace.group_members("canary"), {"~0015650000ff": 0, phone(4).id: 0})
    assert numbers(fleet, "group = canary") == [4]


def test_many_sets_are_read_in_order_without_gaps(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "LEAST", 2)
    monkeypatch.setattr(selection, "WINDOW", 4)
    for number in range(40):
        bring_in(store, phone(number, software_version=f"1.0.0.{number % 7}"))
    assert numbers(store, "firmware < 1.0.0.6") == [number for number in range(40) if number % 7 < 6]


def test_a_page_looks_at_a_bounded_number_of_candidates(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "BUDGET", 1)
    monkeypatch.setattr(selection, "WINDOW", 1)
    monkeypatch.setattr(selection, "LEAST_WINDOW", 1)
    page = fleet.drive(prepared(fleet, "label = nobody").page(limit=1))
    assert (page.ids, page.next) == ((), phone(1).id)


# --- saved selectors ------------------------------------------------------------------------------------


def test_saved_selectors_are_terms(fleet: Any) -> None:
    fleet.run(selectors.put(SavedSelector("old", "firmware < 37.72.0.12 and selector = conference")))
    fleet.run(selectors.put(SavedSelector("conference", "model = CP860")))
    assert numbers(fleet, "selector = old and tag = site7") == [1]
    assert numbers(fleet, "not selector = old") == [2, 3]


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        ({}, "there is no selector 'old'"),
        ({"old": "selector = gone"}, "there is no selector 'gone', which 'old' uses"),
        ({"old": "not selector = old"}, "the selector 'old' uses itself: old → old"),
    ],
)
def test_saved_selectors_that_cannot_be_used(store: Any, saved: dict[str, str], told: str) -> None:
    for name, text in saved.items():
        store.run(selectors.put(SavedSelector(name, text)))
    with pytest.raises(SelectorError) as error:
        prepared(store, "online and selector = old")
    assert (error.value.message, error.value.position) == (told, 22)


# --- the index against looking at every phone -----------------------------------------------------------

_MODELS = ("CP860", "T46G")
_FIRMWARE = ("37.72.0.5", "37.72.0.12", "37.80.0.1", "")
_TAGS = ("a", "b", "c")

_phones = st.tuples(
    st.sampled_from(_MODELS),
    st.sampled_from(_FIRMWARE),
    st.sets(st.sampled_from(_TAGS)),
    st.sets(st.sampled_from(("g", "h"))),
    st.sampled_from(("192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::1", "")),
    st.sampled_from((0, 60, 100_000)),
)

_terms = st.sampled_from(
    (
        "model = CP860",
        "model != CP860",
        "model ~ t4",
        "firmware < 37.72.0.12",
        "firmware >= 37.72.0.12",
        "firmware != 37.80.0.1",
        "tag = a",
        "tag != b",
        "tag in (b, c)",
        "tag ~ ?",
        "group = g",
        "group in (g, h)",
        "ip in 192.0.2.0/25",
        "ip in 192.0.0.0/16",
        "ip = 192.0.2.200",
        "ip in 2001:db8::/48",
        "online",
        "offline",
        "last_seen > 2h",
        "serial ~ *1",
        "id = 001565-CP860-001565000001",
        "37.8",
        "all",
    )
)
_selectors = st.recursive(
    _terms,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
    ),
    max_leaves=6,
)


@given(st.lists(_phones, max_size=8), st.lists(_selectors, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_gives_what_every_phone_looked_at_gives(store: Any, fleet: Any, texts: list[str]) -> None:
    store.raw.flushall()
    known = []
    for number, (model, firmware, tags, groups, ip, silent) in enumerate(fleet):
        device = phone(
            number, product_class=model, software_version=firmware, ip=ip, last_inform=NOW - silent
        )
        noted = OperatorNotes(tags=tuple(sorted(tags)), groups=tuple(sorted(groups)))
        bring_in(store, device, noted=noted)
        known.append((device, noted))
    for text in texts:
        meant = evaluate(parse(text).expression, now=NOW)
        expected = []
        for device, noted in known:
            facts = from_id(device.id)
            add_record(
                facts,
                device,
                noted,
                last_seen=device.last_inform,
                state="offline" if NOW - device.last_inform > 10_000 else "online",
            )
            if meant(facts):
                expected.append(device.id)
        assert selected(store, text) == sorted(expected), text
