"""`acs lint`: what is wrong, on which line, and what the server would do."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp import messages as m
from acs.cwmp import structures as s
from acs.cwmp.captured import split_request
from acs.cwmp.lint import ERROR, NOTE, WARNING, Finding, lint_message
from acs.cwmp.writing import write

INFORM = m.Inform(
    s.DeviceId("Yealink", "001565", "SIP-T46S", "0015651A2B3C"),
    (s.Event("1 BOOT"),),
    1,
    "2024-05-01T10:00:00Z",
    0,
    (
        s.ParameterValue("Device.DeviceInfo.SoftwareVersion", "66.86.0.15"),
        s.ParameterValue("Device.ManagementServer.ConnectionRequestURL", "http://192.0.2.7:7547/"),
    ),
)


def written(message: m.Message, namespace: str = "urn:dslforum-org:cwmp-1-0") -> bytes:
    """The message with one element a line, so that lines can be told apart."""
    return write(message, cwmp_id="7", namespace=namespace).replace(b"><", b">\n<")


def found(body: bytes, part: str) -> Finding:
    """The only finding whose text holds this part."""
    (only,) = [each for each in lint_message(body).findings if part in each.text]
    return only


def line_with(body: bytes, part: bytes) -> int:
    return body[: body.index(part)].count(b"\n") + 1


def test_a_clean_inform():
    report = lint_message(written(INFORM))
    assert report.findings == ()
    assert report.message == "Inform"
    assert report.sender == "Yealink SIP-T46S, OUI 001565, serial number 0015651A2B3C"
    assert report.outcome == "opens a session and answers InformResponse in urn:dslforum-org:cwmp-1-0"
    assert not report.refused


def test_a_deviation_is_told_with_its_line_and_its_handling():
    body = written(INFORM).replace(b"<OUI>001565</OUI>", b"<OUI>00156a</OUI>")
    deviation = found(body, "pattern")
    assert (deviation.line, deviation.severity) == (line_with(body, b"<OUI>"), WARNING)
    assert "device's id" in deviation.handling
    assert not lint_message(body).refused


@pytest.mark.parametrize(
    ("old", "new", "said", "severity", "where"),
    [
        (b"EventStruct[1]", b"EventStruct[01]", "padded", WARNING, b"<Event "),
        (b"EventStruct[1]", b"EventStruct[9]", "9 items", WARNING, b"<Event "),
        (b"EventStruct[1]", b"EventStruct", "no count", WARNING, b"<Event "),
        (b"2024-05-01T10", b"1970-01-01T00", "clock", NOTE, b"<CurrentTime>"),
        (b"<MaxEnvelopes>1", b"<MaxEnvelopes>2", "MaxEnvelopes", NOTE, b"<MaxEnvelopes>"),
        (b"1 BOOT", b"7 TRANSFER COMPLETE", "without M Download", NOTE, b"<Event "),
        (b"1 BOOT", b"M Upload", "without 7 TRANSFER", NOTE, b"<Event "),
        (b"SoftwareVersion", b"X_Version", "SoftwareVersion", NOTE, b"<ParameterList "),
        (b'xsi:type="xsd:string">66', b'xsi:type="xsd:json">66', "json", WARNING, b"xsd:json"),
        (b"66.86", b"66&86", "bare '&'", WARNING, b"66&86"),
        (b"SIP-T46S", b"SIP\x01T46S", "control characters", WARNING, b"SIP\x01T46S"),
        (b">7<", b"> <", "no cwmp:ID", WARNING, b"<SOAP-ENV:Header>"),
    ],
)  # fmt: skip
def test_each_oddity_is_found_on_its_line(old, new, said, severity, where):
    body = written(INFORM)
    assert old in body
    body = body.replace(old, new, 1)
    deviation = found(body, said)
    assert (deviation.severity, deviation.line) == (severity, line_with(body, where))
    assert deviation.handling
    assert not lint_message(body).refused


def test_an_unofficial_namespace_is_noted_and_held_against_cwmp_1_2():
    body = written(INFORM, "urn:dslforum-org:cwmp-1-4").replace(b"<RetryCount>0", b"<RetryCount>x")
    assert found(body, "no official namespace").severity == NOTE
    assert found(body, "against cwmp-1-2").line == line_with(body, b"<RetryCount>")


def test_a_message_that_its_version_does_not_have():
    assert "not in" in found(written(m.AutonomousTransferComplete()), "AutonomousTransferComplete is").text


def test_an_empty_inform_has_no_event():
    body = written(m.Inform(INFORM.device_id))
    assert found(body, "no event").severity == WARNING


def test_declared_latin_1_that_is_utf_8():
    body = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + written(INFORM).replace(
        b"Yealink", "Yéalink".encode()
    )
    assert found(body, "iso8859-1 is declared").severity == WARNING


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"hello", "HTTP 400"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "HTTP 400"),
        (written(m.Inform(s.DeviceId("Y", "001565"))), "fault 8003"),
        (written(m.Reboot("k")), "fault 8000"),
        (written(INFORM).replace(b"cwmp:Inform>", b"cwmp:MakeCoffee>"), "fault 8000"),
    ],
)
def test_what_the_server_refuses_is_an_error(body, outcome):
    report = lint_message(body)
    assert report.refused
    assert report.outcome.startswith(outcome)
    assert ERROR in {each.severity for each in report.findings}


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (m.TransferComplete("k"), "answers TransferCompleteResponse"),
        (m.GetRPCMethods(), "answers GetRPCMethodsResponse"),
        (m.RebootResponse(), "takes it as the answer"),
        (m.GetRPCMethodsResponse(("Inform",)), "takes it as the answer"),
        (m.Fault(9005, "no"), "takes it as the answer to its request, which failed: 9005"),
    ],
)
def test_what_the_server_does_with_other_messages(message, outcome):
    report = lint_message(written(message))
    assert report.outcome.startswith(outcome)
    assert not report.refused


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (written(m.InformResponse()), "takes it for no answer"),
        (written(m.RebootResponse()).replace(b"RebootResponse", b"CoffeeResponse"), "takes it for no answer"),
        (b"<Envelope><Body/></Envelope>", "takes it for an empty POST"),
    ],
)
def test_what_no_phone_should_send_and_a_session_survives_is_a_warning(body, outcome):
    report = lint_message(body)
    assert report.outcome.startswith(outcome)
    assert not report.refused
    assert found(body, "is nothing a phone may send").severity == WARNING


def request(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"POST /acs HTTP/1.1", b"User-Agent: probe", *headers, b"", b"")) + body


def test_a_whole_request_is_counted_in_its_own_lines():
    body = written(INFORM).replace(b"EventStruct[1]", b"EventStruct[01]")
    whole = request(body, b'Content-Type: text/xml; charset="utf-8"', b"Content-Length: %d" % len(body))
    assert found(whole, "padded").line == line_with(whole, b"<Event ")


@pytest.mark.parametrize("size", [50, 333, 1000])
def test_a_chunked_request_is_counted_in_its_own_lines(size):
    body = written(INFORM).replace(b"EventStruct[1]", b"EventStruct[01]").replace(b"2024-05", b"1970-01")
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    whole = request(
        b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n",
        b"Transfer-Encoding: chunked",
    )
    assert split_request(whole).body == body
    if b"<Event " in whole:
        assert found(whole, "padded").line == line_with(whole, b"<Event ")
    if b"<CurrentTime>" in whole:
        assert found(whole, "clock").line == line_with(whole, b"<CurrentTime>")


def test_chunks_whose_sizes_no_longer_fit():
    body = written(INFORM)
    captured = split_request(request(b"fff\r\n" + body + b"\r\n0\r\n", b"Transfer-Encoding: chunked"))
    assert captured.body.strip() == body
    assert captured.odd


def test_a_compressed_request():
    body = written(INFORM)
    assert split_request(request(zlib.compress(body), b"Content-Encoding: deflate")).body == body
    assert split_request(request(body, b"Content-Encoding: gzip")).odd


def test_a_length_that_does_not_fit_is_noted():
    assert found(request(written(INFORM), b"Content-Length: 5"), "Content-Length").severity == NOTE


def test_an_empty_post_is_clean():
    report = lint_message(request(b"", b"Content-Length: 0"))
    assert (report.message, report.sender, report.refused) == ("an empty POST", "probe", False)


def test_no_capture_is_refused(shared):
    for path in sorted((shared / "captures").glob("*.[xh]*")):
        report = lint_message(path.read_bytes())
        assert not report.refused, path.name


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda junk: written(INFORM)[:600] + junk))
def test_any_file_gets_a_report(raw):
    assert lint_message(raw).outcome
