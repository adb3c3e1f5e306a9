"""What nobody sends by accident, and arbitrary bytes: refused in one line, never with another exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acs.cwmp import messages as m
from acs.cwmp import structures as s
from acs.cwmp.parsing import MAX_DEPTH, MAX_ELEMENTS
from acs.cwmp.reading import MalformedMessage, NotSoap, read
from acs.cwmp.writing import write

INFORM = write(
    m.Inform(
        s.DeviceId("Yealink", "001565", "T46S", "1"),
        (s.Event("1 BOOT"), s.Event("M Reboot", "k")),
        parameter_list=(
            s.ParameterValue("Device.A", "1", "xsd:boolean"),
            s.ParameterValue("Device.B", "é & <"),
        ),
    ),
    cwmp_id="1",
    namespace="urn:dslforum-org:cwmp-1-2",
)
FAULT = write(
    m.Fault(9003, "no", (s.ParameterFault("A", 9007, "b"),)),
    cwmp_id="1",
    namespace="urn:dslforum-org:cwmp-1-0",
)

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "haha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]>"
)


@pytest.mark.parametrize(
    "prolog",
    [
        LAUGHS,
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
        b'<!-- a --><?p i?>\n<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/"> %p;]>',
        b"<!doctype html>",
        b"junk <!DOCTYPE x>",
        b"\xef\xbb\xbf<!DOCTYPE x>",
        b"<!ENTITY a 'b'>",
    ],
)
def test_quirk_47_a_dtd_is_refused_and_nothing_is_expanded(prolog):
    body = prolog + INFORM.replace(b"T46S", b"&f;&j;&a;")
    with pytest.raises(NotSoap, match="DTD"):
        read(body)
    with pytest.raises(NotSoap, match="DTD"):
        read(body.decode().encode("utf-16"))


def test_quirk_47_an_entity_without_a_dtd_is_mere_text():
    message = read(INFORM.replace(b"T46S", b"&xxe;")).message
    assert message.device_id.product_class == "&xxe;"


def nested(depth: int) -> bytes:
    return b"<Envelope><Body><Inform>" + b"<a>" * depth + b"</a>" * depth + b"</Inform></Body></Envelope>"


def test_nesting_beyond_the_limit_is_refused():
    with pytest.raises(NotSoap, match="deep"):
        read(nested(MAX_DEPTH - 2))
    with pytest.raises(NotSoap, match="deep"):
        read(b"&" + nested(100_000))
    with pytest.raises(MalformedMessage):
        read(nested(MAX_DEPTH - 3))


@pytest.mark.parametrize("scrap", [b"<a", b"&<", b"<"])
def test_a_text_that_would_have_to_be_mended_everywhere_is_refused(scrap):
    with pytest.raises(NotSoap, match="2000000 '<' and '&'"):
        read(b"<Envelope><Body><Inform>" + scrap * 2_000_000 + b"</Inform></Body></Envelope>")


def test_more_elements_than_the_limit_are_refused():
    with pytest.raises(NotSoap, match="elements"):
        read(b"<Envelope><Body><Inform>" + b"<a/>" * (MAX_ELEMENTS + 1) + b"</Inform></Body></Envelope>")


@pytest.mark.parametrize(
    "pattern",
    [
        *(b"<", b"<a", b'<a b="', b"<!--", b"<![CDATA[", b"<?", b"&", b"&#", b"</a>", b"<a>", b"<a ", b"'"),
        *(b" \n", b"\xfc ", b"\xb0\xa1\xfc", b"x" * 40 + b"\xff", b"\xc3\xa4\xff"),
    ],
)
def test_repair_takes_time_in_proportion_to_the_body(pattern):
    """Bodies made to send a careless expression into squared or exponential time: such a test never ends."""
    tolerated(INFORM[:-60] + pattern * (100_000 // len(pattern)) + INFORM[-60:])


def test_a_tag_of_one_long_word_is_looked_through_once():
    tolerated(INFORM[:-60] + b"<a " + b"b" * 300_000 + b">" + INFORM[-60:])


def tolerated(body: bytes, charset: str | None = None) -> None:
    """Read, or refused with a reason in one line; any other exception fails the test that asked."""
    reason = "read"
    try:
        read(body, charset)
    except (NotSoap, MalformedMessage) as refused:
        reason = refused.reason
    assert reason.strip()
    assert "\n" not in reason


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=200), st.none() | st.text(max_size=10))
@example(b"<\x00", None)
@example(b"\x00<\x00?", "utf-16")
@example(b"\xff\xfe\x00\x00", None)
@example(b"<a:b:c/>", None)
def test_arbitrary_bytes_are_read_or_refused(body, charset):
    tolerated(body, charset)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    b"<",
                    b">",
                    b"</",
                    b"/>",
                    b"Envelope",
                    b"Body",
                    b"Inform",
                    b"Fault",
                    b"a",
                    b" ",
                    b"&",
                    b";",
                ),
                *(b"#", b'"', b"=", b":", b"xmlns", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>"),
                *(b"DeviceId", b"Event", b"EventStruct", b"SerialNumber", b"\x00", b"\xe9", b"1"),
            ]
        ),
        max_size=60,
    )
)
def test_scraps_of_markup_are_read_or_refused(scraps):
    tolerated(b"".join(scraps))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([INFORM, FAULT]), st.data())
def test_messages_with_damage_are_read_or_refused(body, data):
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        cut = data.draw(st.integers(0, 12))
        damaged[at : at + cut] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"<", b"&", b"</x>", b"<x>", b"]]>"])
        )
    tolerated(bytes(damaged))


@pytest.mark.parametrize("position", range(0, len(INFORM), 23))
def test_a_message_cut_off_anywhere_is_read_or_refused(position):
    tolerated(INFORM[:position])


def test_every_capture_survives_the_loss_of_any_line(shared: Path):
    for path in sorted((shared / "captures").glob("*.xml")):
        lines = path.read_bytes().splitlines(keepends=True)
        for left_out in range(len(lines)):
            tolerated(b"".join(lines[:left_out] + lines[left_out + 1 :]))
