"""Conversations told in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import NODEFAULT, structs

from acs.cwmp import messages as cwmp
from acs.cwmp.captured import split_request
from acs.cwmp.narration import Narrator
from acs.cwmp.pretty import pretty
from acs.cwmp.structures import DeviceId, Event, ParameterFault, ParameterValue, TransferFault
from acs.cwmp.versions import CWMP_1_0
from acs.cwmp.writing import write

CAPTURES = Path(__file__).parents[4] / "shared" / "captures"
FILES = sorted(CAPTURES.glob("*.xml")) + sorted(CAPTURES.glob("*.http")) if CAPTURES.is_dir() else []

INFORM = cwmp.Inform(
    DeviceId("Yealink", "001565", "CP860", "S1"),
    (Event("2 PERIODIC"), Event("M Reboot", "k7")),
    parameter_list=(ParameterValue("Device.DeviceInfo.SoftwareVersion", "37.8"),),
)


def body(message: cwmp.Message) -> bytes:
    return write(message, cwmp_id="1", namespace=CWMP_1_0)


def test_an_inform_is_told_with_its_events_and_who_it_is():
    told = Narrator().phone(body(INFORM))
    assert told.name == "Inform"
    assert told.text == "The phone says hello: 2 PERIODIC, M Reboot, with 1 parameter."
    assert told.details == (
        "It is Yealink CP860, OUI 001565, serial number S1.",
        "M Reboot belongs to the request with CommandKey k7.",
    )


def test_an_answer_is_told_by_what_was_asked():
    narrator = Narrator()
    asked = narrator.server(200, body(cwmp.GetParameterValues(("Device.A", "Device.B"))))
    assert asked.text == "The server asks for 2 values: Device.A, Device.B."
    fault = narrator.phone(body(cwmp.Fault(9005, "no such thing")))
    assert fault.text == (
        "The phone answers with fault 9005, invalid parameter name, "
        "to GetParameterValues of Device.A, Device.B."
    )
    assert "It says: no such thing" in fault.details


def test_faults_of_single_parameters_are_listed():
    narrator = Narrator()
    narrator.server(200, body(cwmp.SetParameterValues((ParameterValue("Device.A", "x"),))))
    told = narrator.phone(body(cwmp.Fault(9003, "", (ParameterFault("Device.A", 9008),))))
    assert told.details[-1] == "Device.A: 9008, not writable"


def test_many_names_are_counted_and_stand_in_the_details():
    names = tuple(f"Device.N{number}" for number in range(5))
    told = Narrator().server(200, body(cwmp.GetParameterValues(names)))
    assert (told.text, told.details) == ("The server asks for 5 values.", names)


def test_the_end_and_a_missing_answer():
    narrator = Narrator()
    assert "the server's turn" in narrator.phone(b"").text
    narrator.server(200, body(cwmp.Reboot("k")))
    assert narrator.phone(b" ").text == "The phone sends nothing instead of the answer to Reboot."
    assert narrator.server(204, b"").text == "The server has nothing more to ask: the session is over."


def test_a_failed_transfer_is_told_with_its_reason():
    told = Narrator().phone(body(cwmp.TransferComplete("k1", TransferFault(9010, "full"))))
    assert (
        told.text == "The phone reports that the transfer with CommandKey k1 failed: 9010, download failure."
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\x00\x01\xff", "no SOAP message"),
        (b"<html/>", "no SOAP message"),
        (b"<Envelope><Body><Inform/></Body></Envelope>", "cannot be understood"),
        (b"<Envelope><Body><Dance/></Body></Envelope>", "no method of CWMP"),
        (b"<!DOCTYPE x><Envelope/>", "no SOAP message"),
    ],
)
def test_what_cannot_be_understood_is_told_too(raw, says):
    assert says in Narrator().phone(raw).text


def test_refusals_of_the_server():
    narrator = Narrator()
    assert narrator.server(401, b"").text == "The server asks the phone to log in."
    assert "HTTP 400: no SOAP" in narrator.server(400, b"no SOAP\n").text
    assert "8000, method not supported" in narrator.server(200, body(cwmp.Fault(8000))).text


EVERY = [
    one
    for one in vars(cwmp).values()
    if isinstance(one, type) and issubclass(one, cwmp.Message) and one is not cwmp.Message
]


#: for fields without a default
GIVEN = {
    "device_id": INFORM.device_id,
    "fault_code": 9001,
    "instance_number": 1,
    "delay_seconds": 5,
    **dict.fromkeys(("parameter_path", "object_name", "command_key", "file_type", "url"), "x"),
}


def made(kind: type[cwmp.Message]) -> cwmp.Message:
    needed = (one.name for one in structs.fields(kind) if one.default is NODEFAULT)
    return kind(**{name: GIVEN.get(name, ()) for name in needed})


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_there_are_words_for_every_message(kind):
    raw = body(made(kind))
    assert Narrator().phone(raw).text.startswith("The phone ")
    assert Narrator().server(200, raw).text.startswith("The server ")
    assert kind.__name__ in pretty(raw)


@pytest.mark.skipif(not FILES, reason="there are no captures beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_captured_messages_are_told(path):
    captured = split_request(path.read_bytes())
    told = Narrator().phone(captured.body, captured.charset)
    assert told.text.startswith("The phone ")
    assert told.text.endswith(".")
    shown = pretty(captured.body, captured.charset)
    assert shown == "" or len(shown.splitlines()) > 3
    assert all(one in "\n\t" or one.isprintable() for one in shown)


def test_what_is_no_xml_is_shown_with_odd_bytes_escaped():
    assert pretty(b"<a>\x01</a>") == "<a>\\x01</a>"
    assert pretty(b"") == ""
    assert pretty(b"<a><b>x</b></a>") == "<a>\n  <b>x</b>\n</a>"
