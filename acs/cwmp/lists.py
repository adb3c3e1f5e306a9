"""The lists of a message: SOAP arrays, however their items are wrapped, named or typed.

The two that come with every Inform, parameters and events, have a short way for messages that are as the
schema has them, and a long one for all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lxml import etree

from acs.cwmp import events, scalars
from acs.cwmp.layout import EVENT, PARAMETER_VALUE, Layout
from acs.cwmp.leaves import Repairs, local_name, note, text_of
from acs.cwmp.structures import Event, ParameterValue

#: The children of something: an element, or a list of elements that stand for one.
Elements = Iterable[etree._Element]

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: How deep items may be wrapped in elements that mean nothing.
_WRAPPERS = 3


def field_names(layout: Layout) -> frozenset[str]:
    """The element names of a layout's fields, in lower case."""
    return frozenset(field.element.lower() for field in layout.fields)


_PARAMETER_FIELDS, _EVENT_FIELDS = field_names(PARAMETER_VALUE), field_names(EVENT)


def items_of(
    array: Elements, item: str, fields: Collection[str], repairs: Repairs, depth: int = 0
) -> list[Elements]:
    """The children of each item of an array, however the items are wrapped or named."""
    found: list[Elements] = []
    loose: list[etree._Element] = []
    for child in array:
        if child.tag == item:
            found.append(child)
            continue
        name = local_name(child.tag).lower()
        if name == item.lower() or any(local_name(inner.tag).lower() in fields for inner in child):
            found.append(child)
        elif name in fields:
            loose.append(child)
        elif len(child) and depth < _WRAPPERS:
            found += items_of(child, item, fields, repairs, depth + 1)
    if loose:
        note(repairs, f"items without <{item}> round them were taken one by one")
        found += _grouped(loose)
    return found


def _grouped(loose: list[etree._Element]) -> list[Elements]:
    """Fields one after the other, cut into items where the first one comes again."""
    groups: list[list[etree._Element]] = []
    for element in loose:
        if not groups or local_name(element.tag) == local_name(groups[-1][0].tag):
            groups.append([])
        groups[-1].append(element)
    return list(groups)


def parameter_values(element: etree._Element, repairs: Repairs) -> tuple[ParameterValue, ...]:
    """The values of a ParameterList; of a name that comes twice the last one counts (quirk 68)."""
    found = _plain_values(element)
    return odd_parameter_values(element, repairs) if found is None else tuple(found.values())


def _plain_values(element: etree._Element) -> dict[str, ParameterValue] | None:
    """A list that is just as the schema has it, as nearly every one is, in one walk; None for any other.

    The server's most frequent work: half of an Inform's reading time after parsing is spent here.
    """
    found: dict[str, ParameterValue] = {}
    string, exact_type = scalars.STRING, scalars.exact_schema_type
    awaited, name, count = "", "", 0
    for part in element.iter():
        tag = part.tag
        if tag == "Value":
            attributes = part.values()
            kind = exact_type(attributes[0]) if len(attributes) == 1 else None
            if awaited != tag or kind is None or len(part):
                return None
            value = part.text or ""
            if kind != string:
                value = value.strip()
            elif "\n" in value:
                value = scalars.value(value)
            found[name] = ParameterValue(name, value, kind)
            count += 1
            awaited = "ParameterValueStruct"
        elif tag == "Name":
            text = part.text
            if awaited != tag or not text:
                return None
            name = scalars.name(text)
            awaited = "Value"
        elif tag == "ParameterValueStruct":
            if awaited == "Value":
                return None
            awaited = "Name"
        elif part is not element:
            return None
    return found if len(found) == count == len(element) and "" not in found else None


def odd_parameter_values(element: Elements, repairs: Repairs) -> tuple[ParameterValue, ...]:
    found: dict[str, ParameterValue] = {}
    items = items_of(element, PARAMETER_VALUE.item, _PARAMETER_FIELDS, repairs)
    for item in items:
        name, value, kind = "", "", scalars.STRING
        for child in item:
            tag = local_name(child.tag).lower()
            if tag == "name":
                name = scalars.name(child.text)
            elif tag == "value":
                kind = scalars.schema_type(child.get(XSI_TYPE) or type_of(child))
                value = child.text or ""
                if len(child):
                    value = text_of(child, repairs)
                elif kind != scalars.STRING:
                    value = value.strip()
                elif "\n" in value:
                    value = scalars.value(value)
        if name:
            found[name] = ParameterValue(name, value, kind)
    if len(found) < len(items):
        note(repairs, "a parameter without a name or named twice: the last value counts")
    return tuple(found.values())


def type_of(element: etree._Element) -> str:
    """The type attribute in whatever namespace the phone put it."""
    return next((given for key, given in element.attrib.items() if local_name(key) == "type"), "")


def read_events(element: etree._Element, repairs: Repairs) -> tuple[Event, ...]:
    """The events; two codes in one EventStruct both count (quirk 68)."""
    plain: list[Event] = []
    leaves = element.iter("EventCode", "CommandKey")
    for code, key in zip(leaves, leaves, strict=False):
        if code.tag != "EventCode" or key.tag != "CommandKey" or not code.text:
            break
        plain.append(Event(events.normalise(code.text), scalars.name(key.text)))
    return tuple(plain) if len(plain) == len(element) else odd_events(element, repairs)


def odd_events(element: Elements, repairs: Repairs) -> tuple[Event, ...]:
    found: list[Event] = []
    for item in items_of(element, EVENT.item, _EVENT_FIELDS, repairs):
        codes, keys = [], []
        for child in item:
            name = local_name(child.tag).lower()
            if name == "eventcode":
                codes.append(events.normalise(child.text or ""))
            elif name == "commandkey":
                keys.append(scalars.name(child.text))
        if len(codes) > 1:
            note(repairs, "several event codes in one EventStruct: each counts")
        if len(keys) != len(codes):
            # One key for several codes belongs to all of them: nobody can say which it was meant for.
            keys = [next(filter(None, keys), "")] * len(codes)
        found += [Event(code, key) for code, key in zip(codes, keys, strict=True) if code]
    return tuple(found)
