"""What one element holds: its text as a name, number, flag or list of strings, however a phone wrote it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lxml import etree

from acs.cwmp import scalars

#: Sentences on what had to be mended; everything that reads adds to the list it is given.
Repairs = list[str]


def local_name(tag: Any) -> str:
    """The name of an element without namespace or prefix; "" for what is no element."""
    if not isinstance(tag, str):
        return ""
    name = tag.rpartition("}")[2]
    return name.rpartition(":")[2] if ":" in name else name


def note(repairs: Repairs, sentence: str) -> None:
    if sentence not in repairs:
        repairs.append(sentence)


def name_of(element: etree._Element, repairs: Repairs) -> str:
    return scalars.name(element.text)


def label_of(element: etree._Element, repairs: Repairs) -> str:
    return scalars.label(element.text)


def number_of(element: etree._Element, repairs: Repairs) -> int:
    return scalars.number(element.text)


def flag_of(element: etree._Element, repairs: Repairs) -> bool:
    return scalars.flag(element.text)


def text_of(element: etree._Element, repairs: Repairs) -> str:
    """Free text; elements inside it were text that somebody forgot to escape, and become text again."""
    if len(element):
        note(repairs, "markup in a value was taken as text")
        return scalars.value(_inner_markup(element))
    return scalars.value(element.text)


def _inner_markup(element: etree._Element) -> str:
    parts = [element.text or ""]
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        if inner is element:
            continue
        name = local_name(inner.tag)
        if event == "start":
            attributes = "".join(f' {local_name(key)}="{given}"' for key, given in inner.attrib.items())
            parts.append(f"<{name}{attributes}>{inner.text or ''}")
        else:
            parts.append(f"</{name}>{inner.tail or ''}")
    return "".join(parts)


def names_of(element: etree._Element, repairs: Repairs) -> tuple[str, ...]:
    if len(element) == 0:
        return tuple((element.text or "").replace(",", " ").split())
    found = (scalars.name("".join(item.itertext())) for item in element)
    return tuple(text for text in found if text)


def binaries_of(element: etree._Element, repairs: Repairs) -> tuple[bytes, ...]:
    found = []
    for item in element:
        try:
            found.append(base64.b64decode("".join((item.text or "").split())))
        except (binascii.Error, ValueError):
            note(repairs, "a text that is no base64 was left out")
    return tuple(found)
