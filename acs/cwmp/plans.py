"""Building a message from its elements: each layout compiled once into a table from element name to reader.

A plan is forgiving: an element of another namespace or case is found by its local name, items of an array may
be unwrapped, wrapped twice or named unusually as long as their own children are the known ones.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from acs.cwmp import events, scalars
from acs.cwmp.layout import (
    ATTRIBUTE_CHANGE,
    DEVICE_ID,
    EVENT,
    OPERATIONS,
    PARAMETER_VALUE,
    Field,
    Kind,
    Layout,
)
from acs.cwmp.structures import AttributeChange, Event, ParameterValue

Repairs = list[str]
Elements = Iterable[etree._Element]
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: How deep items may be wrapped in elements that mean nothing.
_WRAPPERS = 3


class Slot(NamedTuple):
    """What one element fills. `many`: it may come several times, each time one more item."""

    attribute: str
    convert: Callable[[etree._Element, Repairs], Any]
    many: bool = False


class Plan(NamedTuple):
    """How the children of an element make a message or structure."""

    make: Callable[..., Any]
    slots: dict[str, Slot]
    slots_by_lower_name: dict[str, Slot]
    #: Values of the fields that the class demands, for where the phone left them out.
    missing: dict[str, Any]

    @staticmethod
    def of(layout: Layout) -> Plan:
        slots = {field.element: _slot(field) for field in layout.fields}
        by_lower = {element.lower(): slot for element, slot in slots.items()}
        for field in layout.fields:
            if field.kind is Kind.ARRAY and field.layout is not None:
                # Items that stand beside one another without the list round them.
                slot = Slot(field.attribute, _single_item(field.layout), many=True)
                by_lower.setdefault(field.layout.item.lower(), slot)
        if layout is ATTRIBUTE_CHANGE:
            return Plan(_attribute_change, slots, by_lower, {})
        return Plan(layout.made, slots, by_lower, _demanded(layout))


def local_name(tag: Any) -> str:
    """The name of an element without namespace or prefix; "" for what is no element."""
    if not isinstance(tag, str):
        return ""
    name = tag.rpartition("}")[2]
    return name.rpartition(":")[2] if ":" in name else name


def build(plan: Plan, children: Elements, repairs: Repairs) -> Any:
    """The message or structure that these child elements make. Never raises for what a phone sent."""
    values: dict[str, Any] = {}
    make, slots, _, missing = plan
    for child in children:
        slot = slots.get(child.tag) or _find_slot(plan, child, repairs)  # type: ignore[arg-type] # a str
        if slot is None:
            continue
        attribute, convert, many = slot
        if many:
            values[attribute] = (*values.get(attribute, ()), *convert(child, repairs))
        else:
            values[attribute] = convert(child, repairs)
    if missing:
        for attribute, default in missing.items():
            if attribute not in values:
                values[attribute] = default
    return make(**values)


def _find_slot(plan: Plan, child: etree._Element, repairs: Repairs) -> Slot | None:
    name = local_name(child.tag)
    slot = plan.slots.get(name)
    if slot is None:
        slot = plan.slots_by_lower_name.get(name.lower())
        if slot is not None:
            _note(repairs, f"<{name}> stands where or in a form it should not")
    return slot


def _note(repairs: Repairs, sentence: str) -> None:
    if sentence not in repairs:
        repairs.append(sentence)


def _demanded(layout: Layout) -> dict[str, Any]:
    blanks = {
        Kind.NUMBER: 0,
        Kind.FLAG: False,
        Kind.ARRAY: (),
        Kind.NAMES: (),
        Kind.BINARIES: (),
        Kind.REPEATED: (),
    }
    kinds = {field.attribute: field for field in layout.fields}
    demanded: dict[str, Any] = {}
    for info in msgspec.structs.fields(layout.made) if layout.fields else ():
        if info.default is msgspec.NODEFAULT and info.default_factory is msgspec.NODEFAULT:
            field = kinds[info.name]
            struct = field.kind is Kind.STRUCT and field.layout is not None
            demanded[info.name] = (
                field.layout.made() if struct and field.layout else blanks.get(field.kind, "")
            )
    return demanded


# --- what one element holds ---------------------------------------------------------------------------------


def _name(element: etree._Element, repairs: Repairs) -> str:
    return scalars.name(element.text)


def _label(element: etree._Element, repairs: Repairs) -> str:
    return scalars.label(element.text)


def _number(element: etree._Element, repairs: Repairs) -> int:
    return scalars.number(element.text)


def _flag(element: etree._Element, repairs: Repairs) -> bool:
    return scalars.flag(element.text)


def text_of(element: etree._Element, repairs: Repairs) -> str:
    """Free text; elements inside it were text that somebody forgot to escape, and become text again."""
    if len(element):
        _note(repairs, "markup in a value was taken as text")
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


def _names(element: etree._Element, repairs: Repairs) -> tuple[str, ...]:
    if len(element) == 0:
        return tuple((element.text or "").replace(",", " ").split())
    found = (scalars.name("".join(item.itertext())) for item in element)
    return tuple(text for text in found if text)


def _binaries(element: etree._Element, repairs: Repairs) -> tuple[bytes, ...]:
    found = []
    for item in element:
        try:
            found.append(base64.b64decode("".join((item.text or "").split())))
        except (binascii.Error, ValueError):
            _note(repairs, "a text that is no base64 was left out")
    return tuple(found)


# --- arrays -------------------------------------------------------------------------------------------------


def _items(array: Elements, item: str, plan: Plan, repairs: Repairs, depth: int = 0) -> list[Elements]:
    """The children of each item of an array, however the items are wrapped or named."""
    found: list[Elements] = []
    loose: list[etree._Element] = []
    for child in array:
        if child.tag == item:
            found.append(child)
            continue
        name = local_name(child.tag).lower()
        if name == item.lower() or any(
            local_name(inner.tag).lower() in plan.slots_by_lower_name for inner in child
        ):
            found.append(child)
        elif name in plan.slots_by_lower_name:
            loose.append(child)
        elif len(child) and depth < _WRAPPERS:
            found += _items(child, item, plan, repairs, depth + 1)
    if loose:
        _note(repairs, f"items without <{item}> round them were taken one by one")
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


def _array(layout: Layout) -> Callable[[Elements, Repairs], tuple[Any, ...]]:
    plan = Plan.of(layout)

    def convert(element: Elements, repairs: Repairs) -> tuple[Any, ...]:
        return tuple([build(plan, item, repairs) for item in _items(element, layout.item, plan, repairs)])

    return convert


def _parameter_values(element: etree._Element, repairs: Repairs) -> tuple[ParameterValue, ...]:
    """The values of a ParameterList; of a name that comes twice the last one counts (quirk 68)."""
    found = _plain_parameter_values(element)
    return _odd_parameter_values(element, repairs) if found is None else tuple(found.values())


def _plain_parameter_values(element: etree._Element) -> dict[str, ParameterValue] | None:
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


def _odd_parameter_values(element: Elements, repairs: Repairs) -> tuple[ParameterValue, ...]:
    found: dict[str, ParameterValue] = {}
    items = _items(element, PARAMETER_VALUE.item, _PARAMETER_VALUE_PLAN, repairs)
    for item in items:
        name, value, kind = "", "", scalars.STRING
        for child in item:
            tag = local_name(child.tag).lower()
            if tag == "name":
                name = scalars.name(child.text)
            elif tag == "value":
                kind = scalars.schema_type(child.get(XSI_TYPE) or _type_of(child))
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
        _note(repairs, "a parameter without a name or named twice: the last value counts")
    return tuple(found.values())


def _type_of(element: etree._Element) -> str:
    """The type attribute in whatever namespace the phone put it."""
    return next((given for key, given in element.attrib.items() if local_name(key) == "type"), "")


def _events(element: etree._Element, repairs: Repairs) -> tuple[Event, ...]:
    """The events; two codes in one EventStruct both count (quirk 68)."""
    plain: list[Event] = []
    leaves = element.iter("EventCode", "CommandKey")
    for code, key in zip(leaves, leaves, strict=False):
        if code.tag != "EventCode" or key.tag != "CommandKey" or not code.text:
            break
        plain.append(Event(events.normalise(code.text), scalars.name(key.text)))
    return tuple(plain) if len(plain) == len(element) else _odd_events(element, repairs)


def _odd_events(element: Elements, repairs: Repairs) -> tuple[Event, ...]:
    found: list[Event] = []
    for item in _items(element, EVENT.item, _EVENT_PLAN, repairs):
        codes, keys = [], []
        for child in item:
            name = local_name(child.tag).lower()
            if name == "eventcode":
                codes.append(events.normalise(child.text or ""))
            elif name == "commandkey":
                keys.append(scalars.name(child.text))
        if len(codes) > 1:
            _note(repairs, "several event codes in one EventStruct: each counts")
        if len(keys) != len(codes):
            # One key for several codes belongs to all of them: nobody can say which it was meant for.
            keys = [next(filter(None, keys), "")] * len(codes)
        found += [Event(code, key) for code, key in zip(codes, keys, strict=True) if code]
    return tuple(found)


def _operation(element: etree._Element, repairs: Repairs) -> tuple[Any, ...]:
    """One operation of ChangeDUState, by its xsi:type, else by what it holds."""
    kind = _type_of(element).rpartition(":")[2]
    if kind not in OPERATIONS:
        names = {local_name(child.tag) for child in element}
        kind = (
            "UninstallOpStruct"
            if "URL" not in names
            else "UpdateOpStruct"
            if "Version" in names
            else "InstallOpStruct"
        )
    return (build(_OPERATION_PLANS[kind], element, repairs),)


def _attribute_change(
    name: str = "",
    notification_change: bool = False,
    notification: int = 0,
    access_list_change: bool = False,
    access_list: tuple[str, ...] = (),
) -> AttributeChange:
    return AttributeChange(
        name, notification if notification_change else None, access_list if access_list_change else None
    )


def _structure(layout: Layout) -> Callable[[etree._Element, Repairs], Any]:
    plan = Plan.of(layout)
    return lambda element, repairs: build(plan, element, repairs)


def _result(layout: Layout) -> Callable[[etree._Element, Repairs], tuple[Any, ...]]:
    """Repeated structures; also where somebody wrapped them into an array after all."""
    plan = Plan.of(layout)

    def convert(element: etree._Element, repairs: Repairs) -> tuple[Any, ...]:
        if any(local_name(child.tag).lower() in plan.slots_by_lower_name for child in element):
            return (build(plan, element, repairs),)
        return tuple(build(plan, item, repairs) for item in element)

    return convert


def _single_item(layout: Layout) -> Callable[[etree._Element, Repairs], tuple[Any, ...]]:
    """A reader for one item of an array that has no array round it."""
    if layout is PARAMETER_VALUE:
        return lambda element, repairs: _odd_parameter_values([element], repairs)
    if layout is EVENT:
        return lambda element, repairs: _odd_events([element], repairs)
    plan = Plan.of(layout)
    return lambda element, repairs: (build(plan, element, repairs),)


_CONVERTERS: dict[Kind, Callable[[etree._Element, Repairs], Any]] = {
    Kind.NAME: _name,
    Kind.LABEL: _label,
    Kind.TEXT: text_of,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.NAMES: _names,
    Kind.BINARIES: _binaries,
}


def _slot(field: Field) -> Slot:
    layout = field.layout
    if layout is None:
        return Slot(field.attribute, _CONVERTERS[field.kind])
    if layout is PARAMETER_VALUE:
        return Slot(field.attribute, _parameter_values)
    if layout is EVENT:
        return Slot(field.attribute, _events)
    if field.kind is Kind.STRUCT:
        return Slot(field.attribute, _structure(layout))
    if field.kind is Kind.REPEATED:
        return Slot(field.attribute, _result(layout) if layout.fields else _operation, many=True)
    return Slot(field.attribute, _array(layout))


_PARAMETER_VALUE_PLAN = Plan.of(PARAMETER_VALUE)
_EVENT_PLAN = Plan.of(EVENT)
_OPERATION_PLANS = {name: Plan.of(layout) for name, layout in OPERATIONS.items()}
DEVICE_ID_PLAN = Plan.of(DEVICE_ID)
