"""What a phone ought to be configured to: layers laid over each other, templates filled."""

from __future__ import annotations

import pytest

from acs.fleet import templates
from acs.fleet.attributes import attributes_of, mac_from, mac_of, read_mac
from acs.fleet.desired import Effective, NamedLayer, Unresolved, effective, in_order
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.layers import Group, Layer

PHONE = Device(
    "001565-CP860-0015651A2B3C",
    oui="001565",
    product_class="CP860",
    serial_number="0015651A2B3C",
    ip="192.0.2.7",
)


def named(name, at_once=(), **values):
    return NamedLayer(name, Layer(1, values=values, at_once=at_once))


def test_a_later_layer_wins_key_by_key():
    layers = [named("fleet", a="1", b="1"), named("model:CP860", b="2"), named("phone:x", ("c",), c="3")]
    assert effective(layers, {}).effective == {
        "a": Effective("1", "fleet"),
        "b": Effective("2", "model:CP860"),
        "c": Effective("3", "phone:x", at_once=True),
    }


def test_groups_are_laid_by_order_then_name():
    groups = [Group("b", 1), Group("z", -1), Group("a", 1)]
    assert [group.name for group in in_order(groups)] == ["z", "a", "b"]


def test_a_template_is_filled_in_any_case_and_spacing():
    layers = [named("group:site7", label="{{ Name }} ({{extension}})")]
    found = effective(layers, {"name": "Anna", "extension": "2001"})
    assert found.effective["label"].value == "Anna (2001)"


@pytest.mark.parametrize("attributes", [{}, {"extension": ""}])
def test_what_a_phone_lacks_is_unresolved_and_not_sent_empty(attributes):
    layers = [named("fleet", label="fallback"), named("group:a", label="{{ extension }}")]
    found = effective(layers, attributes)
    assert found.effective == {}
    assert found.unresolved == (Unresolved("label", "group:a", "the phone has no extension"),)


def test_a_filled_value_that_cannot_be_is_unresolved():
    layers = [named("fleet", number="{{ n }}", plain="x")]
    checked = []

    def check(key, value):
        checked.append((key, value))
        return "'x' is no number"

    found = effective(layers, {"n": "x"}, check)
    assert checked == [("number", "x")]  # values without a template were checked when they were written
    assert found.unresolved == (Unresolved("number", "fleet", "once filled, 'x' is no number"),)
    assert list(found.effective) == ["plain"]


def test_what_is_filled_in_is_no_template_itself():
    assert templates.fill("{{ a }}", {"a": "{{ b }}", "b": "secret"}) == "{{ b }}"


@pytest.mark.parametrize("value", ["{{", "{{ }}", "{{ 1a }}", "{{ a b }}", "x {{ a", "{{ a }} {{"])
def test_braces_that_are_no_template_are_named(value):
    assert templates.fault(value)


@pytest.mark.parametrize("value", ["", "plain", "{ a }", "{{ a }}{{b}}", "}}"])
def test_other_values_are_no_fault(value):
    assert templates.fault(value) == ""


@pytest.mark.parametrize(
    "text", ["0015651A2B3C", "00:15:65:1a:2b:3c", "00-15-65-1A-2B-3C", "0015.651a.2b3c", " 0015651a2b3c "]
)
def test_a_mac_address_is_read_however_it_is_written(text):
    assert read_mac(text) == "0015651a2b3c"


@pytest.mark.parametrize("text", ["", "0015651A2B3", "0015651A2B3G", "00:15:65:1a:2b", "0015651a2b3c4d"])
def test_what_is_no_mac_address_is_none(text):
    assert read_mac(text) == ""


def test_a_phone_tells_its_mac_address_in_several_places():
    agent = "Yealink CP860 37.72.0.9 00:15:65:00:00:02"
    parameter = ("Device.LAN.MACAddress", "00:15:65:00:00:03")
    assert mac_from("001565000001", agent, [parameter]) == "001565000001"
    assert mac_from("SN1", agent, [parameter]) == "001565000003"
    assert mac_from("SN1", agent, [("Device.LAN.MACAddress", "")]) == "001565000002"
    assert mac_from("SN1", "Phone/1.0", []) == ""


def test_a_phones_own_facts_are_attributes_and_nobody_else_sets_them():
    notes = OperatorNotes(attributes={"extension": "2001", "mac": "ffffffffffff"})
    assert attributes_of(PHONE, notes) == {
        "extension": "2001",
        "mac": "0015651a2b3c",
        "serial_number": "0015651A2B3C",
        "model": "CP860",
        "oui": "001565",
        "ip": "192.0.2.7",
        "id": "001565-CP860-0015651A2B3C",
    }
    assert mac_of(PHONE) == "0015651a2b3c"
