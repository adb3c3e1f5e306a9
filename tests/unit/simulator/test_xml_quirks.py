"""What each XML persona puts on the wire, and that the default persona's messages are valid."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lxml import etree
from official_schemas import problems

from acs.cwmp import messages as m
from acs.cwmp.reading import read
from acs.cwmp.structures import (
    ParameterAttribute,
    ParameterFault,
    ParameterInfo,
    ParameterValue,
    TransferFault,
)
from acs.cwmp.writing import write
from acs.simulator.personas import CWMP_1_0, PERSONAS
from acs.simulator.rpc import answer
from acs.simulator.state import PhoneState
from acs.simulator.xml_quirks import QUIRKS, spoil

FAULT = m.Fault(9003, "Invalid arguments", (ParameterFault("Device.X", 9005, "Invalid parameter name"),))


@pytest.fixture
def inform(make_phone: Callable[..., PhoneState]) -> bytes:
    return write(make_phone(known=False).inform(), cwmp_id="17", namespace=CWMP_1_0)


def periodic(inform: bytes) -> bytes:
    return inform.replace(b"0 BOOTSTRAP", b"2 PERIODIC")


@pytest.mark.parametrize("quirk", QUIRKS)
def test_each_quirk_changes_something_and_can_still_be_read(quirk: str, inform: bytes) -> None:
    message = write(FAULT, cwmp_id="1", namespace=CWMP_1_0) if "fault" in quirk else periodic(inform)
    message = message.replace(b"37.0.0.0", "R&amp;D Süd".encode())
    spoilt = spoil(message, [quirk])
    assert spoilt != message
    assert read(spoilt).message.name in ("Inform", "Fault")


def test_prefixes(inform: bytes) -> None:
    root = etree.fromstring(spoil(inform, ["prefixes"]))
    assert root.tag == "{http://schemas.xmlsoap.org/soap/envelop}Envelope"
    assert root[1][0].tag == f"{{{CWMP_1_0}}}Inform"
    assert root[1][0].prefix == "ns-1"


def test_no_id(inform: bytes) -> None:
    assert read(spoil(inform, ["no-id"])).cwmp_id == ""
    assert b"Header>" in spoil(inform, ["no-id"])


def test_missing_fields(inform: bytes) -> None:
    for gone in (b"MaxEnvelopes", b"CurrentTime", b"RetryCount"):
        assert gone not in spoil(inform, ["missing-fields"])
    assert b"ParameterList" in spoil(inform, ["missing-fields"])
    assert b"ParameterList" not in spoil(periodic(inform), ["missing-fields"])


def test_no_events(inform: bytes) -> None:
    assert b"EventStruct" in spoil(inform, ["no-events"])
    message = read(spoil(periodic(inform), ["no-events"])).message
    assert isinstance(message, m.Inform)
    assert message.event == ()


def test_clock_1970(inform: bytes) -> None:
    assert b"<CurrentTime>1970-01-01T00:01:12</CurrentTime>" in spoil(inform, ["clock-1970"])


def test_whitespace(inform: bytes) -> None:
    root = etree.fromstring(spoil(inform, ["whitespace"]))
    texts = [root.findtext(f".//{name}") for name in ("OUI", "SerialNumber", "EventCode", "Name")]
    assert all(text and text != text.strip() for text in texts)


def test_no_value(inform: bytes) -> None:
    spoilt = spoil(inform, ["no-value"])
    assert spoilt.count(b"<Name>") > spoilt.count(b"<Value")


def test_bad_types(inform: bytes) -> None:
    types = re.findall(rb'<Value(?: xsi:type="([^"]*)")?>', spoil(inform, ["bad-types"]))
    assert set(types) >= {b"xsd:", b"xsd:json", b"xsd:Boolean", b"string", b""}


def test_array_types(inform: bytes) -> None:
    spoilt = spoil(inform, ["array-types"])
    assert b"[0005]" in spoilt
    assert b'xsi:type="SOAP-ENC:Array"' in spoilt


def test_control_characters(inform: bytes) -> None:
    assert b"\x0b\x00\xc3\xff" in spoil(inform, ["control-characters"])
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(spoil(inform, ["control-characters"]))


def test_latin1(make_phone: Callable[..., PhoneState]) -> None:
    body = write(make_phone("latin1").inform(), cwmp_id="1", namespace=CWMP_1_0)
    assert "Besprechung Süd".encode("latin-1") in spoil(body, ["latin1"])


def test_unescaped(make_phone: Callable[..., PhoneState]) -> None:
    body = write(make_phone("unescaped").inform(), cwmp_id="1", namespace=CWMP_1_0)
    assert b"R&D < 4th floor" in spoil(body, ["unescaped"])


def test_cdata(inform: bytes) -> None:
    spoilt = spoil(inform, ["cdata"])
    assert b"<![CDATA[37.72.0.5]]>" in spoilt
    assert b"<?phone hint?>" in spoilt
    assert b"<!-- <DeviceId> -->" in spoilt


def test_no_detail_fault() -> None:
    spoilt = spoil(write(FAULT, cwmp_id="1", namespace=CWMP_1_0), ["no-detail-fault"])
    assert b"detail" not in spoilt
    assert b"faultcode" in spoilt


def test_every_persona_names_quirks_that_exist() -> None:
    assert {quirk for persona in PERSONAS.values() for quirk in persona.xml_quirks} == set(QUIRKS)


REQUESTS = [
    m.GetRPCMethods(),
    m.GetParameterNames("", False),
    m.GetParameterValues(("",)),
    m.GetParameterAttributes(("Device.Time.", "Device.DeviceInfo.")),
    m.SetParameterValues((ParameterValue("Device.Time.NTPServer1", "x"),), "k"),
    m.SetParameterValues((ParameterValue("Device.Nothing", "x"),), "k"),
    m.SetParameterAttributes(()),
    m.AddObject("Device.LAN.DHCPOption.", "k"),
    m.DeleteObject("Device.LAN.DHCPOption.1.", "k"),
    m.Download("k", "1 Firmware Upgrade Image", "http://files.example/x"),
    m.Download("k", "1 Firmware Upgrade Image", "gopher://files.example/x"),
    m.Upload("k", "2 Vendor Log File", "http://files.example/x"),
    m.ScheduleInform(10, "k"),
    m.Reboot("k"),
    m.FactoryReset(),
    m.GetOptions(),
]


@pytest.mark.parametrize("persona", ["cp860", "snom-like", "igd", "instance-gaps"])
def test_what_an_unspoilt_phone_sends_is_valid(make_phone: Callable[..., PhoneState], persona: str) -> None:
    """Against the official schema of the persona's CWMP version."""
    phone = make_phone(persona, known=False)
    namespace = phone.persona.namespace
    messages: list[m.Message] = [phone.inform()]
    messages += [answer(phone, request) for request in REQUESTS]
    fault = TransferFault(9010, "Download failure")
    transfer = phone.transfers[0] if phone.transfers else None
    if transfer is not None:
        phone.finished(transfer, fault, phone.clock())
        messages += [phone.reports[0].message, phone.inform()]
    found = {
        message.name: wrong
        for message in messages
        if (wrong := problems(write(message, cwmp_id="1", namespace=namespace)))
    }
    assert found == {}


def test_structures_used_here_are_the_wires() -> None:
    """A guard for the list above: these three must have been written at least once with content."""
    for message in (
        m.GetParameterNamesResponse((ParameterInfo("Device.", False),)),
        m.GetParameterAttributesResponse((ParameterAttribute("Device.X", 1, ("Subscriber",)),)),
    ):
        assert problems(write(message, cwmp_id="1", namespace=CWMP_1_0)) == []
