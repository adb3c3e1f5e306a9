"""Types of the WSDL, made from the records that operations take and give, and values of both kinds.

A record becomes a complex type of the same fields. What XML has no word for becomes:

* a list: the element repeated;
* a mapping: an element repeated, with `key` and `value`, or `key` beside the fields of a record;
* null, and what is left out: no element;
* a value of several types (a configuration value): text;
* data of any form (the evidence of a task): facts, each with a name and a value, or facts of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, inspect

from acs.northbound.soap.spyne_bridge import (
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Double,
    Integer32,
    Long,
    SelfReference,
    Unicode,
)
from acs.operations.errors import FieldError, Invalid

NAMESPACE = "urn:acs:northbound:1"

_INT32 = 2**31

#: Characters outside the range `Char` of XML 1.0.
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")

#: Names that say too little outside their module.
_NAMES = {
    "timeline.EntryView": "TimelineEntry",
    "rollouts.MemberView": "RolloutMember",
    "rollouts.MemberList": "RolloutMembers",
    "rollouts.WaveView": "RolloutWave",
    "rollout_plans.SomeView": "SomePhones",
    "rollout_plans.RefusedView": "RefusedPhones",
    "rollout_plans.SiteView": "RolloutSite",
}


class Shape(Struct, frozen=True):
    """`out` makes the model's value from ours; `into` makes plain data from the model's value."""

    model: Any
    out: Callable[[Any], Any]
    into: Callable[[Any], Any]
    many: bool = False
    #: for a record: the shape of each field
    fields: Mapping[str, Shape] = {}


def _same(value: Any) -> Any:
    return value


def record(kind: type[Struct]) -> Shape:
    """The shape of a record."""
    return _struct(kind, type_name(kind))


def type_name(kind: type[Struct]) -> str:
    room = kind.__module__.rpartition(".")[2]
    return _NAMES.get(f"{room}.{kind.__name__}") or kind.__name__.removesuffix("View")


def text(value: Any) -> str:
    """A value of whatever type as XML Schema writes it; what no XML can hold becomes a question mark."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, datetime) else _NOT_XML.sub("\ufffd", str(value))


@cache
def _struct(kind: type[Struct], name: str, *, keyed: bool = False) -> Shape:
    fields: dict[str, Shape] = {}
    names: dict[str, str] = {}
    members: list[tuple[str, Any]] = (
        [("key", Unicode.customize(min_occurs=1, nillable=False))] if keyed else []
    )
    for field in msgspec.structs.fields(kind):
        assert not (keyed and field.name == "key"), kind
        shape = fields[field.encode_name] = shape_of(field.type)
        names[field.encode_name] = field.name
        required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        members.append((field.encode_name, _element(shape, field.type, required=required)))
    model = _complex(name, members)

    def out(value: Any) -> Any:
        given = ((field, getattr(value, names[field])) for field in fields)
        return model(
            **{field: fields[field].out(one) for field, one in given if one is not None and one is not UNSET}
        )

    def into(value: Any) -> dict[str, Any]:
        given = ((field, getattr(value, field)) for field in fields)
        return {field: fields[field].into(one) for field, one in given if one is not None}

    return Shape(model, out, into, fields=fields)


#: Every complex type that there is, so that no two have one name.
_TAKEN: set[str] = set()


def _complex(name: str, members: list[tuple[str, Any]]) -> Any:
    assert name not in _TAKEN, f"two types of the WSDL would be called {name}; name one in _NAMES"
    _TAKEN.add(name)
    body = {"__namespace__": NAMESPACE, "__type_name__": name, "_type_info": members}
    return type(ComplexModel)(name, (ComplexModel,), body)


def _element(shape: Shape, kind: Any, *, required: bool) -> Any:
    described = inspect.type_info(kind)
    extra = described.extra_json_schema if isinstance(described, inspect.Metadata) else None
    said = {"doc": extra["description"]} if extra and "description" in extra else {}
    may_be_absent = not required or _has_none(described)
    if shape.many:
        return shape.model.customize(min_occurs=0, max_occurs="unbounded", nillable=False, **said)
    return shape.model.customize(min_occurs=0 if may_be_absent else 1, nillable=False, **said)


