"""The body of a message as people read it: indented where it is XML, else its text with odd bytes escaped."""

from __future__ import annotations

from lxml import etree

from acs.cwmp import charsets, parsing


def pretty(body: bytes, charset: str | None = None) -> str:
    """Never raises, whatever the bytes are. Comments are left out; what is no XML stands as it came."""
    if not body.strip():
        return ""
    found = parsing.inspect(body, charset)
    if found.root is not None and not found.errors:
        text: str = etree.tostring(found.root, pretty_print=True, encoding="unicode")
        return text.rstrip("\n")
    return escaped(body, charset)


def escaped(body: bytes, charset: str | None = None) -> str:
    """The text of the bytes, with what cannot be printed as `\\x00` and the like."""
    text, _ = charsets.decode(body, charset)
    text = text.replace("\r\n", "\n")
    if text.isprintable():
        return text
    return "".join(one if one in "\n\t" or one.isprintable() else _code(one) for one in text)


def _code(character: str) -> str:
    number = ord(character)
    return (
        f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    )
