"""The short way of reading an Inform gives what the long way gives, or nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acs.cwmp import known_informs, reading
from acs.cwmp.known_informs import KnownInforms
from acs.cwmp.reading import MalformedMessage, NotSoap

INFORM = """<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-0">
  <soap:Header><cwmp:ID soap:mustUnderstand="1">17</cwmp:ID></soap:Header>
  <soap:Body>
    <cwmp:Inform>
      <DeviceId>
        <Manufacturer>Yealink</Manufacturer><OUI>001565</OUI>
        <ProductClass>SIP-T46S</ProductClass><SerialNumber>0015651a2b3c</SerialNumber>
      </DeviceId>
      <Event enc:arrayType="cwmp:EventStruct[2]">
        <EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct>
        <EventStruct><EventCode>M Reboot</EventCode><CommandKey>key-1</CommandKey></EventStruct>
      </Event>
      <MaxEnvelopes>1</MaxEnvelopes>
      <CurrentTime>2026-03-01T10:00:00Z</CurrentTime>
      <RetryCount>0</RetryCount>
      <ParameterList enc:arrayType="cwmp:ParameterValueStruct[3]">
        <ParameterValueStruct>
          <Name>Device.DeviceInfo.SoftwareVersion</Name><Value xsi:type="xsd:string">66.86.0.15</Value>
        </ParameterValueStruct>
        <ParameterValueStruct>
          <Name>Device.ManagementServer.ParameterKey</Name><Value xsi:type="xsd:string"></Value>
        </ParameterValueStruct>
        <ParameterValueStruct>
          <Name>Device.DeviceInfo.UpTime</Name><Value xsi:type="xsd:unsignedInt">3600</Value>
        </ParameterValueStruct>
      </ParameterList>
    </cwmp:Inform>
  </soap:Body>
</soap:Envelope>
"""


class LongWay:
    """The reader proper, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, body: bytes):
        self.asked += 1
        return reading._read(body)


def long_way(body: bytes):
    """What the long way makes of a body; None where it refuses it."""
    try:
        return reading._read(body)
    except (NotSoap, MalformedMessage):
        return None


def learnt(text: str = INFORM) -> KnownInforms:
    """One that has seen this document twice."""
    known = KnownInforms(reading._read)
    known.read(text.encode())
    known.read(text.encode())
    return known


def with_texts(text: str, replacements: list[str]) -> str:
    """The document with its texts replaced, for as long as there are replacements."""
    left = iter(replacements)
    return re.sub(r">([^<>\s][^<>]*)(?<!\s)<", lambda found: f">{next(left, found[1])}<", text)


def test_an_inform_seen_twice_is_known():
    long = LongWay()
    known = KnownInforms(long)
    assert known.read(INFORM.encode()) is None
    assert long.asked == 0
    assert known.read(INFORM.encode()) == reading._read(INFORM.encode())
    assert long.asked == 1


def test_all_texts_of_a_later_inform_are_its_own():
    texts = "18 Maker 00A0 T48U serial 2PERIODIC m_reboot k 2 now 3 a b c 7"
    later = with_texts(INFORM, texts.split())
    long = LongWay()
    known = KnownInforms(long)
    known.read(INFORM.encode())
    known.read(INFORM.encode())
    envelope = known.read(later.encode())
    assert long.asked == 1
    assert envelope == reading._read(later.encode())
    assert envelope.cwmp_id == "18"
    assert envelope.message.device_id.serial_number == "serial"
    assert [event.event_code for event in envelope.message.event] == ["2 PERIODIC", "M Reboot"]
    assert envelope.message.retry_count == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("66.86.0.15", "a &amp; b"),
        ("66.86.0.15", "two\nlines"),
        ("66.86.0.15", "bell\x07"),
        ("66.86.0.15", "]]>"),
        ("66.86.0.15", "<![CDATA[x]]>"),
        ("66.86.0.15", " blanks "),
        ("Device.DeviceInfo.UpTime", "Device.DeviceInfo.SoftwareVersion"),
        ("<RetryCount>0</RetryCount>", ""),
        ("</soap:Envelope>", ""),
        ("0015651a2b3c", ""),
    ],
)
def test_what_is_unusual_goes_the_long_way(old, new):
    assert learnt().read(INFORM.replace(old, new).encode()) is None


def test_bytes_that_are_no_utf8_go_the_long_way():
    assert learnt().read(INFORM.replace("Yealink", "Müller").encode("latin-1")) is None


@pytest.mark.parametrize(
    "text",
    [
        INFORM.replace("<RetryCount>0", "<Extra>text</Extra><RetryCount>0"),
        INFORM.replace("</soap:Header>", "<cwmp:NoMoreRequests>0</cwmp:NoMoreRequests></soap:Header>"),
        INFORM.replace("<CurrentTime>", "<!-- >comment< --><CurrentTime>"),
        INFORM.replace("66.86.0.15", "<![CDATA[a>b<c]]>"),
        INFORM.replace("</cwmp:Inform>", ""),
        INFORM.replace("xmlns:xsi", "xmlns:other"),
        INFORM.replace("Inform>", "Report>").replace("</soap:Body>", "<x>Inform></x></soap:Body>"),
    ],
)
def test_markup_that_says_more_than_an_inform_is_never_known(text):
    known = learnt(text)
    assert known.read(text.encode()) is None


def test_no_more_markups_are_remembered_than_some(monkeypatch):
    monkeypatch.setattr(known_informs, "MOST_MARKUPS", 3)
    known = learnt()
    for number in range(7):
        text = INFORM.replace("<OUI>", f"<OUI a='{number}'>")
        assert known.read(text.encode()) is None
        assert known.read(text.encode()) == reading._read(text.encode())
        assert len(known._shapes) <= 3


PIECES = re.findall(r"<[^<>]*>|[^<>]+", INFORM)
CHARACTERS = st.characters(exclude_characters="<>", exclude_categories=("Cs",))
ODD = (
    "&lt;",
    "<a>",
    "</a>",
    "<OUI>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    ">",
    '"',
    "\x00",
    "x",
    "<Name>n</Name>",
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(PIECES) - 1),
            st.sampled_from(("leave out", "twice", "swap", "put before")),
            st.sampled_from(ODD),
        ),
        max_size=3,
    ),
    st.lists(
        st.one_of(
            st.text(
                st.characters(exclude_characters="<>", exclude_categories=("Cs",)), min_size=1, max_size=6
            ),
            st.sampled_from(("0", "-1", "007", "x1", "0 BOOTSTRAP", "same", "same", "730000001", "true")),
        ),
        max_size=20,
    ),
)
@example([], ["same"] * 20)
@settings(deadline=None, max_examples=200)
def test_it_never_differs_from_the_long_way(changes, texts):
    """Whatever is done to the markup, and whatever the texts of the Inform that comes next."""
    pieces = list(PIECES)
    for place, change, odd in changes:
        place %= len(pieces)
        if change == "leave out":
            pieces[place] = ""
        elif change == "twice":
            pieces[place] *= 2
        elif change == "swap":
            other = (place + 1) % len(pieces)
            pieces[place], pieces[other] = pieces[other], pieces[place]
        else:
            pieces.insert(place, odd)
    text = "".join(pieces)
    known = learnt(text)
    for body in (text.encode(), with_texts(text, texts).encode()):
        envelope = known.read(body)
        assert envelope is None or envelope == long_way(body)
