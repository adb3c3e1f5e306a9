"""Building a message from its elements: each layout compiled once into a table from element name to reader.

A plan is forgiving: an element of another namespace or case is found by its local name, items of an array may
be unwrapped, wrapped twice or named unusually as long as their own children are the known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from acs.cwmp import leaves
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
from acs.cwmp.leaves import Repairs, local_name, note
from acs.cwmp.lists import (
    Elements,
    field_names,
    items_of,
    odd_events,
    odd_parameter_values,
    parameter_values,
    read_events,
    type_of,
)
from acs.cwmp.structures import AttributeChange


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
            note(repairs, f"<{name}> stands where or in a form it should not")
    return slot


def _demanded(layout: Layout) -> dict[str, Any]:
    blanks = {
        Kind.NUMBER: 0,
        Kind.FLAG: False,
        Kind.ARRAY: (),
        Kind.NAMES: (),
        Kind.BINARIES: (),
        Kind.REPEATED: (),
    }
    fields = {field.attribute: field for field in layout.fields}
    demanded: dict[str, Any] = {}
    for info in msgspec.structs.fields(layout.made) if layout.fields else ():
        if info.default is msgspec.NODEFAULT and info.default_factory is msgspec.NODEFAULT:
            field = fields[info.name]
            made = field.layout.made if field.kind is Kind.STRUCT and field.layout is not None else None
            demanded[info.name] = made() if made else blanks.get(field.kind, "")
    return demanded


def _array(layout: Layout) -> Callable[[Elements, Repairs], tuple[Any, ...]]:
    plan, fields = Plan.of(layout), field_names(layout)

    def convert(element: Elements, repairs: Repairs) -> tuple[Any, ...]:
        return tuple([build(plan, item, repairs) for item in items_of(element, layout.item, fields, repairs)])

    return convert


def _operation(element: etree._Element, repairs: Repairs) -> tuple[Any, ...]:
    """One operation of ChangeDUState, by its xsi:type, else by what it holds."""
    kind = type_of(element).rpartition(":")[2]
    if kind not in OPERATIONS:
        names = {local_name(child.tag) for child in element}
        if "URL" not in names:
            kind = "UninstallOpStruct"
        else:
            kind = "UpdateOpStruct" if "Version" in names else "InstallOpStruct"
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
        return lambda element, repairs: odd_parameter_values([element], repairs)
    if layout is EVENT:
        return lambda element, repairs: odd_events([element], repairs)
    plan = Plan.of(layout)
    return lambda element, repairs: (build(plan, element, repairs),)


_CONVERTERS: dict[Kind, Callable[[etree._Element, Repairs], Any]] = {
    Kind.NAME: leaves.name_of,
    Kind.LABEL: leaves.label_of,
    Kind.TEXT: leaves.text_of,
    Kind.NUMBER: leaves.number_of,
    Kind.FLAG: leaves.flag_of,
    Kind.NAMES: leaves.names_of,
    Kind.BINARIES: leaves.binaries_of,
}


def _slot(field: Field) -> Slot:
    layout = field.layout
    if layout is None:
        return Slot(field.attribute, _CONVERTERS[field.kind])
    if layout is PARAMETER_VALUE:
        return Slot(field.attribute, parameter_values)
    if layout is EVENT:
        return Slot(field.attribute, read_events)
    if field.kind is Kind.STRUCT:
        return Slot(field.attribute, _structure(layout))
    if field.kind is Kind.REPEATED:
        return Slot(field.attribute, _result(layout) if layout.fields else _operation, many=True)
    return Slot(field.attribute, _array(layout))


_OPERATION_PLANS = {name: Plan.of(layout) for name, layout in OPERATIONS.items()}
DEVICE_ID_PLAN = Plan.of(DEVICE_ID)