def _has_none(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _has_none(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(isinstance(one, inspect.NoneType) for one in kind.types)
    return isinstance(kind, inspect.AnyType)


def shape_of(kind: Any) -> Shape:
    """The shape of a field's type."""
    return _shape(inspect.type_info(kind))


def _shape(kind: inspect.Type) -> Shape:
    match kind:
        case inspect.Metadata(type=inner):
            return _shape(inner)
        case inspect.StructType(cls=cls):
            return record(cls)
        case inspect.UnionType(types=types):
            return _union([one for one in types if not isinstance(one, inspect.NoneType)])
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return _many(_shape(item))
        case inspect.DictType(value_type=value):
            return _FACTS if isinstance(value, inspect.AnyType) else _mapping(value)
        case inspect.AnyType():
            return _FACTS
        case _:
            return _scalar(kind)


def _scalar(kind: inspect.Type) -> Shape:
    match kind:
        case inspect.BoolType():
            return Shape(Boolean, _same, _same)
        case inspect.IntType(ge=least, le=most):
            small = least is not None and most is not None and least >= -_INT32 and most < _INT32
            return Shape((Integer32 if small else Long)(**_given(ge=least, le=most)), _same, _same)
        case inspect.FloatType(gt=above, ge=least, le=most):
            return Shape(Double(**_given(gt=above, ge=least, le=most)), float, _same)
        case inspect.DateTimeType():
            return Shape(DateTime, _same, _zoned)
        case inspect.BytesType():
            return Shape(ByteArray, lambda content: [content], b"".join)
        case inspect.EnumType(cls=cls):
            return Shape(Unicode(values=[one.value for one in cls]), text, _same)
        case inspect.LiteralType(values=values):
            return Shape(Unicode(values=list(values)), text, _same)
        case inspect.StrType(min_length=least, max_length=most, pattern=pattern):
            return Shape(Unicode(**_given(min_len=least, max_len=most, pattern=pattern)), text, _same)
    raise TypeError(f"no type of the WSDL for {kind}")


def _zoned(moment: datetime) -> datetime:
    """A time without a zone is one of UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _given(**facets: Any) -> dict[str, Any]:
    return {name: value for name, value in facets.items() if value is not None}


def _union(kinds: list[inspect.Type]) -> Shape:
    if len(kinds) == 1:
        return _shape(kinds[0])
    for kind in kinds:
        bare = kind.type if isinstance(kind, inspect.Metadata) else kind
        if isinstance(bare, inspect.StructType):
            return _shape(bare)  # beside scalars that are short for it
        if isinstance(bare, inspect.DateTimeType):
            return _shape(bare)  # beside seconds since the epoch
        if isinstance(bare, inspect.ListType):
            return _one_or_many(_shape(bare))  # beside a text that stands for itself
    return Shape(Unicode, text, _same)


def _one_or_many(inner: Shape) -> Shape:
    def out(value: Any) -> Any:
        return inner.out([value] if isinstance(value, str) else value)

    return Shape(inner.model, out, inner.into, many=True)


def _many(item: Shape) -> Shape:
    assert not item.many, "a list of lists"
    return Shape(
        item.model,
        lambda values: [item.out(value) for value in values],
        lambda values: [item.into(value) for value in values],
        many=True,
        fields=item.fields,
    )


# --- mappings -------------------------------------------------------------------------------------------


def _mapping(value: inspect.Type) -> Shape:
    kinds = value.types if isinstance(value, inspect.UnionType) else (value,)
    for kind in kinds:
        if isinstance(kind, inspect.StructType):
            return _keyed(kind.cls)
    if isinstance(value, inspect.IntType):
        return _entries(_count(), lambda one: {"value": one}, lambda one: one.value)
    entry = _key_value(_has_none(value))
    return _entries(entry, lambda one: {"value": text(one)} if one is not None else {}, lambda one: one.value)


@cache
def _count() -> Any:
    key, value = (one.customize(min_occurs=1, nillable=False) for one in (Unicode, Long))
    return _complex("Count", [("key", key), ("value", value)])


@cache
def _key_value(optional: bool) -> Any:
    key = Unicode.customize(min_occurs=1, nillable=False)
    value = Unicode.customize(min_occurs=0 if optional else 1, nillable=False)
    return _complex("Setting" if optional else "KeyValue", [("key", key), ("value", value)])


@cache
def _keyed(kind: type[Struct]) -> Shape:
    shape = _struct(kind, f"{type_name(kind)}Entry", keyed=True)

    def fields(value: Any) -> dict[str, Any]:
        made = shape.out(value)
        return {name: getattr(made, name) for name in shape.fields}

    return _entries(shape.model, fields, shape.into, shape.fields)


def _entries(
    model: Any,
    out: Callable[[Any], dict[str, Any]],
    into: Callable[[Any], Any],
    fields: Mapping[str, Shape] | None = None,
) -> Shape:
    def read(entries: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for entry in entries:
            if entry.key in found:
                raise Invalid([FieldError("key", "is given more than once", entry.key, "each key once")])
            found[entry.key] = into(entry)
        return found

    def write(values: Mapping[str, Any]) -> list[Any]:
        return [model(key=key, **out(value)) for key, value in values.items()]

    return Shape(model, write, read, many=True, fields=fields or {})


# --- data of any form -----------------------------------------------------------------------------------

_Fact = _complex(
    "Fact",
    [
        ("name", Unicode.customize(min_occurs=1, nillable=False)),
        ("value", Unicode.customize(min_occurs=0, nillable=False)),
        ("facts", SelfReference.customize(min_occurs=0, max_occurs="unbounded", nillable=False)),
    ],
)


def _facts(data: Any) -> list[Any]:
    """The members of a mapping; a list's under the name `item`."""
    pairs = data.items() if isinstance(data, Mapping) else [("item", data)]
    return [fact for name, value in pairs for fact in _named(str(name), value)]


def _named(name: str, value: Any) -> list[Any]:
    """A list becomes its members under the same name."""
    if isinstance(value, list | tuple):
        return [fact for member in value for fact in _named(name, member)]
    if isinstance(value, Mapping):
        return [_Fact(name=name, facts=_facts(value))]
    return [_Fact(name=name) if value is None else _Fact(name=name, value=text(value))]


def _no_facts(_: Any) -> Any:
    raise TypeError("facts are told, never asked for")


_FACTS = Shape(_Fact, lambda data: _facts(msgspec.to_builtins(data)), _no_facts, many=True)
