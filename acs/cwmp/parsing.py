"""Bytes to an XML tree: strictly first, mended only where that fails, never a DTD, never without limits.

The parser opens nothing and expands nothing: no entities, no DTD, no network, no huge trees. A document type
declaration is refused before the parser sees it (quirk 47). Everything else that keeps a document from being
XML is mended by `acs.cwmp.repair`, which says what it did.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lxml import etree

from acs.cwmp import charsets, repair

#: Levels of elements. The deepest CWMP message has nine; a phone that nests deeper is broken or hostile.
MAX_DEPTH = 32
#: Elements in one message. 100,000 parameters in one answer come to 300,000.
MAX_ELEMENTS = 500_000
#: The shortest element, `<a/>`, has four bytes: a body below this cannot hold too many.
_BODY_WORTH_COUNTING = 4 * MAX_ELEMENTS


class NotSoap(Exception):
    """The body is no SOAP at all; `reason` says why in one line. The phone gets HTTP 400."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_SAFE: dict[str, Any] = {
    "encoding": "utf-8",  # whatever is declared: charsets and repair make UTF-8 of everything
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,  # else the text round a comment would be in two pieces (quirk 46)
    "remove_pis": True,
    "remove_blank_text": True,  # indentation between elements; a value of blanks alone is kept
    "collect_ids": False,
}
_STRICT = etree.XMLParser(**_SAFE)
_LENIENT = etree.XMLParser(recover=True, **_SAFE)

_TOO_DEEP = etree.XPath("boolean(/" + "*/" * MAX_DEPTH + "*)")
_DOCTYPE = re.compile(
    rb"\s*(?:<\?(?:[^?]|\?(?!>))*\?>\s*|<!--(?:[^-]|-(?!->))*-->\s*)*<!DOCTYPE", re.IGNORECASE
)


def parse(body: bytes, charset: str | None) -> tuple[etree._Element, list[str]]:
    """The root element and what had to be mended; NotSoap where there is no document to be had.

    `charset` is the one of the Content-Type, quoted or not, or None.
    """
    repairs: list[str] = []
    if body[:1] != b"<" or body[1:2] == b"\x00":
        body = _plain_start(body)
    if b"!DOCTYPE" in body and _DOCTYPE.match(body):
        raise NotSoap("the document has a DTD (<!DOCTYPE), which is refused")
    try:
        root = etree.fromstring(body, _STRICT)
    except etree.XMLSyntaxError as error:
        root = _parse_mended(body, charset, repairs, _one_line(error.msg))
    if _TOO_DEEP(root):
        raise NotSoap(f"the document nests deeper than {MAX_DEPTH} elements")
    if len(body) > _BODY_WORTH_COUNTING and sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise NotSoap(f"the document has more than {MAX_ELEMENTS} elements")
    return root, repairs


class SyntaxReport(NamedTuple):
    """A document as it stands, without mending: its tree, or what keeps it from being XML, with line numbers.

    Both may be there: errors of namespaces leave a tree. `text` is the document in UTF-8.
    """

    text: bytes
    root: etree._Element | None
    errors: tuple[tuple[int, str], ...] = ()


def inspect(body: bytes, charset: str | None) -> SyntaxReport:
    """What a strict parser says of a document; for explaining, not for reading. A DTD is not looked into."""
    text, _ = charsets.decode(body, charset)
    plain = text.lstrip("\ufeff").encode("utf-8", "replace")
    if b"!DOCTYPE" in plain.upper():
        return SyntaxReport(plain, None)
    try:
        return SyntaxReport(plain, etree.fromstring(plain, _STRICT))
    except etree.XMLSyntaxError:
        parser = etree.XMLParser(recover=True, **_SAFE)
    try:
        root = etree.fromstring(plain, parser)
    except etree.XMLSyntaxError:
        root = None
    return SyntaxReport(
        plain, root, tuple((entry.line, _one_line(entry.message)) for entry in parser.error_log)
    )


def _plain_start(body: bytes) -> bytes:
    """The body as bytes that begin with its first character: UTF-16 made UTF-8, marks and blanks left out."""
    if charsets.is_wide(body):
        body = charsets.decode(body, None)[0].encode("utf-8", "replace")
    body = body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x00")
    if not body:
        raise NotSoap("the body is empty")
    return body


def _parse_mended(body: bytes, charset: str | None, repairs: list[str], complaint: str) -> etree._Element:
    text, odd = charsets.decode(body, charset)
    if odd:
        repairs.append(odd)
    try:
        mended = repair.mend(text, repairs).encode("utf-8")
    except repair.BeyondRepair as beyond:
        raise NotSoap(beyond.reason) from None
    root: etree._Element | None
    try:
        root = etree.fromstring(mended, _STRICT)
        return root
    except etree.XMLSyntaxError as error:
        complaint = _one_line(error.msg)
    try:
        root = etree.fromstring(mended, _LENIENT)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        raise NotSoap(f"the body is not XML: {complaint}")
    repairs.append(f"the XML is broken ({complaint}); what could be read was taken")
    return root


def _one_line(text: str | None) -> str:
    return " ".join((text or "unknown error").split())
