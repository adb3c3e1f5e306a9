"""What a kind's schema says of a file, in words that name the place and what may stand there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from threading import Lock

from lxml import etree

from acs.datamodel.key_values import Severity
from acs.datamodel.resources.findings import Finding, shown
from cwmp_schemas.loader import open_resource_schema

#: How libxml2 says where: the element, and the attribute where it is about one.
_PLACE = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: (.*)", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")
#: What is told of one document: nobody reads more, and somebody may have sent megabytes of faults.
MOST = 1000
#: Longest message that is told as the library has it.
_LONGEST = 300
#: Characters of an element's or attribute's name; the longest of the guide has 23.
_LONGEST_NAME = 60

#: A schema keeps the complaints of its last document, and all threads share it.
_ONE_AT_A_TIME = Lock()

Words = Callable[[str, str], tuple[str, list[str] | str]]


def complaints(kind: str, root: etree._Element) -> Iterator[Finding]:
    """What is wrong by the schema, by line. That a name stands twice is left to the rules of the kind."""
    schema = open_resource_schema(kind)
    with _ONE_AT_A_TIME:
        schema.validate(root)
        log = list(islice(schema.error_log, MOST))
    for entry in log:
        if entry.type_name == "SCHEMAV_CVC_IDC":
            continue
        place = _PLACE.match(entry.message)
        element, attribute, rest = place.groups() if place else ("", "", entry.message)
        words = _WORDS.get(entry.type_name, _as_it_is)
        message, allowed = words(rest, attribute or element)
        unknown = entry.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1"
        severity = Severity.WARNING if unknown else Severity.ERROR
        if entry.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_4":
            attribute = (_QUOTED.search(rest) or [""])[0].strip("'")
        where = " ".join(name[:_LONGEST_NAME] for name in (element, attribute or "") if name)
        yield Finding(entry.line, severity, where, message, allowed)


def _enumeration(rest: str, _: str) -> tuple[str, list[str] | str]:
    value, _, listed = rest.partition(" is not an element of the set ")
    given = (_QUOTED.search(value.partition("The value ")[2]) or ["", ""])[1]
    return ("is blank" if not given else f"{shown(given)} is not known here"), _QUOTED.findall(listed)


def _length(rest: str, _: str) -> tuple[str, str]:
    numbers = re.findall(r"length of '(\d+)'", rest)
    if len(numbers) < 2:  # the library cuts its message where the value fills it
        return "is too long", ""
    return f"has {numbers[0]} characters", f"at most {numbers[-1]} characters"


def _pattern(rest: str, _: str) -> tuple[str, str]:
    given = (re.search(r"The value '(.*)' is not accepted by", rest, re.DOTALL) or ["", ""])[1]
    return ("is blank" if not given.strip() else f"{shown(given)} has the wrong form"), ""


def _missing(rest: str, _: str) -> tuple[str, str]:
    return "is missing", ""


def _unexpected(rest: str, name: str) -> tuple[str, str]:
    expected = (re.search(r"Expected is (?:one of )?\( (.*) \)", rest) or ["", ""])[1]
    if rest.startswith("Missing child"):
        return f"lacks {expected.replace(', ', ' or ')}", ""
    return "may not stand here (an unknown element, one too many, or in the wrong place)", expected


def _no_root(rest: str, name: str) -> tuple[str, str]:
    return "is not what this kind of file begins with", ""


def _unknown_attribute(rest: str, name: str) -> tuple[str, str]:
    return "is no documented attribute; the phone may pass over it", ""


def _text(rest: str, name: str) -> tuple[str, str]:
    return "holds text between its elements", "elements only"


def _as_it_is(rest: str, name: str) -> tuple[str, str]:
    return " ".join(rest[:_LONGEST].split()), ""


_WORDS: dict[str, Words] = {
    "SCHEMAV_CVC_ENUMERATION_VALID": _enumeration,
    "SCHEMAV_CVC_MAXLENGTH_VALID": _length,
    "SCHEMAV_CVC_PATTERN_VALID": _pattern,
    "SCHEMAV_CVC_COMPLEX_TYPE_4": _missing,
    "SCHEMAV_ELEMENT_CONTENT": _unexpected,
    "SCHEMAV_CVC_ELT_1": _no_root,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _unknown_attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _text,
}
