"""Single values as phones write them: text, numbers, booleans and the names of XML Schema types.

Every function takes what a phone sent, however odd, and returns a sensible value; none raises (quirks 38, 41
and 57 of the project's list of what real CPEs do).
"""

from __future__ import annotations

import re

STRING = "xsd:string"

_LINE_BREAKS = re.compile(r"[\r\n\t]+")
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,18})")
_XML_SPACE = " \t\r\n"

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on", "enable", "enabled", "ok"})

#: The types of XML Schema that a parameter may have, by lower-case name, and the names invented for them.
_KNOWN_TYPES = (
    *("string", "boolean", "dateTime", "date", "time", "base64Binary", "hexBinary", "anyURI"),
    *("int", "unsignedInt", "long", "unsignedLong", "short", "unsignedShort", "byte", "unsignedByte"),
    *("integer", "nonNegativeInteger", "positiveInteger", "decimal", "float", "double"),
)
_TYPES = {known.lower(): f"xsd:{known}" for known in _KNOWN_TYPES} | {
    "bool": "xsd:boolean",
    "uint": "xsd:unsignedInt",
    "uint32": "xsd:unsignedInt",
    "unsigned": "xsd:unsignedInt",
    "int32": "xsd:int",
    "int64": "xsd:long",
    "uint64": "xsd:unsignedLong",
    "base64": "xsd:base64Binary",
    "hex": "xsd:hexBinary",
}
_EXACT_TYPES = {known: known for known in _TYPES.values()}


def name(text: str | None) -> str:
    """Text that never holds a line break: parameter names, OUI, serial number, keys, message ids."""
    if not text:
        return ""
    text = text.strip()
    return text if text.isprintable() else _on_one_line(text, "")


def label(text: str | None) -> str:
    """Text of words on one line: makers, event codes, file types, times."""
    if not text:
        return ""
    text = text.strip()
    return text if text.isprintable() else _on_one_line(text, " ")


def _on_one_line(text: str, joint: str) -> str:
    return joint.join(part.strip() for part in _LINE_BREAKS.split(text))


def value(text: str | None) -> str:
    """Free text, exactly as sent. Only where it stands on lines of its own, a line break before it and one
    after it, are both taken for pretty printing and left out together with the indentation."""
    if not text:
        return ""
    if "\n" not in text:
        return text
    inner = text.strip(_XML_SPACE)
    if not inner:
        return ""
    before, after = text[: text.index(inner[0])], text[text.rindex(inner[-1]) + 1 :]
    return inner if "\n" in before and "\n" in after else text


def number(text: str | None, default: int = 0) -> int:
    """The number that the text begins with (`00`, ` 1 `, `9003 Invalid arguments`), else the default."""
    found = _NUMBER.match(text) if text else None
    return default if found is None else int(found[1])


def flag(text: str | None) -> bool:
    """Whether the text says yes: 1, true, True, enable, Enabled and the like."""
    return text is not None and text.strip().lower() in _TRUE


def exact_schema_type(text: str) -> str | None:
    """The type if it is written exactly as it should be, else None."""
    return _EXACT_TYPES.get(text)


def schema_type(text: str | None) -> str:
    """The XML Schema type meant by an xsi:type, as `xsd:boolean`; what is missing or unknown is a string."""
    if not text:
        return STRING
    return _EXACT_TYPES.get(text) or _TYPES.get(text.strip().rpartition(":")[2].lower(), STRING)
