"""From what an operator wrote to what the phone gets: the type and form of each value, and what is known
after.

The type is the one the operator named, else the one the phone itself uses, else the one of the JSON value.
Booleans are written the way the phone writes them (quirk 57).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acs.cwmp.structures import ParameterInfo, ParameterValue
from acs.datamodel import types
from acs.datamodel.paths import is_secret
from acs.datamodel.tree import ParameterTree
from acs.fleet.changes import ParameterChanges
from acs.fleet.task import TypedValue

Wish = str | int | float | bool | TypedValue


def plain(wish: Wish) -> str | int | float | bool:
    return wish.value if isinstance(wish, TypedValue) else wish


def parameter(name: str, wish: Wish, tree: ParameterTree | None) -> ParameterValue:
    """The ParameterValueStruct for this wish. An invented type of the phone's counts as a string (quirk 41);
    so does one in which the value cannot be written: the phone may tell a wrong one, and will say itself what
    it does not take.
    """
    known = tree.get(name) if tree is not None else None
    named = types.known_type(wish.type) if isinstance(wish, TypedValue) and wish.type else ""
    value = plain(wish)
    theirs = known.type if known is not None else ""
    type_name = named or (types.known_type(theirs) or types.STRING if theirs else types.type_of(value))
    habit = known.value if known is not None and known.value else ""
    written = types.write(value, type_name, habit)
    if not named and types.problem(written, type_name):
        type_name, written = types.STRING, types.write(value, types.STRING, habit)
    return ParameterValue(name, written, type_name)


def parameters(wishes: Mapping[str, Wish], tree: ParameterTree | None) -> tuple[ParameterValue, ...]:
    return tuple(parameter(name, wish, tree) for name, wish in wishes.items())


def set_values(values: Iterable[ParameterValue], tree: ParameterTree | None) -> ParameterChanges:
    """What is known after the phone took these values. A secret is kept nowhere: it counts as empty, which is
    what the phone reads back (quirk 59)."""
    forget: list[str] = []
    names: list[ParameterInfo] = []
    told: list[ParameterValue] = []
    for value in values:
        if not is_secret(value.name):
            told.append(value)
            continue
        known = tree.get(value.name) if tree is not None else None
        forget.append(value.name)
        if known is not None and known.writable is not None:
            names.append(ParameterInfo(value.name, known.writable))
        told.append(ParameterValue(value.name, "", value.type))
    return ParameterChanges(forget=tuple(forget), names=tuple(names), values=tuple(told))
