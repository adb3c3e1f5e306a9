"""Phones that were listed before they called, and what a session costs that has configuration to read."""

from __future__ import annotations

import secrets

import pytest

from acs.fleet.identity import device_key
from acs.fleet.layers import EMPTY, Group, merged, written
from acs.store import awaited, devices, groups, importing, layers
from acs.store.importing import Listed


@pytest.fixture
def mac() -> str:
    return f"001565{secrets.token_hex(3)}"


def expects(operator, mac: str) -> None:
    """An operator has listed the phone, and given it a key of its own."""
    operator.run.run(groups.create(Group("site7")))
    operator.run.drive(
        importing.import_all([Listed(mac, ("site7",), {"extension": "2001"})], by="Alice", now=1.0)
    )
    values = merged(EMPTY, {"voice.jib.max": "200"}, replace=True)
    made = written(EMPTY, values, touched=values, now=False, at=1.0, by="Alice", reason="")
    operator.run.run(layers.write(layers.of_awaited(mac), *made))


def notes(operator, phone):
    return operator.run.run(devices.get(device_key(phone.id))).notes


def own_values(operator, phone):
    return operator.run.run(layers.get(layers.of_phone(phone.id))).layer.values


def test_what_waited_for_a_phone_is_its_own_after_its_first_inform(server, operator, mac):
    expects(operator, mac)
    phone = server.phone(mac.upper())
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    assert (notes(operator, phone).groups, notes(operator, phone).attributes) == (
        ("site7",),
        {"extension": "2001"},
    )
    assert own_values(operator, phone) == {"voice.jib.max": "200"}
    assert (
        f"Awaited as {mac} by Alice: groups site7; attributes extension; 1 key of its own"
        in operator.told(phone)
    )
    assert operator.run.run(awaited.get(mac)) is None


def test_a_phone_that_calls_twice_before_it_is_known_gets_it_once(server, operator, mac):
    """The first session was lost before anything but the Inform came; the phone tries again."""
    expects(operator, mac)
    phone = server.phone(mac.upper())
    phone.sends(phone.inform("0 BOOTSTRAP"))
    phone.gets("InformResponse")
    phone.hangs_up()
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    assert own_values(operator, phone) == {"voice.jib.max": "200"}
    assert operator.told(phone).count("Awaited as") == 1


def test_a_phone_that_nobody_awaits_comes_as_ever(server, operator, mac):
    phone = server.phone(mac.upper())
    phone.holds_session("0 BOOTSTRAP")
    assert notes(operator, phone).groups == ()
    assert operator.run.run(awaited.device_at(mac)) == phone.id


def test_a_heartbeat_of_a_configured_phone_costs_no_more(start_server, operator, mac):
    server = start_server()
    expects(operator, mac)
    phone = server.phone(mac.upper())
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    phone.holds_session("2 PERIODIC")
    before = server.round_trips()
    phone.holds_session("2 PERIODIC")
    assert server.round_trips() - before == 2


def test_forgotten_means_forgotten(server, operator, mac):
    expects(operator, mac)
    phone = server.phone(mac.upper())
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    operator.run.drive(devices.delete(phone.id))
    members = operator.run.drive(groups.members("site7", limit=1000)).members
    assert phone.id not in members
    assert operator.run.run(awaited.device_at(mac)) == ""
    phone.holds_session("0 BOOTSTRAP", "1 BOOT")
    assert (notes(operator, phone).groups, own_values(operator, phone)) == ((), {})
