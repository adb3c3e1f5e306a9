"""A phone behind NAT is told of the STUN server: once, and not over an operator's wish."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp.structures import ParameterValue
from acs.fleet.situation import StunOffer

OFFER = StunOffer("acs.example", 3478, "0123456789abcdef", "secret")
MS = "Device.ManagementServer."
LEAVES = {
    MS + "STUNEnable": ("0", "xsd:boolean"),
    MS + "STUNServerAddress": ("", "xsd:string"),
    MS + "STUNServerPort": ("3478", "xsd:unsignedInt"),
    MS + "STUNUsername": ("", "xsd:string"),
    MS + "STUNPassword": ("", "xsd:string"),
    MS + "STUNMaximumKeepAlivePeriod": ("-1", "xsd:int"),
    MS + "STUNMinimumKeepAlivePeriod": ("0", "xsd:unsignedInt"),
}


@pytest.fixture
def nat_phone(desk, phone):
    """A phone with STUN leaves whose model is known, and then a STUN server is there."""
    phone.model.update(LEAVES)
    desk.learnt(phone)
    desk.stun = OFFER
    desk.inform("2 PERIODIC", phone=phone)
    return phone


def sent(asked):
    [request] = [one for one in asked if isinstance(one, m.SetParameterValues)]
    return {value.name.removeprefix(MS): (value.value, value.type) for value in request.parameter_list}


def test_it_is_asked_what_it_has_and_then_told_server_login_and_periods(desk, nat_phone) -> None:
    asked = desk.talk(nat_phone)
    assert [one.name for one in asked] == ["GetParameterValues", "SetParameterValues"]
    assert sent(asked) == {
        "STUNEnable": ("1", "xsd:boolean"),
        "STUNServerAddress": ("acs.example", "xsd:string"),
        "STUNServerPort": ("3478", "xsd:unsignedInt"),
        "STUNUsername": ("0123456789abcdef", "xsd:string"),
        "STUNPassword": ("secret", "xsd:string"),
        "STUNMaximumKeepAlivePeriod": ("50", "xsd:int"),
        "STUNMinimumKeepAlivePeriod": ("20", "xsd:unsignedInt"),
    }
    assert desk.device.stun.origin == "acs"
    assert desk.tree.get(MS + "STUNEnable").value == "1"
    assert "acs.example:3478" in desk.texts("wake")[-1]


def test_from_then_on_it_costs_nothing(desk, nat_phone) -> None:
    desk.talk(nat_phone)
    desk.inform("2 PERIODIC", phone=nat_phone)
    assert desk.talk(nat_phone) == []


def test_a_phone_that_is_not_behind_nat_is_not_asked(desk, nat_phone) -> None:
    desk.stun = None
    assert desk.talk(nat_phone) == []


def test_a_phone_without_the_leaves_or_with_read_only_ones_is_not_asked(desk, phone) -> None:
    phone.model.update(LEAVES)
    phone.read_only.add(MS + "STUNServerAddress")
    desk.learnt(phone)
    desk.stun = OFFER
    desk.inform("2 PERIODIC", phone=phone)
    assert desk.talk(phone) == []


def test_leaves_that_it_lacks_are_left_out(desk, phone) -> None:
    phone.model.update({MS + leaf: LEAVES[MS + leaf] for leaf in ("STUNEnable", "STUNServerAddress")})
    desk.learnt(phone)
    desk.stun = OFFER
    desk.inform("2 PERIODIC", phone=phone)
    assert set(sent(desk.talk(phone))) == {"STUNEnable", "STUNServerAddress"}


def test_a_stun_server_of_the_operators_is_left_alone(desk, nat_phone) -> None:
    nat_phone.model[MS + "STUNEnable"] = ("1", "xsd:boolean")
    nat_phone.model[MS + "STUNServerAddress"] = ("stun.operator.example", "xsd:string")
    assert [one.name for one in desk.talk(nat_phone)] == ["GetParameterValues"]
    assert desk.device.stun.origin == "operator"
    desk.inform("2 PERIODIC", phone=nat_phone)
    assert desk.talk(nat_phone) == []


def test_a_refusal_is_remembered(desk, nat_phone) -> None:
    nat_phone.odd = lambda request: (
        m.Fault(9001, "denied") if isinstance(request, m.SetParameterValues) else NotImplemented
    )
    desk.talk(nat_phone)
    assert desk.device.stun.origin == "refused"
    assert "fault 9001" in desk.texts("wake")[-1]
    desk.inform("2 PERIODIC", phone=nat_phone)
    assert desk.talk(nat_phone) == []


def test_a_phone_that_reboots_over_the_set_is_asked_what_it_has_and_not_set_again(desk, nat_phone) -> None:
    def reboots(request):
        if not isinstance(request, m.SetParameterValues):
            return NotImplemented
        nat_phone.usual(request)
        return None

    nat_phone.odd = reboots
    desk.talk(nat_phone)
    desk.break_off()
    assert desk.device.stun.origin == "unsure"
    desk.inform("1 BOOT", phone=nat_phone)
    assert [one.name for one in desk.talk(nat_phone)] == ["GetParameterValues"]
    assert desk.device.stun.origin == "acs"


def test_a_phone_that_hangs_up_when_asked_is_asked_once_more_and_then_left_alone(desk, nat_phone) -> None:
    for origin in ("lost", "refused"):
        desk.talk(lambda request: None)
        desk.break_off()
        assert desk.device.stun.origin == origin
        desk.inform("2 PERIODIC", phone=nat_phone)
    assert desk.talk(nat_phone) == []


def test_when_the_server_moves_its_phones_are_told(desk, nat_phone) -> None:
    desk.talk(nat_phone)
    desk.stun = StunOffer("new.example", 3479, OFFER.username, OFFER.password)
    desk.inform("2 PERIODIC", phone=nat_phone)
    values = sent(desk.talk(nat_phone))
    assert (values["STUNServerAddress"][0], values["STUNServerPort"][0]) == ("new.example", "3479")


def test_after_a_factory_reset_it_is_told_again(desk, nat_phone) -> None:
    desk.talk(nat_phone)
    nat_phone.model.update(LEAVES)
    desk.inform("0 BOOTSTRAP", "1 BOOT", phone=nat_phone)
    assert sent(desk.talk(nat_phone))["STUNEnable"][0] == "1"


def test_what_informs_say_of_nat_is_kept(desk, nat_phone) -> None:
    desk.inform(
        "4 VALUE CHANGE",
        values=[
            ParameterValue(MS + "UDPConnectionRequestAddress", "203.0.113.9:4000"),
            ParameterValue(MS + "NATDetected", "true"),
        ],
    )
    assert (desk.device.udp_address, desk.device.nat_detected) == ("203.0.113.9:4000", True)
    desk.inform("4 VALUE CHANGE", values=[ParameterValue(MS + "UDPConnectionRequestAddress", "")])
    assert desk.device.udp_address == ""
