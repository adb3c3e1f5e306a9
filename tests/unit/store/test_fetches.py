"""Provisioning files that phones fetched, before and after they call; known keys."""

from __future__ import annotations

import pytest

from acs.fleet.changes import TimelineEntry
from acs.fleet.device import Device
from acs.fleet.identity import device_key
from acs.fleet.known_keys import Proof, proved
from acs.store import awaited, codec, devices, fetches, keyspace, known_keys, timeline
from acs.store.fetches import Fetch, Fetches

MAC = "0015658a3786"
ID = f"001565-CP860-{MAC}"
KEY = device_key(ID)


def known(**values: str):
    return proved(values, lambda _: False, at=1.0, proof=Proof.FETCHED, salt="s")


def fetch(store, mac: str, at: float, text: str = "Fetched it", **values: str) -> None:
    asking = store.drive(fetches.who(mac))
    entry = TimelineEntry(at, "file", text)
    store.drive(fetches.record(asking, Fetches(own=Fetch('"e"', at, "192.0.2.1")), entry, known(**values)))


def device_calls(store) -> None:
    device = Device(ID, "Yealink", "001565", "CP860", MAC, ip="192.0.2.7")
    store.raw.set(keyspace.device_prefix(KEY) + keyspace.DEVICE, codec.encode(device))
    store.run(devices.register(ID))
    store.drive(fetches.adopt(MAC, ID))
    store.drive(awaited.meet(MAC, ID))


def test_nothing_is_known_of_a_stranger(store) -> None:
    asking = store.drive(fetches.who(MAC))
    assert (asking.device, asking.awaited, asking.layer) == (None, None, None)
    assert asking.fetches == Fetches()


def test_a_strangers_fetches_are_the_devices_once_it_has_called(store) -> None:
    fetch(store, MAC, 1.0, "first", a="1")
    fetch(store, MAC, 2.0, "second", b="2")
    device_calls(store)
    assert [entry.text for entry in store.run(timeline.read(KEY))] == ["second", "first"]
    assert set(store.run(known_keys.get(KEY))) == {"a", "b"}
    asking = store.drive(fetches.who(MAC))
    assert asking.device.id == ID
    assert asking.fetches.own == Fetch('"e"', 2.0, "192.0.2.1")
    prefix = keyspace.awaited_prefix(MAC)
    assert not store.raw.keys(prefix + b"*")
    assert not store.raw.exists(keyspace.STRANGERS)


def test_a_devices_fetch_is_its_own_at_once(store) -> None:
    device_calls(store)
    fetch(store, MAC, 3.0, "later", c="3")
    assert [entry.text for entry in store.run(timeline.read(KEY))] == ["later"]
    assert not store.raw.exists(keyspace.STRANGERS)


def test_adopting_twice_adds_nothing(store) -> None:
    fetch(store, MAC, 1.0)
    device_calls(store)
    store.drive(fetches.adopt(MAC, ID))
    assert len(store.run(timeline.read(KEY))) == 1


def test_a_stranger_is_kept_for_a_while_with_its_newest_lines(store) -> None:
    for at in range(fetches.STRANGER_LINES + 5):
        fetch(store, MAC, float(at), str(at), a="1")
    prefix = keyspace.awaited_prefix(MAC)
    assert store.raw.llen(prefix + keyspace.TIMELINE) == fetches.STRANGER_LINES
    for suffix in (keyspace.TIMELINE, keyspace.FETCHES, keyspace.KNOWN_KEYS):
        assert 0 < store.raw.ttl(prefix + suffix) <= fetches.STRANGER_LIFE


def test_of_too_many_strangers_the_oldest_go(store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetches, "MOST_STRANGERS", 3)
    macs = [f"00156500000{number}" for number in range(5)]
    for at, mac in enumerate(macs):
        fetch(store, mac, float(at))
    assert [mac.decode() for mac in store.raw.zrange(keyspace.STRANGERS, 0, -1)] == macs[2:]
    assert not store.raw.exists(keyspace.awaited_prefix(macs[0]) + keyspace.FETCHES)
    assert store.raw.exists(keyspace.awaited_prefix(macs[4]) + keyspace.FETCHES)


def test_a_forgotten_device_leaves_nothing_of_it(store) -> None:
    device_calls(store)
    fetch(store, MAC, 3.0, a="1")
    store.drive(devices.delete(ID))
    assert not store.raw.keys(keyspace.device_prefix(KEY) + b"*")
    assert store.drive(fetches.who(MAC)).device is None


def test_known_keys_are_written_and_forgotten_one_by_one(store) -> None:
    assert known_keys.put(KEY, {}) == []
    store.run_all(known_keys.put(KEY, known(a="1", b="2")))
    store.run_all(known_keys.put(KEY, known(b="3")))
    assert {name: one.value for name, one in store.run(known_keys.get(KEY)).items()} == {"a": "1", "b": "3"}
    store.run_all(known_keys.forget(KEY, ["a", "none"]))
    assert set(store.run(known_keys.get(KEY))) == {"b"}
    store.run_all(known_keys.forget(KEY))
    assert store.run(known_keys.get(KEY)) == {}
