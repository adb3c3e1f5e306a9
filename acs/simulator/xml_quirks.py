"""What some CPEs do to their XML: each quirk turns the exact bytes of `acs.cwmp.writing` into what was seen
on devices.

The numbers in the comments are those of the catalogue of quirks. A quirk that finds nothing to change in a
message leaves it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import cycle

_VALUE = re.compile(rb"(<Value\b[^>]*>)([^<]*)(</Value>)")


def spoil(body: bytes, quirks: Iterable[str]) -> bytes:
    """The message as a phone with these quirks writes it."""
    for quirk in quirks:
        body = QUIRKS[quirk](body)
    return body


def _element(name: str) -> re.Pattern[bytes]:
    """An element without attributes of its own and everything in it."""
    return re.compile(rb"<%b\b[^>]*>.*?</%b>" % (name.encode(), name.encode()), re.DOTALL)


def _is_inform(body: bytes) -> bool:
    return re.search(rb"<(\w+:)?Inform>", body) is not None


def _prefixes(body: bytes) -> bytes:
    """35, 36: any prefixes, the SOAP namespace wrong, the CWMP namespace declared on the method."""
    declared = re.search(rb' xmlns:cwmp="([^"]*)"', body)
    if declared is not None:
        body = body.replace(declared[0], b"", 1)
        body = re.sub(rb"<cwmp:(\w+)", rb'<ns-1:\1 xmlns:ns-1="%b"' % declared[1], body)
        body = body.replace(b"</cwmp:", b"</ns-1:").replace(b'"cwmp:', b'"ns-1:')
    body = re.sub(rb"\bSOAP-ENV\b", b"E_n.v", body)
    return body.replace(
        b"http://schemas.xmlsoap.org/soap/envelope/", b"http://schemas.xmlsoap.org/soap/envelop"
    )


def _no_id(body: bytes) -> bytes:
    """27: an empty Header."""
    return re.sub(rb"<(\w+:)?ID\b[^>]*>[^<]*</(\w+:)?ID>", b"", body)


def _missing_fields(body: bytes) -> bytes:
    """28: no MaxEnvelopes, CurrentTime, RetryCount; no ParameterList in a periodic Inform."""
    if not _is_inform(body):
        return body
    for name in ("MaxEnvelopes", "CurrentTime", "RetryCount"):
        body = _element(name).sub(b"", body)
    return _element("ParameterList").sub(b"", body) if b"2 PERIODIC" in body else body


def _no_events(body: bytes) -> bytes:
    """67: a periodic Inform with no event at all."""
    if not _is_inform(body) or b"2 PERIODIC" not in body:
        return body
    return _element("Event").sub(b"<Event/>", body)


def _clock_1970(body: bytes) -> bytes:
    """29: the clock was never set, and there is no zone."""
    body = re.sub(rb"<(CurrentTime|StartTime)>[^<]*<", rb"<\1>1970-01-01T00:01:12<", body)
    return re.sub(rb"<CompleteTime>[^<]*<", b"<CompleteTime>0001-01-01T00:00:00<", body)


def _whitespace(body: bytes) -> bytes:
    """38: blanks and newlines inside names, codes and ids."""
    names = rb"Name|OUI|SerialNumber|ProductClass|Manufacturer|EventCode|CommandKey|cwmp:ID"
    return re.sub(rb"(<(%b)\b[^>]*>)([^<]*)(</)" % names, rb"\1\n      \3 \t\r\n    \4", body)


def _no_value(body: bytes) -> bytes:
    """40: no Value element where it would be empty."""
    return re.sub(rb"<Value\b[^>]*></Value>", b"", body)


def _bad_types(body: bytes) -> bytes:
    """41: xsi:type missing, empty, invented, in the wrong case, without prefix."""
    kinds = cycle((b"xsd:", b"xsd:json", b"xsd:Boolean", b"string", None))

    def changed(match: re.Match[bytes]) -> bytes:
        kind = next(kinds)
        return match[1] if kind is None else b'%b xsi:type="%b"' % (match[1], kind)

    return re.sub(rb'(<Value) xsi:type="[^"]*"', changed, body)


def _array_types(body: bytes) -> bytes:
    """42: zero-padded counts, wrong counts, no count, and xsi:type on the list."""
    forms = cycle((b"%04d", b"%d", b""))

    def changed(match: re.Match[bytes]) -> bytes:
        form, count = next(forms), int(match[3]) + 3
        return b'%b%b[%b]" xsi:type="SOAP-ENC:Array"' % (match[1], match[2], form % count if form else b"")

    return re.sub(rb'(SOAP-ENC:arrayType=")([\w:]+)\[(\d+)\]"', changed, body)


def _control_characters(body: bytes) -> bytes:
    """43: a control character, NUL and a broken UTF-8 sequence in the first value."""
    return _VALUE.sub(rb"\1\2" + b"\x0b\x00\xc3\xff" + rb"\3", body, count=1)


def _latin1(body: bytes) -> bytes:
    """44: ISO-8859-1, whatever was declared."""
    return body.decode("utf-8").encode("iso-8859-1", "xmlcharrefreplace")


def _unescaped(body: bytes) -> bytes:
    """45: & and < in values as they are."""

    def raw(match: re.Match[bytes]) -> bytes:
        return match[1] + match[2].replace(b"&lt;", b"<").replace(b"&amp;", b"&") + match[3]

    return _VALUE.sub(raw, body)


def _cdata(body: bytes) -> bytes:
    """46: CDATA sections, comments, processing instructions."""
    body = re.sub(rb"(<(?:Value|Name|EventCode)\b[^>]*>)([^<&]+)(</)", rb"\1<![CDATA[\2]]>\3", body)
    body = re.sub(rb"<SOAP-ENV:Body>", b"<!-- built by a phone --><SOAP-ENV:Body><?phone hint?>", body)
    return body.replace(b"<DeviceId>", b"<!-- <DeviceId> --><DeviceId>")


def _no_detail_fault(body: bytes) -> bytes:
    """48: a SOAP fault without detail and without a text."""
    return re.sub(rb"<faultstring>[^<]*</faultstring>", b"", _element("detail").sub(b"", body))


#: every quirk by the name that personas use
QUIRKS: dict[str, Callable[[bytes], bytes]] = {
    "prefixes": _prefixes,
    "no-id": _no_id,
    "missing-fields": _missing_fields,
    "no-events": _no_events,
    "clock-1970": _clock_1970,
    "whitespace": _whitespace,
    "no-value": _no_value,
    "bad-types": _bad_types,
    "array-types": _array_types,
    "control-characters": _control_characters,
    "latin1": _latin1,
    "unescaped": _unescaped,
    "cdata": _cdata,
    "no-detail-fault": _no_detail_fault,
}
