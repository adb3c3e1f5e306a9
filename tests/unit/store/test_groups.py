"""Groups, their members and phones that are awaited: who is where, whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest

from acs.fleet.device import Device, OperatorNotes
from acs.fleet.identity import device_key
from acs.fleet.layers import EMPTY, Group, Layer, Version, merged, written
from acs.store import awaited, codec, devices, groups, importing, keyspace, layers, membership, notes
from acs.store.calls import Call
from acs.store.importing import Imported, Listed
from acs.store.together import together

MAC = "0015651a2b3c"
DEVICE = "001565-CP860-0015651A2B3C"


def know(store: Any, device_id: str = DEVICE, mac: str = MAC) -> str:
    """The device has called once; gives its id."""
    device = Device(device_id, serial_number=device_id.rpartition("-")[2])
    key = keyspace.device_prefix(device_key(device_id)) + keyspace.DEVICE
    store.run_all([devices.register(device_id), Call(("SET", key, codec.encode(device)), bool)])
    if mac:
        store.run(Call(("HSET", keyspace.MACS, mac, device_id), bool))
    return device_id


def notes_of(store: Any, device_id: str = DEVICE) -> OperatorNotes:
    known = store.run(devices.get(device_key(device_id)))
    assert known is not None
    return known.notes


def members(store: Any, group: str) -> tuple[str, ...]:
    return store.drive(groups.members(group, limit=100)).members


def import_all(store: Any, *listed: Listed) -> list[Imported]:
    return store.drive(importing.import_all(listed, by="Alice", now=7.0))


def own_layer(**values: str) -> tuple[Layer, Version]:
    made = written(
        EMPTY, merged(EMPTY, values, replace=True), touched=values, now=False, at=1, by="", reason=""
    )
    assert made is not None
    return made


def going_on(steps: Any, calls: Any) -> Any:
    """The rest of steps that have begun."""
    try:
        while True:
            calls = steps.send((yield calls))
    except StopIteration as end:
        return end.value


@pytest.fixture(autouse=True)
def site7(request: pytest.FixtureRequest) -> None:
    if "store" in request.fixturenames:
        store = request.getfixturevalue("store")
        for name in ("site7", "vip"):
            store.run(groups.create(Group(name)))


def test_a_group_is_made_once(store):
    assert store.run(groups.create(Group("site7", 5))) is False
    assert store.run(groups.get("site7")) == Group("site7")
    assert [group.name for group in store.run(groups.list_all())] == ["site7", "vip"]
    assert store.run(groups.get_many(("vip", "none"))) == [Group("vip")]
    assert store.run(groups.get_many(())) == []


def test_a_group_is_changed_if_it_is_there(store):
    assert store.drive(groups.change("site7", lambda group: Group("site7", 3))) == Group("site7", 3)
    assert store.drive(groups.change("none", lambda group: group)) is None


def test_who_joins_is_on_the_list_and_knows_it(store):
    know(store)
    assert store.drive(membership.join("vip", DEVICE)) == "joined"
    assert store.drive(membership.join("site7", DEVICE)) == "joined"
    assert members(store, "vip") == (DEVICE,)
    assert notes_of(store).groups == ("site7", "vip")
    assert store.drive(membership.leave("vip", DEVICE)) is True
    assert store.drive(membership.leave("vip", DEVICE)) is False
    assert (members(store, "vip"), notes_of(store).groups) == ((), ("site7",))


def test_nobody_joins_what_is_not_there_and_nobody_who_is_not(store):
    assert store.drive(membership.join("none", know(store))) == "no group"
    assert store.drive(membership.join("vip", "001565-CP860-gone")) == "no device"
    assert store.drive(membership.join_awaited("vip", "ffffffffffff")) == "no device"
    assert members(store, "vip") == members(store, "none") == ()
    assert notes_of(store) == OperatorNotes()


def test_members_are_paged_devices_first(store):
    ids = [know(store, f"001565-CP860-{number:03}", "") for number in range(5)]
    for one in ids:
        store.drive(membership.join("vip", one))
    import_all(store, Listed(MAC, ("vip",), {}))
    page = store.drive(groups.members("vip", limit=4))
    assert (page.members, page.next, page.total) == (tuple(ids[:4]), ids[3], 6)
    rest = store.drive(groups.members("vip", after=page.next, limit=4))
    assert (rest.members, rest.next) == ((ids[4], f"~{MAC}"), None)


def test_a_group_that_goes_leaves_nothing(store, monkeypatch):
    monkeypatch.setattr(membership, "BATCH", 2)
    ids = [know(store, f"001565-CP860-{number:03}", "") for number in range(5)]
    for one in ids:
        store.drive(membership.join("vip", one))
    import_all(store, Listed(MAC, ("vip", "site7"), {}))
    store.run(layers.write(layers.of_group("vip"), *own_layer(a="1")))
    assert store.drive(membership.delete_group("vip")) is True
    assert store.drive(membership.delete_group("vip")) is False
    assert all(notes_of(store, one).groups == () for one in ids)
    assert store.run(awaited.get(MAC)).groups == ("site7",)
    assert not [key for key in store.raw.keys("*") if b"vip" in key]


def test_notes_change_one_after_the_other(store):
    know(store)

    def add(tag):
        return lambda found: OperatorNotes(tags=(*found.tags, tag))

    store.drive(together([notes.change(DEVICE, add(f"t{number}")) for number in range(5)]))
    assert sorted(notes_of(store).tags) == [f"t{number}" for number in range(5)]
    assert store.drive(notes.change("none", add("x"))) is None


# --- lists ------------------------------------------------------------------------------------------------


def test_a_known_phone_gets_what_its_line_says(store):
    know(store)
    store.drive(membership.join("vip", DEVICE))
    line = Listed(MAC, ("site7",), {"extension": "2001", "name": ""})
    assert import_all(store, line) == [Imported(DEVICE, True)]
    assert notes_of(store).groups == ("site7",)
    assert notes_of(store).attributes == {"extension": "2001"}
    assert (members(store, "vip"), members(store, "site7")) == ((), (DEVICE,))
    assert import_all(store, line) == [Imported(DEVICE, False)]


def test_a_list_without_groups_leaves_them_and_an_empty_cell_removes(store):
    know(store)
    import_all(store, Listed(MAC, ("vip",), {"extension": "2001", "name": "Anna"}))
    import_all(store, Listed(MAC, None, {"extension": ""}))
    assert (notes_of(store).groups, notes_of(store).attributes) == (("vip",), {"name": "Anna"})


def test_an_unknown_phone_is_awaited(store):
    line = Listed(MAC, ("vip",), {"extension": "2001"})
    assert import_all(store, line) == [Imported("", True)]
    assert import_all(store, line) == [Imported("", False)]
    page = store.drive(awaited.page(limit=10))
    assert page.phones == (awaited.AwaitedPhone(MAC, ("vip",), {"extension": "2001"}, 7.0, "Alice"),)
    assert (page.next, page.total, members(store, "vip")) == (None, 1, (f"~{MAC}",))


def test_an_awaited_phone_may_change_its_mind(store):
    import_all(store, Listed(MAC, ("vip",), {"extension": "2001"}))
    import_all(store, Listed(MAC, ("site7",), {"extension": "2002"}))
    assert (members(store, "vip"), members(store, "site7")) == ((), (f"~{MAC}",))
    assert store.drive(membership.leave_awaited("site7", MAC)) is True
    assert store.run(awaited.get(MAC)).groups == ()


def test_one_that_is_awaited_no_longer_leaves_nothing(store):
    empty = set(store.raw.keys("*"))
    import_all(store, Listed(MAC, ("vip",), {"extension": "2001"}))
    store.run(layers.write(layers.of_awaited(MAC), *own_layer(a="1")))
    assert store.drive(awaited.forget(MAC)) is True
    assert store.drive(awaited.forget(MAC)) is False
    assert set(store.raw.keys("*")) == empty


# --- the first call ---------------------------------------------------------------------------------------


def test_a_phone_that_calls_finds_what_waited_for_it(store):
    import_all(store, Listed(MAC, ("vip", "site7"), {"extension": "2001"}))
    store.run(layers.write(layers.of_awaited(MAC), *own_layer(a="1")))
    store.drive(membership.delete_group("site7"))
    adopted = store.drive(awaited.meet(MAC, DEVICE))
    assert adopted.notes == OperatorNotes(groups=("vip",), attributes={"extension": "2001"})
    assert adopted.layer.values == {"a": "1"}
    assert store.run(layers.get(layers.of_phone(DEVICE))).layer == adopted.layer
    assert [one.number for one in store.run(layers.history(layers.of_phone(DEVICE)))] == [1]
    assert members(store, "vip") == (DEVICE,)
    assert store.run(awaited.device_at(MAC)) == DEVICE
    assert store.drive(awaited.meet(MAC, DEVICE)) is None
    assert not [key for key in store.raw.keys("*") if MAC.encode() in key]


def test_what_a_phone_has_already_stays(store):
    """A factory reset of a phone that somebody listed anew in another process meanwhile."""
    know(store, mac="")
    store.run(layers.write(layers.of_phone(DEVICE), *own_layer(b="2")))
    store.drive(notes.change(DEVICE, lambda _: OperatorNotes(("t",), attributes={"x": "1"})))
    import_all(store, Listed(MAC, None, {"extension": "2001"}))
    store.run(layers.write(layers.of_awaited(MAC), *own_layer(a="1")))
    adopted = store.drive(awaited.meet(MAC, DEVICE))
    assert adopted.notes == OperatorNotes(("t",), attributes={"x": "1", "extension": "2001"})
    assert adopted.layer.values == {"b": "2"}


@pytest.mark.parametrize("crash", range(1, 4))
def test_a_server_that_dies_while_a_phone_takes_over_loses_nothing(store, crash):
    import_all(store, Listed(MAC, ("vip",), {"extension": "2001"}))
    store.run(layers.write(layers.of_awaited(MAC), *own_layer(a="1")))
    steps = awaited.meet(MAC, DEVICE)
    calls = next(steps)
    for _ in range(crash):
        calls = steps.send(store.run_all(calls))
    steps.close()
    store.drive(awaited.meet(MAC, DEVICE))
    know(store)
    assert notes_of(store) == OperatorNotes(groups=("vip",), attributes={"extension": "2001"})
    assert store.run(layers.get(layers.of_phone(DEVICE))).layer.values == {"a": "1"}
    assert members(store, "vip") == (DEVICE,)


def test_a_phone_that_calls_while_its_line_is_imported_gets_it(store):
    """The import looked before the phone called, and the phone before the import wrote."""
    steps = importing.import_all([Listed(MAC, ("vip",), {"extension": "2001"})], by="Alice", now=7.0)
    calls = next(steps)
    calls = steps.send(store.run_all(calls))
    assert store.drive(awaited.meet(MAC, DEVICE)) is None
    know(store)
    assert store.drive(going_on(steps, calls)) == [Imported(DEVICE, True)]
    assert (notes_of(store).groups, notes_of(store).attributes) == (("vip",), {"extension": "2001"})
    assert members(store, "vip") == (DEVICE,)
    assert store.run(awaited.get(MAC)) is None


# --- the end ----------------------------------------------------------------------------------------------


def test_a_phone_that_is_forgotten_leaves_nothing_behind(store):
    empty = set(store.raw.keys("*"))
    know(store)
    import_all(store, Listed(MAC, ("vip", "site7"), {"extension": "2001"}))
    store.run(layers.write(layers.of_phone(DEVICE), *own_layer(a="1")))
    assert store.drive(devices.delete(DEVICE)) is True
    assert set(store.raw.keys("*")) == empty
    assert store.drive(devices.delete(DEVICE)) is False


def test_a_mac_address_that_another_phone_has_by_now_stays_that_ones(store):
    know(store, "001565-OLD-0015651A2B3C")
    know(store, DEVICE)
    store.drive(devices.delete("001565-OLD-0015651A2B3C"))
    assert store.run(awaited.device_at(MAC)) == DEVICE


def test_together_shares_round_trips_and_keeps_the_order(store):
    trips = []

    def steps(name, rounds):
        for number in range(rounds):
            [answer] = yield [Call(("ECHO", f"{name}{number}"), bytes.decode)]
            assert answer == f"{name}{number}"
        return name

    def counted():
        steps_of = together([steps("a", 1), steps("b", 3), steps("c", 0), steps("d", 2)])
        calls = next(steps_of)
        try:
            while True:
                trips.append(len(calls))
                calls = steps_of.send((yield calls))
        except StopIteration as end:
            return end.value

    assert store.drive(counted()) == ["a", "b", "c", "d"]
    assert trips == [3, 2, 1]
