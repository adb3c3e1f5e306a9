"""What of a query the index of phones answers: a selector that means all phones which the query may mean.

The selector may mean more, as its fields do not mind upper and lower case; the query itself then decides.
Where both mean the same phones, nothing of a single phone has to be looked up to count them.
"""

from __future__ import annotations

from msgspec import Struct

from acs.fleet.selector.expressions import And, Everything, Expression, Not, OneOf, Or, Subject
from acs.northbound.nbi import names, query
from acs.northbound.nbi.query import Condition, Every, Field, Pattern, Some

#: By the path of a field, the selector's.
_FIELDS = {
    "_id": "id",
    "_tags": "tag",
    "_deviceId._ProductClass": "model",
    "Device.DeviceInfo.SoftwareVersion._value": "firmware",
    "InternetGatewayDevice.DeviceInfo.SoftwareVersion._value": "firmware",
}


class Narrowed(Struct, frozen=True):
    """`exact`: it means the phones of the query and no others."""

    expression: Expression
    exact: bool


def narrowed(condition: Condition) -> Narrowed:
    """For a query that no index helps, everybody."""
    return _narrowed(condition) or Narrowed(Everything(), False)


def _narrowed(condition: Condition) -> Narrowed | None:
    match condition:
        case Every(parts=()):
            return Narrowed(Everything(), True)
        case Every(parts=parts):
            found = [one for part in parts if (one := _narrowed(part))]
            exact = len(found) == len(parts) and all(one.exact for one in found)
            return Narrowed(And(tuple(one.expression for one in found)), exact) if found else None
        case Some(parts=parts):
            each = [_narrowed(part) for part in parts]
            known = [one for one in each if one]
            if len(known) < len(each):
                return None
            return Narrowed(Or(tuple(one.expression for one in known)), all(one.exact for one in known))
        case query.Not(part=part):
            inner = _narrowed(part)
            return Narrowed(Not(inner.expression), True) if inner and inner.exact else None
        case Field():
            return _of_field(condition)


def _of_field(field: Field) -> Narrowed | None:
    name = _FIELDS.get(field.path)
    if name is None or field.operator not in ("$eq", "$in"):
        return None
    if any(one is None or isinstance(one, Pattern) for one in field.readings):
        return None
    texts = tuple(dict.fromkeys(one for one in field.readings if isinstance(one, str)))
    if not texts:
        return None
    if name == "id":
        texts = tuple(map(names.ours, texts))
    return Narrowed(OneOf(Subject(name), texts), name == "tag")
