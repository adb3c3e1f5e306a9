"""Bytes of a resource file to an XML tree with line numbers and back, safely.

Like `acs.cwmp.parsing`, the parser opens nothing and expands nothing; a document type is refused before it.
But nothing is mended here: a phone would not mend it either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from acs.cwmp import charsets
from acs.datamodel.key_values import Severity
from acs.datamodel.resources.findings import Finding

#: Largest resource file in bytes; 5000 entries of a phone book come to half of one MB.
MAX_SIZE = 4 << 20
#: Complaints about broken XML that are worth reading: the first causes most of the others.
_SYNTAX_ERRORS = 3

_SAFE: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,200}\?>")
_CURLY = re.compile("=\\s*([\u201c\u201d\u201e\u2033\uff02])")
_START_TAG = re.compile(r"<([A-Za-z_][\w.-]*)")
_INDENT = "  "


def read(content: bytes, wrapper: str = "") -> tuple[etree._Element | None, list[Finding]]:
    """The root element, or what keeps the bytes from being XML.

    :param wrapper: name of the element into which the several root elements of some files are put.
    """
    if len(content) > MAX_SIZE:
        return None, [Finding(1, Severity.ERROR, "", "the file is too large", f"at most {MAX_SIZE} bytes")]
    text, odd = charsets.decode(content, None)
    warnings = [Finding(1, Severity.WARNING, "", odd, "UTF-8")] if odd else []
    if "<!DOCTYPE" in text.upper():
        line = text[: text.upper().index("<!DOCTYPE")].count("\n") + 1
        message = "a document type (<!DOCTYPE) is refused: these files need none"
        return None, [Finding(line, Severity.ERROR, "", message)]
    declaration = _DECLARATION.match(text)
    if declaration:
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    if wrapper:
        text = f"<{wrapper}>{text}</{wrapper}>"
    parser = etree.XMLParser(**_SAFE)
    try:
        return etree.fromstring(text.encode(), parser), warnings
    except etree.XMLSyntaxError:
        return None, _syntax(text, parser)


def first_tag(content: bytes) -> str:
    """The name in the first start tag of bytes that need not be XML; "" where there is none."""
    text, _ = charsets.decode(content[:MAX_SIZE], None)
    match = _START_TAG.search(text)
    return match[1] if match else ""


class Lines:
    """An XML document that grows line by line; remembers on which line each element begins."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        # lxml makes an element's Python object anew unless somebody holds it
        self._starts: dict[int, tuple[etree._Element, int]] = {}

    def add(self, element: etree._Element, depth: int = 0) -> None:
        """An element with its content: one line for one without children."""
        self._starts[id(element)] = (element, len(self._lines) + 1)
        indent = _INDENT * depth
        if len(element) == 0 and (element.text or element.attrib):
            written: str = etree.tostring(element, encoding="unicode", with_tail=False)
            self._lines.append(indent + written)
            return
        self._lines.append(f"{indent}<{element.tag!s}>")
        for child in element:
            self.add(child, depth + 1)
        self._lines.append(f"{indent}</{element.tag!s}>")

    def line_of(self, element: etree._Element) -> int:
        return self._starts[id(element)][1]

    def content(self) -> bytes:
        return "".join(f"{line}\n" for line in self._lines).encode()


def element(name: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    made = etree.Element(name, attributes)
    made.text = text
    return made


def children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    yield from parent.iterchildren(name)


def line(element: etree._Element) -> int:
    """The line on which the element's start tag ends, as lxml knows it."""
    found = element.sourceline
    return found if isinstance(found, int) else 0


def _syntax(text: str, parser: etree.XMLParser) -> list[Finding]:
    curly = [
        Finding(
            number,
            Severity.ERROR,
            "",
            f"a value stands between typographic quotation marks ({match[1]})",
            'straight quotation marks (")',
        )
        for number, written in enumerate(text.split("\n"), start=1)
        if (match := _CURLY.search(written))
    ]
    if curly:
        return curly
    found = [
        Finding(entry.line, Severity.ERROR, "", f"this is no XML: {' '.join(entry.message.split())}")
        for entry in parser.error_log  # an exception's own log holds earlier documents' errors too
    ]
    return found[:_SYNTAX_ERRORS] or [Finding(1, Severity.ERROR, "", "this is no XML")]
